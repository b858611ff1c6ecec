"""Parsing of command-line arguments into those of a function, by cyclopts.

Invalid arguments raise a UsageError: one sentence that names the flag and the remedy.
"""

import math
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from cyclopts import App, CycloptsError, Group, Parameter, Token
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from brique.errors import UsageError, did_you_mean

OPTIONS = Group("Options", sort_key=0)


def call(function: Callable[..., int], name: str, arguments: Sequence[str]) -> int:
    """Parse `arguments` as those of `function`, call it, and return its result.

    name: of the command, such as "brique train", for `--help`.
    Raises UsageError on invalid arguments.
    """
    app = App(
        name=name,
        version_flags=[],
        help_format="plaintext",
        result_action="return_value",
        group_parameters=OPTIONS,
    )
    app["--help"].group = OPTIONS
    app.default(function)
    try:
        command, bound, _ = app.parse_args(list(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UsageError(_error_message(error, name)) from None
    bound.apply_defaults()
    return command(*bound.args, **bound.kwargs) or 0


def convert_number(annotation: object, tokens: Sequence[Token]) -> object:
    """Convert tokens to a number or tuple of numbers (cyclopts would round 1.5 to 2)."""
    if get_origin(annotation) is tuple:
        return tuple(_parse_number(get_args(annotation)[0], token.value) for token in tokens)
    return _parse_number(annotation, tokens[0].value)


Integer = Annotated[int, Parameter(converter=convert_number)]
Float = Annotated[float, Parameter(converter=convert_number)]
Flag = Annotated[bool, Parameter(negative=(), show_default=False)]


def is_number(annotation: object) -> bool:
    """Tell whether a field's type is int, float, or a tuple of one of them, or None besides."""
    annotations = (
        [k for k in get_args(annotation) if k is not NoneType]
        if _is_union(annotation)
        else [annotation]
    )
    inner = get_args(annotations[0])[0] if get_origin(annotations[0]) is tuple else annotations[0]
    return len(annotations) == 1 and inner in (int, float)


def _parse_number(number_type: object, text: str) -> object:
    try:
        value = int(text) if number_type is int else float(text)
    except ValueError:
        raise ValueError(_describe_type(number_type)) from None
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise ValueError("a whole number of at most 18 digits")
    if not math.isfinite(value):
        raise ValueError(_describe_type(number_type))
    return value


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _error_message(error: CycloptsError, name: str) -> str:
    """Return the message for a cyclopts error: where, expected, received, remedy."""
    command = name.removeprefix("brique ")
    hint = f"'{name} --help' shows all."
    if isinstance(error, UnknownOptionError):
        flag = (error.token.keyword or error.token.value).partition("=")[0]
        known = [n for argument in error.argument_collection for n in argument.names]
        return f"{command}: no flag '{flag}'{did_you_mean(flag, known) or ';'} {hint}"
    if isinstance(error, RepeatArgumentError):
        return f"{command}: {error.token.keyword} is repeated; pass it once."
    if isinstance(error, UnusedCliTokensError):
        extra = " ".join(error.unused_tokens or [])
        return f"{command}: '{extra}' is unexpected; '{name} --help' shows the arguments."
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        missing = error.argument.name
        problem = "needs a value" if error.argument.tokens or error.keyword else "is missing"
        return f"{command}: {missing} {problem}; '{name} --help' shows the arguments."
    if isinstance(error, CoercionError) and error.argument is not None:
        received = " ".join(
            t.value for t in error.argument.tokens or [error.token] if t is not None
        )
        expected = str(error.msg or _describe_type(error.argument.hint))
        return f"{command}: {error.argument.name} must be {expected}, not '{received}'; {hint}"
    error.verbose = False
    return f"{command}: {' '.join(str(error).split())} {hint}"


def _describe_type(annotation: object) -> str:
    """Describe the values of a type in words."""
    if get_origin(annotation) is Annotated:
        return _describe_type(get_args(annotation)[0])
    if _is_union(annotation):
        return " or ".join(_describe_type(k) for k in get_args(annotation) if k is not NoneType)
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "several numbers" if is_number(annotation) else "several words"
    names = {int: "a whole number", float: "a number", bool: "yes or no"}
    return names.get(annotation, "a word") if isinstance(annotation, type) else "a word"
