"""Said: options of `brique.data.open` as texts, for a command line and for settings of a run."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import SequenceMatcher
from typing import Any, cast

from brique.data.asked import SIGNS, Asked
from brique.errors import DataError, nearest

_ASKED = (each.name for each in fields(Asked) if each.name != "whole")
_NAMES = ("kind", *_ASKED, "fold", "judged", "draw")
_WHOLE = ("channels", "length", "ahead", "draw")
_TRUTHS = {"yes": True, "none": False, "no": False}
_PAIRS = ("types", "rename")


def options(said: Iterable[str]) -> dict[str, Any]:
    """Return the options of `brique.data.open` that texts say, such as "group=person".

    said: NAME=VALUE each. A size is "64" or "240x180", width and height; header and lower are "yes"
        or "none"; a fold is "1/5"; types and rename may come several times, with one pair each, as
        in "rename=OLD=NEW".
    Raises DataError on a name that is no option, and on a value that it cannot have.

    >>> options(["group=person", "size=240x180", "rename=cats=cat"])
    {'group': 'person', 'size': (180, 240), 'rename': {'cats': 'cat'}}
    """
    found: dict[str, Any] = {}
    for text in said:
        name, sign, value = text.partition("=")
        if not sign or name not in _NAMES:
            hint = nearest(name, _NAMES) or f"; there are {', '.join(_NAMES)}"
            raise DataError(f"data: expected an option such as size=64, got '{text}'{hint}")
        if name in _PAIRS:
            old, new = _halves(name, value)
            found.setdefault(name, {})[old] = new
        elif name in found:
            raise DataError(f"data: the option {name} is given more than once; give it once")
        else:
            found[name] = _value(name, value)
    return found


def spelled(given: Mapping[str, object]) -> tuple[str, ...]:
    """Return options of `brique.data.open` as texts that `options` reads; None is left out.

    Raises DataError on a name that is no option, and on a pair that cannot be told from its text.
    """
    texts: list[str] = []
    for name, value in given.items():
        if name in _PAIRS and isinstance(value, Mapping):
            pairs = cast("Mapping[str, str]", value).items()
            texts += [_joined(name, (old, new)) for old, new in pairs]
        elif value is not None:
            texts.append(f"{name}={_word(name, value)}")
    options(texts)  # raises
    return tuple(texts)


def _word(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "none"
    if isinstance(value, tuple | list):
        numbers = [str(number) for number in cast("tuple[int, ...]", value)]
        return "/".join(numbers) if name == "fold" else "x".join(reversed(numbers))
    return str(value)


def _joined(name: str, pair: tuple[str, str]) -> str:
    text = "=".join(pair)
    if _halves(name, text) != pair:
        raise DataError(
            f"--{name}: '{pair[0]}' and '{pair[1]}' cannot be told apart in '{text}'; write the"
            " names in the data without ="
        )
    return f"{name}={text}"


def _value(name: str, text: str) -> object:
    if name == "size":
        return _size(text)
    if name == "fold":
        return _fold(text)
    if name in ("header", "lower", "judged"):
        if text not in _TRUTHS:
            raise DataError(f"--{name}: expected yes or none, got '{text}'; write one of them.")
        return _TRUTHS[text]
    if name == "decimal" and text not in SIGNS:
        raise DataError(f"--decimal: expected point or comma, got '{text}'; write one of them.")
    if name in _WHOLE:
        if not (text.isascii() and text.isdigit()):
            raise DataError(f"--{name}: expected a whole number, got '{text}'; write one.")
        return int(text)
    return text


def _size(text: str) -> int | tuple[int, int]:
    """Return a size in pixels: one number, or (height, width) from "WIDTHxHEIGHT"."""
    sides = text.casefold().split("x")
    if not 1 <= len(sides) <= 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise DataError(
            "--size: expected pixels such as 64, or width and height such as 240x180, got"
            f" '{text}'; write it so."
        )
    return int(sides[0]) if len(sides) == 1 else (int(sides[1]), int(sides[0]))


def _fold(text: str) -> tuple[int, int]:
    """Return the number of a fold, and of how many, from "1/5"."""
    number, _, count = text.partition("/")
    if not all(side.isascii() and side.isdigit() for side in (number, count)):
        raise DataError(
            f"fold: expected a number and of how many, such as 1/5, got '{text}'; write it so."
        )
    return int(number), int(count)


def _halves(name: str, pair: str) -> tuple[str, str]:
    """Return the two sides of "A=B".

    Of several "=" it is the last for types, as no kind has one; for classes the one whose sides are
    most alike.
    """
    places = [place for place, letter in enumerate(pair) if letter == "="]
    halves = [half for half in ((pair[:at], pair[at + 1 :]) for at in places) if all(half)]
    if not halves:
        raise DataError(
            f"--{name}: expected two sides, such as OLD=NEW, got '{pair}'; write it so."
        )
    if name == "types":
        return halves[-1]
    return max(halves, key=lambda half: SequenceMatcher(None, *half).ratio())
