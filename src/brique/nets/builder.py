"""What a net remembers of the function that built it."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from torch import nn

Params = ParamSpec("Params")
Net = TypeVar("Net", bound=nn.Module)


def builder(function: Callable[Params, Net]) -> Callable[Params, Net]:
    """Return `function` of JSON values such that its nets remember how they were built."""
    signature = inspect.signature(function)

    @wraps(function)
    def build(*args: Params.args, **kwargs: Params.kwargs) -> Net:
        net = function(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        origin = {"builder": f"brique.nets.{function.__name__}", "arguments": dict(bound.arguments)}
        object.__setattr__(net, "built_by", origin)  # no parameter, buffer or part of the net
        return net

    return build


def built_by(net: nn.Module) -> dict[str, Any] | None:
    """Return {"builder": name, "arguments": {...}} of a net that a builder made, or None."""
    return vars(net).get("built_by")
