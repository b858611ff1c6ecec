"""A schema from the JSON of a file, which is believed nothing."""

from collections.abc import Callable
from typing import Any, cast

from brique.schema.clock import Clock
from brique.schema.kinds import Category, Number, Picture
from brique.schema.moments import Moment
from brique.schema.regions import Boxes, Mask
from brique.schema.signals import Signal
from brique.schema.texts import Tags, Text
from brique.schema.trees import Tree
from brique.schema.words import damaged

Field = Picture | Category | Number | Moment | Text | Tags | Tree | Signal | Mask | Boxes


def field_of(name: str, value: object) -> Field:
    """Rebuild one field from JSON values; nothing but the known kinds comes of it."""
    where = f"schema: field '{name}'"
    entry = object_of(value, where, None)
    kind = entry.pop("kind", None)
    if type(kind) is not str or kind not in _KINDS:
        raise damaged(where, f"a kind among {', '.join(_KINDS)}", kind)
    made, values = _KINDS[kind]
    if kind == "number" and entry.pop("comma", False) is True:  # of runs before "decimal" was there
        entry["decimal"] = "comma"
    object_of(entry, where, set(values))
    for key in sorted(_NEEDED & values.keys() - entry.keys()):
        if (kind, key) not in (("number", "shape"), ("number", "names"), ("signal", "names")):
            raise damaged(f"{where}: {key}", "a value", None)
    return made(**{key: values[key](item, f"{where}: {key}") for key, item in entry.items()})


def object_of(value: object, where: str, known: set[str] | None) -> dict[str, Any]:
    """Return a JSON object with none but the known keys. Raises DataError."""
    if not isinstance(value, dict):
        raise damaged(where, "an object", value)
    entry = cast("dict[str, Any]", dict(cast("Any", value)))
    if known is not None and not entry.keys() <= known:
        raise damaged(where, f"only {', '.join(sorted(known))}", sorted(entry.keys() - known))
    return entry


def texts_of(value: object, where: str) -> tuple[str, ...]:
    """Return a JSON list of texts. Raises DataError."""
    items = cast("list[str]", value)
    if type(value) is not list or any(type(item) is not str for item in items):
        raise damaged(where, "a list of texts", items)
    return tuple(items)


def _whole(value: object, where: str) -> tuple[int, ...]:
    items = cast("list[int]", value)
    if type(value) is not list or any(type(item) is not int for item in items):
        raise damaged(where, "a list of numbers", items)
    return tuple(items)


def _pairs(value: object, where: str) -> tuple[tuple[int, int], ...]:
    items = cast("list[object]", value)
    pairs = [_whole(item, where) for item in items] if type(value) is list else []
    if type(value) is not list or any(len(pair) != 2 for pair in pairs):
        raise damaged(where, "a list of pairs of numbers", items)
    return tuple((pair[0], pair[1]) for pair in pairs)


def _fitted(value: object, where: str) -> float | tuple[float, ...] | None:
    if value is None or type(value) in (int, float):
        return cast("float | None", value)
    items = cast("list[float]", value)
    if type(value) is not list or any(type(item) not in (int, float) for item in items):
        raise damaged(where, "a list of numbers", items)
    return tuple(items)


def _number(value: object, where: str) -> float:
    if type(value) not in (int, float):
        raise damaged(where, "a number", value)
    return cast("float", value)


def _count(value: object, where: str) -> int:
    if type(value) is not int:
        raise damaged(where, "a whole number", value)
    return value


def _text(value: object, where: str) -> str:
    if type(value) is not str:
        raise damaged(where, "a text", value)
    return value


def _truth(value: object, where: str) -> bool:
    if type(value) is not bool:
        raise damaged(where, "true or false", value)
    return value


def _clock(value: object, where: str) -> Clock:
    known: dict[str, Callable[[object, str], Any]] = {
        "columns": texts_of, "ways": texts_of, "step": _number, "is_monthly": _truth,
        "offset": _truth, "key": _text, "units": texts_of,
    }  # fmt: skip
    entry = object_of(value, where, set(known))
    return Clock(**{key: known[key](item, f"{where}: {key}") for key, item in entry.items()})


_NEEDED = {"shape", "names", "vocabulary", "channels"}  # without a default, where a kind has them
_KINDS: dict[str, tuple[Callable[..., Field], dict[str, Callable[[object, str], Any]]]] = {
    "picture": (
        Picture,
        {"shape": _whole, "mean": _fitted, "spread": _fitted, "inside": _truth}
        | {"range": _fitted},
    ),
    "category": (Category, {"names": texts_of, "others": _truth}),
    "number": (
        Number,
        {"mean": _fitted, "spread": _fitted, "unit": _text, "shape": _whole, "varies": _truth}
        | {
            "whole": _truth,
            "fill": _number,
            "optional": _truth,
            "decimal": _text,
            "absent": texts_of,
        }
        | {"names": texts_of, "clock": _clock},
    ),
    "moment": (
        Moment,
        {"mean": _number, "spread": _number, "pattern": _text}
        | {"fill": _number, "optional": _truth, "offset": _truth},
    ),
    "text": (
        Text,
        {"vocabulary": texts_of, "unit": _text, "lower": _truth, "merges": texts_of}
        | {"endings": texts_of},
    ),
    "tags": (Tags, {"names": texts_of}),
    "tree": (Tree, {"vocabulary": texts_of, "lower": _truth}),
    "signal": (
        Signal,
        {"channels": _count, "rate": _number, "names": texts_of}
        | {"mean": _fitted, "spread": _fitted},
    ),
    "mask": (
        Mask,
        {"names": texts_of, "shape": _whole, "codes": _pairs, "colored": _truth},
    ),
    "boxes": (Boxes, {"shape": _whole}),
}
