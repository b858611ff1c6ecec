"""Networks made of bricks. Each is a function of JSON values, so that a model can name it."""

from collections.abc import Callable

from torch import nn

from brique.nets.builder import builder as builder
from brique.nets.builder import built_by as built_by
from brique.nets.small import default_arguments as default_arguments
from brique.nets.small import small as small

BUILDERS: dict[str, Callable[..., nn.Module]] = {"brique.nets.small": small}
"""The closed table of builders that model.json may name."""
