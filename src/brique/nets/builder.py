"""The origin of a net: the function that built it, with its arguments."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from torch import nn

Params = ParamSpec("Params")
Net = TypeVar("Net", bound=nn.Module)


def builder(function: Callable[Params, Net]) -> Callable[Params, Net]:
    """Return `function` of JSON values, wrapped so that its nets keep their origin."""
    signature = inspect.signature(function)

    @wraps(function)
    def build(*args: Params.args, **kwargs: Params.kwargs) -> Net:
        net = function(*args, **kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return set_origin(net, f"brique.nets.{function.__name__}", dict(bound.arguments))

    return build


def set_origin(net: Net, builder: str, arguments: dict[str, Any]) -> Net:
    """Return `net` with the name and JSON arguments of its builder as its origin."""
    origin = {"builder": builder, "arguments": arguments}
    object.__setattr__(net, "built_by", origin)  # not a parameter, buffer or submodule
    return net


def built_by(net: nn.Module) -> dict[str, Any] | None:
    """Return {"builder": name, "arguments": {...}} of a net that a builder made, or None."""
    return vars(net).get("built_by")
