"""Inference: nets in eval mode without gradients, and what they are given of a batch."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from brique.data import Batch, Ragged
from brique.schema import Field, Number, Picture, Schema

MAX_BATCH_SIZE = 1000
_MAX_NUMBERS = 2**21  # 8 MiB of float32 pixels: on a CPU large batches are slower


@contextmanager
def eval_mode(net: nn.Module) -> Iterator[torch.device]:
    """Run `net` in eval mode, without gradients and in full precision.

    Yields the net's device. Afterwards each module is in its own mode again.
    """
    modes = [(module, module.training) for module in net.modules()]
    device = device_of(net)
    net.eval()
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            yield device
    finally:
        for module, mode in modes:
            module.training = mode


def device_of(net: nn.Module) -> torch.device:
    """Return the device of a net's first parameter or buffer; the CPU if it has none."""
    for tensor in (*net.parameters(), *net.buffers()):
        return tensor.device
    return torch.device("cpu")


def batch_size_for(field: Field) -> int:
    """Return the batch size for inference on a field: 1,000, or fewer for large inputs."""
    numbers = math.prod(field.shape) if isinstance(field, Picture | Number) else 1
    return max(1, min(MAX_BATCH_SIZE, _MAX_NUMBERS // max(1, numbers)))


def net_inputs(batch: Batch, schema: Schema, net: nn.Module) -> Batch | Tensor | Ragged:
    """Return the input of a net: the values of the first input field, or the whole batch.

    The whole batch is for several inputs, and a net with a module whose `takes_batch` is True.
    """
    names = list(schema.inputs)
    takes_batch = any(getattr(module, "takes_batch", False) for module in net.modules())
    return batch if takes_batch and len(names) > 1 else batch[names[0]]


def tensor_of(batch: Batch, field: str) -> Tensor:
    """Return a field of a batch whose values are a tensor."""
    values = batch[field]
    assert isinstance(values, Tensor)
    return values


def ragged_of(batch: Batch, field: str) -> Ragged:
    """Return a field of a batch whose values are of varying length."""
    values = batch[field]
    assert isinstance(values, Ragged)
    return values


def even_indices(count: int, limit: int) -> Tensor:
    """Return up to `limit` evenly spaced indices below `count`, int64."""
    size = min(count, limit)
    return torch.arange(size) * count // max(1, size)


def as_rows(column: Tensor) -> Tensor:
    """Return a column (N,) or (N, ...) as rows of numbers (N, K), float32; N may be 0."""
    return (column.unsqueeze(1) if column.ndim == 1 else column.flatten(1)).float()
