"""Other data than those of a run, opened as the fields that its model knows, to be judged."""

from pathlib import Path

from brique import data
from brique.data import Data
from brique.data.parts import judged
from brique.data.source import PARTS
from brique.errors import DataError, UsageError, nearest
from brique.options import Options
from brique.schema import Category, Field, Moment, Number, Picture, Schema, Text
from brique.workbench.opened import as_taken

_KEPT = ("kind", "header", "names", "length", "horizon")  # of the run's options, where unsaid
_SERIES = ("target", "time", "group", "types")  # and these, of a series
_CUT = ("test", "time", "fold")  # options that say which part is for test
_KINDS: dict[type, str] = {
    Category: "category", Number: "number", Moment: "moment", Text: "text", Picture: "picture",
}  # fmt: skip
_ANY = ("all", *PARTS)


def other(
    source: str | Path, options: Options, own: Options, schema: Schema, *, free: bool
) -> Data:
    """Return all examples of a source as a model's schema has them; notes say what was changed.

    options: that a person gave. own: of the run. free: whether the task needs no target.
    Raises DataError where they cannot be read as such.
    """
    found, options = _first(source, options.replace(fold=None, selection=None), own, schema)
    if not free and options.target is None:
        found, options = _asked(found, source, options, own, schema)
    if types := _types(found, options, schema, free=free):
        options = options.replace(types=types | dict(options.types or {}))
        found = _open(source, options, schema)
    told = data.retold(found, schema, own.rename, free=free)
    return told if not (note := _scaled(found, schema)) else _noted(told, note)


def part_of(part: str | None, options: Options) -> str:
    """Return which part is judged: all, if nothing was said of parts. Raises UsageError."""
    if part is not None and part not in _ANY:
        hint = nearest(part, _ANY) or "; choose one"
        raise UsageError(f"evaluate: --part must be one of {', '.join(_ANY)}, not '{part}'{hint}")
    return part or ("test" if any(name in options.given() for name in _CUT) else "all")


def chosen(found: Data, part: str, fold: tuple[int, int] | None, learned: Data | None) -> Data:
    """Return the data with what is judged as test. Raises DataError where that is empty."""
    made = judged(found, part, fold, learned)
    if not len(made.test):
        assert found.source is not None
        counts = parts_of(found)
        raise DataError(
            f"{found.name}: its part '{part}' is empty ({counts}); leave --part out to judge all"
        )
    return made


def parts_of(found: Data) -> str:
    """Return how many examples the parts have that a source says, in words; "" if it says none."""
    assert found.source is not None
    part = found.source.part
    if part is None:
        return ""
    counts = [(name, int((part == place).sum())) for place, name in enumerate(PARTS)]
    return ", ".join(f"{name} {count:,}" for name, count in counts if count)


def _first(
    source: str | Path, given: Options, own: Options, schema: Schema
) -> tuple[Data, Options]:
    """Open with the run's options that are not of its files alone; without them where that fails.

    Returns the data and the options that opened them.
    """
    kept = _KEPT + (_SERIES if own.kind == "series" else ())
    taken = {name: value for name, value in own.given().items() if name in kept}
    more = given.replace(**(taken | given.given()))
    try:
        return _open(source, more, schema), more
    except DataError:
        if more == given:
            raise
    return _open(source, given, schema), given


def _open(source: str | Path, options: Options, schema: Schema) -> Data:
    """Open all of a source, pictures as a model takes them, unless it has none."""
    taken = as_taken(options, schema, exact=True)
    if taken == options or str(source).startswith("world:"):
        return data.open(source, options, whole=True)
    try:
        return data.open(source, taken, whole=True)
    except DataError as error:
        try:
            found = data.open(source, options, whole=True)
        except DataError:
            raise error from None
    if any(isinstance(found.schema[name], Picture) for name in found.schema.inputs):
        data.open(source, taken, whole=True)  # raises
    return found


def _asked(
    found: Data, source: str | Path, given: Options, own: Options, schema: Schema
) -> tuple[Data, Options]:
    """Open data again with the targets that the model answers, where they ask for others."""
    if found.schema.targets == schema.targets:
        return found, given
    options = given
    if all(name in found.schema for name in schema.targets):
        options = given.replace(target=",".join(schema.targets))
    elif own.target is not None:
        types = {name: kind for name, kind in (own.types or {}).items() if kind == "labels"}
        types |= given.types or {}
        options = given.replace(target=own.target, types=types or None)
    else:
        return found, given
    try:
        return _open(source, options, schema), options
    except DataError:
        return found, given  # whose targets are then compared


def _types(found: Data, options: Options, schema: Schema, *, free: bool) -> dict[str, str]:
    """Return the kinds of columns that are guessed otherwise than the model has them."""
    known = options.types or {}
    names = schema.inputs if free else schema.fields
    return {
        name: _KINDS[type(schema[name])]
        for name in names
        if name in found.schema
        and name not in known
        and _is_cell(schema[name])
        and _is_cell(found.schema[name])
        and type(found.schema[name]) is not type(schema[name])
    }


def _is_cell(kind: Field) -> bool:
    """Tell whether a kind is what a column of a table may hold."""
    return type(kind) in _KINDS and (not isinstance(kind, Number) or kind.shape == ())


def _scaled(found: Data, schema: Schema) -> str:
    """Say of pictures that they are brought to another size."""
    fields = [schema[name] for name in schema.inputs if isinstance(schema[name], Picture)]
    assert found.source is not None
    looks = found.source.originals.looks if found.source.originals else []
    sizes = {(look.width, look.height) for look in looks}
    if not fields or not sizes or sizes == {fields[0].shape[:0:-1]}:
        return ""
    (width, height), (wide, high) = next(iter(sizes)), fields[0].shape[:0:-1]
    what = f"of {width} x {height} pixels" if len(sizes) == 1 else f"of {len(sizes):,} sizes"
    return f"{found.name}: pictures {what} are brought to the {wide} x {high} that the model takes."


def _noted(told: Data, note: str) -> Data:
    from dataclasses import replace

    return replace(told, notes=(*told.notes, note))
