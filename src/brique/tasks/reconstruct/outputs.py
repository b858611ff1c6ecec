"""Reconstruction errors of a net on a split, collected in one pass."""

import math

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.errors import DataError
from brique.evaluation.reconstruction import squared_errors
from brique.inference import batch_size_for, eval_mode, tensor_of
from brique.tasks.reconstruct.predict import quantile_layer


def collect_errors(net: nn.Module, split: Split) -> Tensor:
    """Return the mean squared error per pixel of each picture of a split: (N,), float64.

    net: pictures (N, C, H, W) -> pictures; run in eval mode and float32, without gradients.
    Raises DataError when the split is empty; ShapeError as `squared_errors` does.
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
    """Return the mean squared error per pixel on a split; NaN on an empty split."""
    return float(collect_errors(net, split).mean()) if len(split) else math.nan


def calibrate(net: nn.Module, valid: Split) -> None:
    """Fit the error quantiles of a net on the errors of a validation split.

    net: pictures -> pictures, with one `ErrorQuantiles` layer; without it, nothing is fitted.
    valid: pictures that no weight was fitted on; below 20 nothing is fitted.
    """
    layer = quantile_layer(net)
    if layer is not None and len(valid) >= 20:
        layer.fit(collect_errors(net, valid))
