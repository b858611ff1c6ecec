"""A schema from the JSON of a file, which is believed nothing."""

from typing import Any, cast

from brique.schema.kinds import Category, Field, Number, Picture
from brique.schema.words import damaged


def field_of(name: str, value: object) -> Field:
    """Rebuild one field from JSON values; nothing but the three kinds comes of it."""
    where = f"schema: field '{name}'"
    entry = object_of(value, where, None)
    kind = entry.pop("kind", None)
    known = {
        "picture": {"shape", "mean", "spread"},
        "category": {"names"},
        "number": {"mean", "spread", "unit", "shape", "varies", "whole"},
    }
    if type(kind) is not str or kind not in known:
        raise damaged(where, f"a kind among {', '.join(known)}", kind)
    object_of(entry, where, known[kind])
    if kind == "category":
        return Category(texts_of(entry.get("names"), f"{where}: names"))
    shape = _numbers(entry.get("shape", []), f"{where}: shape", int)
    mean, spread = (_fitted(entry.get(key), f"{where}: {key}") for key in ("mean", "spread"))
    if kind == "picture":
        return Picture(cast("Any", shape), cast("Any", mean), cast("Any", spread))
    unit = entry.get("unit")
    flags = [entry.get(key, False) for key in ("varies", "whole")]
    if not (unit is None or type(unit) is str) or any(type(flag) is not bool for flag in flags):
        raise damaged(where, "a text as unit, and true or false as varies and whole", entry)
    return Number(mean, spread, unit, shape, *flags)


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


def _numbers(value: object, where: str, *kinds: type) -> tuple[Any, ...]:
    items = cast("list[object]", value)
    if type(value) is not list or any(type(item) not in kinds for item in items):
        raise damaged(where, "a list of numbers", items)
    return tuple(items)


def _fitted(value: object, where: str) -> float | tuple[float, ...] | None:
    if value is None or type(value) in (int, float):
        return cast("float | None", value)
    return _numbers(value, where, int, float)
