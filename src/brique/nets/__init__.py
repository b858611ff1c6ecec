"""Networks made of bricks. Each is a function of JSON values, so that a model can name it."""

from collections.abc import Callable

from torch import nn

from brique.nets.builder import builder as builder
from brique.nets.builder import built_by as built_by
from brique.nets.residual import default_arguments as default_arguments
from brique.nets.residual import residual as residual
from brique.nets.squeezenet import squeezenet as squeezenet

BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "brique.nets.residual": residual,
    "brique.nets.squeezenet": squeezenet,
}
"""The closed table of builders that model.json may name."""
