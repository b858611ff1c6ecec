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
        return set_origin(net, f"brique.nets.{function.__name__}", dict(bound.arguments))

    return build


def set_origin(net: Net, builder: str, arguments: dict[str, Any]) -> Net:
    """Return `net`, which from now on tells the name and JSON arguments of its builder."""
    origin = {"builder": builder, "arguments": arguments}
    object.__setattr__(net, "built_by", origin)  # no parameter, buffer or part of the net
    return net


def built_by(net: nn.Module) -> dict[str, Any] | None:
    """Return {"builder": name, "arguments": {...}} of a net that a builder made, or None."""
    return vars(net).get("built_by")
