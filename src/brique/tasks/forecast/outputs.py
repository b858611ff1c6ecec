"""Outputs of a forecaster on a split, collected in one pass."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.errors import DataError
from brique.inference import eval_mode
from brique.tasks.forecast.predict import (
    half_width_of,
    local_scale,
    past_values,
    target_columns,
    target_std,
    with_target_axis,
)

_BATCH_SIZE = 256


@dataclass(frozen=True)
class Validation:
    """Metrics on a split.

    skill: 1 - squared error of the net / squared error of the naive forecast; 0 if the naive
        forecast has no error. loss: mean squared error, in standard deviations of the targets.
    """

    skill: float
    loss: float


@dataclass(frozen=True)
class Outputs:
    """Outputs of a net for the N windows of a split, on the CPU, in the order of time.

    ids: (N,), int64. target, predictions: (N, A, K), in the units of the targets.
    half_width: (N, A, K), of the prediction intervals; NaN if unknown. scale: (N, K), recent
        changes of each window. naive: (N, A, K), the naive forecast.
    """

    ids: Tensor
    target: Tensor
    predictions: Tensor
    half_width: Tensor
    scale: Tensor
    naive: Tensor


def naive_forecast(past: Tensor, horizon: int) -> Tensor:
    """Return the last `horizon` values again (N, A, K): for a horizon of one day, yesterday's.

    past: (N, L, K). If it is shorter than `horizon`, it is repeated.
    """
    length = past.shape[1]
    indices = torch.arange(horizon) % min(horizon, length) + max(0, length - horizon)
    return past[:, indices]


def collect_outputs(net: nn.Module, split: Split) -> Outputs:
    """Return the outputs of a net on a split: one pass, in eval mode and float32, no gradient.

    net: past windows (N, L, C) -> forecasts. Raises DataError when the split is empty.
    """
    if not len(split):
        raise DataError("forecast: the split is empty; pass one with at least one window.")
    schema, target_indices = split.schema, target_columns(split.schema)
    parts: list[tuple[Tensor, ...]] = []
    with eval_mode(net) as device:
        for batch in split.batches(_BATCH_SIZE).on(device):
            past, target = past_values(batch, schema), batch[schema.target]
            assert isinstance(target, Tensor)
            predictions, target = with_target_axis(net(past).float()), with_target_axis(target)
            values = (
                batch.ids, target, predictions,
                half_width_of(net, past, schema), local_scale(past, schema),
                naive_forecast(past[:, :, target_indices], target.shape[1]),
            )  # fmt: skip
            parts.append(tuple(value.cpu() for value in values))
    return Outputs(*map(torch.cat, zip(*parts, strict=True)))


def validate(net: nn.Module, split: Split) -> Validation:
    """Return the metrics of a net on a split, in one pass; NaN on an empty split."""
    if not len(split):
        return Validation(math.nan, math.nan)
    outputs = collect_outputs(net, split)
    std = target_std(split.schema)
    model_error = mean_squared_error(outputs.predictions, outputs.target, std)
    return Validation(
        skill(model_error, mean_squared_error(outputs.naive, outputs.target, std)),
        float(model_error.mean()),
    )


def skill(model_error: Tensor, naive_error: Tensor) -> float:
    """Return 1 - mean error (N,) of the net / that of the naive forecast; 0 if the latter is 0."""
    return float(1 - model_error.mean() / naive_error.mean()) if bool(naive_error.any()) else 0.0


def mean_squared_error(predictions: Tensor, target: Tensor, std: Tensor) -> Tensor:
    """Return the mean squared error of each window (N,), float64, in standard deviations (K,)."""
    return ((predictions - target).double() / std.double()).square().mean(dim=(1, 2))
