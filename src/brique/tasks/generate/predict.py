"""A generator has no predictions for inputs."""

from typing import Any

from torch import nn

from brique.data import Batch
from brique.errors import ModelError
from brique.schema import Schema


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Any]:
    """Raise ModelError: a generator takes noise, not inputs."""
    raise ModelError(
        "predict: this model generates pictures from noise and takes no input; in Python, use"
        " model.net(torch.randn(count, model.net.noise_size))."
    )
