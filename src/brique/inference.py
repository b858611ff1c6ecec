"""Nets at rest: in eval mode, without slopes, and afterwards as they were."""

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
    """Hold every part of `net` in eval mode, without slopes and in full precision.

    Yields the net's device. Each part is in its own mode again after the block.
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
    """Return the device of a net's first parameter or buffer; the processor if it has none."""
    for tensor in (*net.parameters(), *net.buffers()):
        return tensor.device
    return torch.device("cpu")


def batch_size_for(field: Field) -> int:
    """Return how many inputs of a kind a net at rest is given at once: 1,000, or fewer if large."""
    numbers = math.prod(field.shape) if isinstance(field, Picture | Number) else 1
    return max(1, min(MAX_BATCH_SIZE, _MAX_NUMBERS // max(1, numbers)))


def net_inputs(batch: Batch, schema: Schema, net: nn.Module) -> Batch | Tensor | Ragged:
    """Return what a net is given of a batch: the values of the first input, or all of the batch.

    All of it is given to a net of which a part says `takes_batch = True`, where there are several.
    """
    names = list(schema.inputs)
    takes_batch = any(getattr(module, "takes_batch", False) for module in net.modules())
    return batch if takes_batch and len(names) > 1 else batch[names[0]]


def tensor_of(batch: Batch, field: str) -> Tensor:
    """Return a field of a batch that is known to be a tensor."""
    values = batch[field]
    assert isinstance(values, Tensor)
    return values


def even_indices(count: int, limit: int) -> Tensor:
    """Return up to `limit` places among `count`, evenly chosen: int64."""
    size = min(count, limit)
    return torch.arange(size) * count // max(1, size)


def as_rows(column: Tensor) -> Tensor:
    """Return a column (N,) or (N, ...) as rows of numbers (N, K), float32; N may be 0."""
    return (column.unsqueeze(1) if column.ndim == 1 else column.flatten(1)).float()
