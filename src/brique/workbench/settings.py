"""Settings as a file of a folder holds them, read back into the dataclass that takes them."""

from collections.abc import Mapping
from dataclasses import fields
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from brique.errors import DataError, RunError
from brique.options import Options


def read_settings(given: Mapping[str, Any], kind: type[Any], where: str) -> dict[str, Any]:
    """Return settings that a file of a folder holds, lists as tuples.

    kind: the Args that take them. where: the file, for sentences. Raises RunError if they do not.
    """
    strange = sorted(set(given) - {field.name for field in fields(kind)})
    if strange:
        raise RunError(
            f"resume: {where} sets '{strange[0]}', which the recipe's Args does not have; start a"
            " new run."
        )
    kinds = get_type_hints(kind)
    values = {name: _value(value, kinds[name], where) for name, value in given.items()}
    for name, value in values.items():
        if not _fits(value, kinds[name]):
            raise RunError(
                f"resume: {where} sets '{name}' to {_short(value)}, which the recipe cannot take;"
                " restore the file, or start a new run."
            )
    return values


def _value(value: Any, kind: object, where: str) -> object:  # noqa: ANN401 - JSON
    """Return a value as a field of that type takes it: tuples for lists, options for their dict."""
    if kind is Options and isinstance(value, dict):
        try:
            return Options(**read_settings(cast("dict[str, Any]", value), Options, where))
        except DataError as error:
            raise RunError(f"resume: {where}: {error}; or start a new run.") from error
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value


def _short(value: object) -> str:
    text = f"{value:.3g}" if type(value) is int and abs(value) > 10**12 else repr(value)
    return text if len(text) < 80 else f"{text[:80]} ..."


def _fits(value: object, kind: object) -> bool:
    """Tell whether a value from a file has the type that a field is annotated with."""
    if get_origin(kind) in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(kind))
    plain = get_origin(kind) or kind
    if plain is tuple and isinstance(value, tuple):
        items, each = cast("tuple[object, ...]", value), get_args(kind)
        if ... not in each and len(items) != len(each):
            return False
        return all(_fits(one, each[0]) for one in items)
    if plain is Mapping and isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return all(isinstance(one, str) for pair in pairs for one in pair)
    if plain is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if plain is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, plain) if isinstance(plain, type) else True
