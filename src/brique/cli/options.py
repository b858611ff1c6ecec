"""What the command line says of data beside their name, for `brique.data.open`."""

from dataclasses import dataclass, fields
from typing import Annotated, Any

from cyclopts import Parameter

from brique.cli.parse import Switch, Whole

Pairs = Annotated[list[str] | None, Parameter(negative=(), consume_multiple=False)]


@dataclass(kw_only=True)
class DataOptions:
    """What the layout of the data does not say."""

    target: Annotated[
        str | None, Parameter(help="What to predict: a column, by name or number.")
    ] = None
    kind: Annotated[str | None, Parameter(help="What the data are, where it is not clear.")] = None
    header: Annotated[
        str | None, Parameter(help="Whether a table's first line names its columns: yes or none.")
    ] = None
    sheet: Annotated[str | None, Parameter(help="Sheet of a spreadsheet, by name or number.")] = (
        None
    )
    test: Annotated[
        str | None, Parameter(help="The test part: a file or folder, or COLUMN=VALUE,VALUE.")
    ] = None
    size: Annotated[
        str | None, Parameter(help="Pixels that pictures are brought to: 64, or 240x180.")
    ] = None
    channels: Annotated[Whole | None, Parameter(help="1 (grey) or 3 (color).")] = None
    types: Annotated[Pairs, Parameter(help="COLUMN=KIND: what a column is. May be repeated.")] = (
        None
    )
    rename: Annotated[Pairs, Parameter(help="OLD=NEW: a class's other name. May be repeated.")] = (
        None
    )
    group: Annotated[str | None, Parameter(help="Column whose equal values stay in one part.")] = (
        None
    )
    time: Annotated[
        str | None, Parameter(help="Column by which the last examples become test.")
    ] = None
    names: Annotated[
        str | None, Parameter(help="How files are named, such as '{label}_{speaker}_{take}'.")
    ] = None
    length: Annotated[
        Whole | None, Parameter(help="Of pieces of a long text, or of a series' past.")
    ] = None
    ahead: Annotated[Whole | None, Parameter(help="Moments of a series to foretell.")] = None
    unit: Annotated[
        str | None, Parameter(help="What texts are cut into: words, characters, subwords.")
    ] = None
    decimal: Annotated[
        str | None, Parameter(help="Sign before the decimals of a table: point or comma.")
    ] = None
    lower: Annotated[Switch, Parameter(help="Make the letters of texts small.")] = False

    def given(self) -> dict[str, Any]:
        """Return the options that were said, as `brique.data.open` takes them."""
        from brique.data import options  # torch takes a second

        said: list[str] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and value is not False:  # 0 is said, and refused
                listed = value if isinstance(value, list) else ["yes" if value is True else value]
                said += [f"{each.name}={one}" for one in listed]
        return options(said)
