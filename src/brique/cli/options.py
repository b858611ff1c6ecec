"""What the command line says of data beside their name, for `brique.data.open`."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Annotated, Any

from cyclopts import Parameter

from brique.cli.parse import Switch, Whole
from brique.errors import UsageError

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
    lower: Annotated[Switch, Parameter(help="Make the letters of texts small.")] = False

    def given(self) -> dict[str, Any]:
        """Return the options that were said, as `brique.data.open` takes them."""
        pairs = ((each.name, getattr(self, each.name)) for each in fields(self))
        said = {name: value for name, value in pairs if value not in (None, False)}
        if self.header is not None:
            said["header"] = _has_header(self.header)
        if self.size is not None:
            said["size"] = _size_of(self.size)
        for name, listed in (("types", self.types), ("rename", self.rename)):
            if listed:
                said[name] = dict(_halves(f"--{name}", pair) for pair in listed)
        return said


def _size_of(text: str) -> int | tuple[int, int]:
    """Return a size in pixels: one number, or (height, width) from "WIDTHxHEIGHT".

    Raises UsageError on anything else.
    """
    sides = text.casefold().split("x")
    if not 1 <= len(sides) <= 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise UsageError(
            "--size: expected pixels such as 64, or width and height such as 240x180, got"
            f" '{text}'; write it so."
        )
    return int(sides[0]) if len(sides) == 1 else (int(sides[1]), int(sides[0]))


def _has_header(word: str) -> bool:
    if word not in ("yes", "none", "no"):
        raise UsageError(f"--header: expected yes or none, got '{word}'; write one of them.")
    return word == "yes"


def _halves(flag: str, pair: str) -> tuple[str, str]:
    """Return the two sides of "A=B"; of several "=" the one whose sides are most alike."""
    places = [place for place, letter in enumerate(pair) if letter == "="]
    halves: Sequence[tuple[str, str]] = [(pair[:at], pair[at + 1 :]) for at in places]
    halves = [half for half in halves if all(half)]
    if not halves:
        raise UsageError(f"{flag}: expected two sides, such as OLD=NEW, got '{pair}'; write it so.")
    return max(halves, key=lambda half: SequenceMatcher(None, *half).ratio())
