"""One pass of a net over the pictures of a part."""

import math

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.errors import DataError
from brique.evaluation.reconstruction import squared_errors
from brique.inference import batch_size_for, eval_mode, tensor_of
from brique.tasks.reconstruct.predict import quantile_layer


def collect_errors(net: nn.Module, split: Split) -> Tensor:
    """Return the mean squared error a pixel of each picture of a part: (N,), float64, in its order.

    net: pictures (N, C, H, W) -> pictures; asked in eval mode, in float32, without gradients.
    Raises DataError when the part is empty; ShapeError as `missed` does.
    """
    if not len(split):
        raise DataError("reconstruct: the split is empty; pass one with at least one example.")
    field = split.schema.inputs[0]
    with eval_mode(net) as device:
        errors = [
            squared_errors(net(tensor_of(batch, field)), tensor_of(batch, field)).cpu()
            for batch in split.batches(min(256, batch_size_for(split.schema[field]))).on(device)
        ]
    return torch.cat(errors)


def validate(net: nn.Module, split: Split) -> float:
    """Return the mean squared error a pixel on a part; NaN of an empty one."""
    return float(collect_errors(net, split).mean()) if len(split) else math.nan


def calibrate(net: nn.Module, valid: Split) -> None:
    """Let a net know what is usual: the errors on a validation part.

    net: pictures -> pictures, by way of one `brique.bricks.Usual`; without, nothing is learnt.
    valid: pictures that no weight was fitted on; with fewer than 20 nothing is known.
    """
    layer = quantile_layer(net)
    if layer is not None and len(valid) >= 20:
        layer.fit(collect_errors(net, valid))
