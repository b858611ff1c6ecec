"""The data that a verb asks for, and those of a run, opened as the run had them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from brique import data
from brique.data import Data
from brique.data.said import spelled
from brique.errors import DataError
from brique.schema import Category, Picture, Schema


def pictures(source: str | Path, said: tuple[str, ...], verb: str) -> tuple[Data, tuple[str, ...]]:
    """Open pictures with a class each, and return them with what must be said to open them so.

    said: options of `brique.data.open` as texts. verb: that asks for them, for sentences.
    Columns that a table has beside its pictures are left out: what is returned says it of each.
    Raises DataError for data of other kinds.
    """
    opened = data.open(source, **data.options(said))
    schema = opened.schema
    rest = [name for name in schema.inputs if not isinstance(schema[name], Picture)]
    targets = [type(schema[name]) for name in schema.targets]
    if len(schema.inputs) - len(rest) != 1 or targets != [Category]:
        held = ", ".join(
            f"{name} ({field.kind})" for name, field in list(schema.fields.items())[:6]
        )
        more = ", ..." if len(schema.fields) > 6 else ""
        raise DataError(
            f"{opened.name}: {verb} takes pictures with a class each so far, and these hold {held}"
            f"{more}; 'brique check' shows them, and a recipe of your own trains on them"
        )
    if not rest:
        return opened, said
    said = (*said, *spelled({"types": dict.fromkeys(rest, "leave")}))
    return data.open(source, **data.options(said)), said


def of_run(source: str, settings: Mapping[str, Any], schema: Schema | None) -> Data:
    """Return the data of a run as the run had them.

    source, settings: from its record. schema: of its model, if there is one.
    Raises DataError where the data cannot be opened or cut so any more.
    """
    listed = settings.get("options")
    said = tuple(map(str, cast("list[object]", listed))) if isinstance(listed, list) else ()
    return data.open(source, **data.options(as_taken(said, schema)))


def as_taken(said: tuple[str, ...], schema: Schema | None) -> tuple[str, ...]:
    """Return options with the size and channels of pictures that a model takes, unless said."""
    field = None if schema is None else schema[schema.inputs[0]]
    if not isinstance(field, Picture):
        return said
    channels, height, width = field.shape
    return with_shape(said, height if height == width else None, channels)


def with_shape(said: tuple[str, ...], size: int | None, channels: int) -> tuple[str, ...]:
    """Return options with the size and channels of pictures, where these are not said."""
    shape = {"size": size, "channels": channels if channels in (1, 3) else None}
    return spelled(shape | data.options(said))
