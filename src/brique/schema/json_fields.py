"""Fields from the JSON of a file, fully checked."""

from collections.abc import Callable
from typing import Any, cast

from brique.schema.kinds import Category, Number, Picture
from brique.schema.messages import damaged_error
from brique.schema.regions import Boxes, Mask
from brique.schema.signals import Signal
from brique.schema.texts import Tags, Text
from brique.schema.time_index import TimeIndex
from brique.schema.timestamps import Timestamp
from brique.schema.trees import Tree

Field = Picture | Category | Number | Timestamp | Text | Tags | Tree | Signal | Mask | Boxes


def field_from_json(name: str, value: object) -> Field:
    """Return a field of one of the known kinds from JSON values. Raises DataError."""
    where = f"schema: field '{name}'"
    entry = json_object(value, where, None)
    kind = entry.pop("kind", None)
    if type(kind) is not str or kind not in _KINDS:
        raise damaged_error(where, f"a kind among {', '.join(_KINDS)}", kind)
    field_class, parsers = _KINDS[kind]
    json_object(entry, where, set(parsers))
    for key in sorted(_REQUIRED & parsers.keys() - entry.keys()):
        if (kind, key) not in (("number", "shape"), ("number", "names"), ("signal", "names")):
            raise damaged_error(f"{where}: {key}", "a value", None)
    return field_class(
        **{key: parsers[key](item, f"{where}: {key}") for key, item in entry.items()}
    )


def json_object(value: object, where: str, allowed: set[str] | None) -> dict[str, Any]:
    """Return a JSON object of known keys only. Raises DataError."""
    if not isinstance(value, dict):
        raise damaged_error(where, "an object", value)
    entry = cast("dict[str, Any]", dict(cast("Any", value)))
    if allowed is not None and not entry.keys() <= allowed:
        raise damaged_error(
            where, f"only {', '.join(sorted(allowed))}", sorted(entry.keys() - allowed)
        )
    return entry


def json_strings(value: object, where: str) -> tuple[str, ...]:
    """Return a JSON list of texts. Raises DataError."""
    items = cast("list[str]", value)
    if type(value) is not list or any(type(item) is not str for item in items):
        raise damaged_error(where, "a list of texts", items)
    return tuple(items)


def _integers(value: object, where: str) -> tuple[int, ...]:
    items = cast("list[int]", value)
    if type(value) is not list or any(type(item) is not int for item in items):
        raise damaged_error(where, "a list of numbers", items)
    return tuple(items)


def _integer_pairs(value: object, where: str) -> tuple[tuple[int, int], ...]:
    items = cast("list[object]", value)
    pairs = [_integers(item, where) for item in items] if type(value) is list else []
    if type(value) is not list or any(len(pair) != 2 for pair in pairs):
        raise damaged_error(where, "a list of pairs of numbers", items)
    return tuple((pair[0], pair[1]) for pair in pairs)


def _statistic(value: object, where: str) -> float | tuple[float, ...] | None:
    if value is None or type(value) in (int, float):
        return cast("float | None", value)
    items = cast("list[float]", value)
    if type(value) is not list or any(type(item) not in (int, float) for item in items):
        raise damaged_error(where, "a list of numbers", items)
    return tuple(items)


def _number(value: object, where: str) -> float:
    if type(value) not in (int, float):
        raise damaged_error(where, "a number", value)
    return cast("float", value)


def _integer(value: object, where: str) -> int:
    if type(value) is not int:
        raise damaged_error(where, "a whole number", value)
    return value


def _string(value: object, where: str) -> str:
    if type(value) is not str:
        raise damaged_error(where, "a text", value)
    return value


def _boolean(value: object, where: str) -> bool:
    if type(value) is not bool:
        raise damaged_error(where, "true or false", value)
    return value


def _time_index(value: object, where: str) -> TimeIndex:
    parsers: dict[str, Callable[[object, str], Any]] = {
        "columns": json_strings, "patterns": json_strings, "step": _number, "is_monthly": _boolean,
        "has_offset": _boolean, "key": _string, "units": json_strings,
    }  # fmt: skip
    entry = json_object(value, where, set(parsers))
    return TimeIndex(**{key: parsers[key](item, f"{where}: {key}") for key, item in entry.items()})


_REQUIRED = {"shape", "names", "vocabulary", "channels"}  # without a default
_KINDS: dict[str, tuple[Callable[..., Field], dict[str, Callable[[object, str], Any]]]] = {
    "picture": (
        Picture,
        {"shape": _integers, "mean": _statistic, "std": _statistic, "letterbox": _boolean}
        | {"value_range": _statistic},
    ),
    "category": (Category, {"names": json_strings, "has_other": _boolean}),
    "number": (
        Number,
        {
            "mean": _statistic,
            "std": _statistic,
            "unit": _string,
            "shape": _integers,
            "is_sequence": _boolean,
        }
        | {
            "is_integer": _boolean,
            "fill": _number,
            "optional": _boolean,
            "decimal": _string,
            "na_values": json_strings,
        }
        | {"names": json_strings, "time_index": _time_index},
    ),
    "timestamp": (
        Timestamp,
        {"mean": _number, "std": _number, "pattern": _string}
        | {"fill": _number, "optional": _boolean, "has_offset": _boolean},
    ),
    "text": (
        Text,
        {"vocabulary": json_strings, "unit": _string, "lower": _boolean, "merges": json_strings}
        | {"signatures": json_strings},
    ),
    "tags": (Tags, {"names": json_strings}),
    "tree": (Tree, {"vocabulary": json_strings, "lower": _boolean}),
    "signal": (
        Signal,
        {"channels": _integer, "rate": _number, "names": json_strings}
        | {"mean": _statistic, "std": _statistic},
    ),
    "mask": (
        Mask,
        {
            "names": json_strings,
            "shape": _integers,
            "codes": _integer_pairs,
            "is_colored": _boolean,
        },
    ),
    "boxes": (Boxes, {"shape": _integers}),
}
