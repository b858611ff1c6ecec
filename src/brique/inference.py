"""Nets at rest: in eval mode, without slopes, and afterwards as they were."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from brique.data import Batch, Ragged
from brique.schema import Field, Number, Picture, Schema

LARGEST_BATCH = 1000
_NUMBERS_AT_ONCE = 2**21  # 8 MiB of float32 pixels: on a CPU large batches are slower


@contextmanager
def at_rest(net: nn.Module) -> Iterator[torch.device]:
    """Hold every part of `net` in eval mode, without slopes and in full precision.

    Yields the net's device. Each part is in its own mode again after the block.
    """
    modes = [(part, part.training) for part in net.modules()]
    device = device_of(net)
    net.eval()
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            yield device
    finally:
        for part, mode in modes:
            part.training = mode


def device_of(net: nn.Module) -> torch.device:
    """Return the device of a net's first parameter or buffer; the processor if it has none."""
    for tensor in (*net.parameters(), *net.buffers()):
        return tensor.device
    return torch.device("cpu")


def batch_size_for(field: Field) -> int:
    """Return how many inputs of a kind a net at rest is given at once: 1,000, or fewer if large."""
    numbers = math.prod(field.shape) if isinstance(field, Picture | Number) else 1
    return max(1, min(LARGEST_BATCH, _NUMBERS_AT_ONCE // max(1, numbers)))


def inputs(batch: Batch, schema: Schema, net: nn.Module) -> Batch | Tensor | Ragged:
    """Return what a net is given of a batch: the values of the first input, or all of the batch.

    All of it is given to a net of which a part says `reads_fields = True`, where there are several.
    """
    names = list(schema.inputs)
    reads = any(getattr(part, "reads_fields", False) for part in net.modules())
    return batch if reads and len(names) > 1 else batch[names[0]]


def tensor_of(batch: Batch, field: str) -> Tensor:
    """Return a field of a batch that is known to be a tensor."""
    values = batch[field]
    assert isinstance(values, Tensor)
    return values


def evenly(count: int, most: int) -> Tensor:
    """Return up to `most` places among `count`, evenly chosen: int64."""
    chosen = min(count, most)
    return torch.arange(chosen) * count // max(1, chosen)


def rows_of_numbers(column: Tensor) -> Tensor:
    """Return a column (N,) or (N, ...) as rows of numbers (N, K), float32; N may be 0."""
    return (column.unsqueeze(1) if column.ndim == 1 else column.flatten(1)).float()
