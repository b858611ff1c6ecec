"""Command-line flags for the options of `brique.options`, with their help."""

import dataclasses
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from cyclopts import Group, Parameter

from brique import catalog, options
from brique.cli.parse import Flag, Integer
from brique.errors import DataError
from brique.options import INTERNAL, Options, Size, pair

GROUP = Group("Data", sort_key=2)
_ANSWERS = {"yes": True, "no": False}


def chosen(flags: "DataFlags | None", defaults: Options | None = None) -> Options:
    """Return the options set by flags; the others are those of `defaults`."""
    pairs = vars(flags).items() if flags else ()
    plain = Options()
    given = {name: value for name, value in pairs if value != getattr(plain, name)}
    for name in ("types", "rename"):
        if name in given:
            given[name] = dict(_pair(name, text) for text in given[name])
    for name, read in (("size", _size), ("header", _answer)):
        if name in given:
            given[name] = read(given[name])
    return (defaults or Options()).replace(**given)


def _pair(name: str, text: str) -> tuple[str, str]:
    found = pair(text)
    if found is None:
        raise DataError(
            f"--{name}: expected two sides, such as OLD=NEW, got '{text}'; write it so."
        )
    return found


def _size(text: str) -> Size:
    """Return a size in pixels: one number, or (height, width) from "WIDTHxHEIGHT"."""
    sides = text.casefold().split("x")
    if not 1 <= len(sides) <= 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise DataError(
            "--size: expected pixels such as 64, or width and height such as 240x180, got"
            f" '{text}'; write it so."
        )
    return int(sides[0]) if len(sides) == 1 else (int(sides[1]), int(sides[0]))


def _answer(text: str) -> bool:
    if text not in _ANSWERS:
        raise DataError(f"--header: expected yes or no, got '{text}'; write one of them.")
    return _ANSWERS[text]


def _flag(kind: Any, help_text: str) -> tuple[object, object]:  # noqa: ANN401 - any type
    """Return the type of a flag, with its help, and its default."""
    shared = {"help": help_text, "group": GROUP}
    if kind is bool:
        return Annotated[Flag, Parameter(**shared)], False
    if kind == int | None:
        return Annotated[Integer | None, Parameter(**shared)], None
    if kind == Mapping[str, str] | None:
        several = Parameter(negative=(), consume_multiple=False, **shared)
        return Annotated[list[str] | None, several], None
    return Annotated[str | None, Parameter(**shared)], None


def _flags() -> list[tuple[str, Any, Any]]:
    kinds = get_type_hints(Options)
    helps = {
        one.name: one.description for one in catalog.settings(inspect.getsource(options), "Options")
    }
    found: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(Options):
        if field.name not in INTERNAL:
            kind, default = _flag(
                kinds[field.name], " ".join(helps[field.name].partition("\n\n")[0].split())
            )
            found.append((field.name, kind, dataclasses.field(default=default)))
    return found


if TYPE_CHECKING:

    class DataFlags:
        """The flags of a command that opens data."""

else:
    DataFlags = dataclasses.make_dataclass("DataFlags", _flags(), kw_only=True)
    DataFlags.__module__ = __name__  # cyclopts ignores the fields of standard library classes
