"""From the words of a command line to the arguments of a function, by cyclopts.

What does not fit becomes a UsageError: one sentence that names the flag and the way out.
"""

import math
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter, Token
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from brique.errors import UsageError, nearest


def call(function: Callable[..., int], name: str, words: Sequence[str]) -> int:
    """Call `function` with the arguments that `words` spell and return what it returns.

    name: how the command is called, such as "brique train"; `--help` shows it.
    Raises UsageError on words that the function does not take.
    """
    app = App(name=name, version_flags=[], help_format="plaintext", result_action="return_value")
    app.default(function)
    try:
        command, bound, _ = app.parse_args(list(words), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UsageError(_sentence(error, name)) from None
    bound.apply_defaults()
    return command(*bound.args, **bound.kwargs) or 0


def number(kind: object, tokens: Sequence[Token]) -> object:
    """Return the number, or tuple of numbers, that words spell (cyclopts rounds 1.5 to 2)."""
    if get_origin(kind) is tuple:
        return tuple(_one(get_args(kind)[0], token.value) for token in tokens)
    return _one(kind, tokens[0].value)


Whole = Annotated[int, Parameter(converter=number)]
Decimal = Annotated[float, Parameter(converter=number)]
Switch = Annotated[bool, Parameter(negative=(), show_default=False)]


def is_number(kind: object) -> bool:
    """Tell whether a field's type is int, float, or a tuple of one of them, or None besides."""
    kinds = [k for k in get_args(kind) if k is not NoneType] if _is_union(kind) else [kind]
    inner = get_args(kinds[0])[0] if get_origin(kinds[0]) is tuple else kinds[0]
    return len(kinds) == 1 and inner in (int, float)


def _one(kind: object, word: str) -> object:
    try:
        value = int(word) if kind is int else float(word)
    except ValueError:
        raise ValueError(_named(kind)) from None
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise ValueError("a whole number of at most 18 digits")
    if not math.isfinite(value):
        raise ValueError(_named(kind))
    return value


def _is_union(kind: object) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _sentence(error: CycloptsError, name: str) -> str:
    """Return where, what was expected, what came and what to do, for an error of cyclopts."""
    where = name.removeprefix("brique ")
    shows = f"'{name} --help' shows all."
    if isinstance(error, UnknownOptionError):
        flag = (error.token.keyword or error.token.value).partition("=")[0]
        known = [n for argument in error.argument_collection for n in argument.names]
        return f"{where}: no flag '{flag}'{nearest(flag, known) or ';'} {shows}"
    if isinstance(error, RepeatArgumentError):
        return f"{where}: {error.token.keyword} is given more than once; give it once."
    if isinstance(error, UnusedCliTokensError):
        extra = " ".join(error.unused_tokens or [])
        return f"{where}: '{extra}' is more than it takes; '{name} --help' shows what it takes."
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        missing = error.argument.name
        lacks = "needs a value" if error.argument.tokens or error.keyword else "is missing"
        return f"{where}: {missing} {lacks}; '{name} --help' shows what it takes."
    if isinstance(error, CoercionError) and error.argument is not None:
        came = " ".join(t.value for t in error.argument.tokens or [error.token] if t is not None)
        wanted = str(error.msg or _named(error.argument.hint))
        return f"{where}: {error.argument.name} must be {wanted}, not '{came}'; {shows}"
    error.verbose = False
    return f"{where}: {' '.join(str(error).split())} {shows}"


def _named(kind: object) -> str:
    """Say in words which values a type has."""
    if get_origin(kind) is Annotated:
        return _named(get_args(kind)[0])
    if _is_union(kind):
        return " or ".join(_named(k) for k in get_args(kind) if k is not NoneType)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(kind))
    if get_origin(kind) is tuple:
        return "several numbers" if is_number(kind) else "several words"
    words = {int: "a whole number", float: "a number", bool: "yes or no"}
    return words.get(kind, "a word") if isinstance(kind, type) else "a word"
