"""Metrics of regressors."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.evaluation import bootstrap
from brique.tasks.regress.loss import loss
from brique.tasks.regress.outputs import Outputs, collect_outputs


@dataclass(frozen=True)
class Validation:
    """Metrics on a split: R² and the training loss."""

    r2: float
    loss: float


def validate(net: nn.Module, split: Split, std: Tensor) -> Validation:
    """Return the metrics of a net on a split, in one pass; NaN on an empty split.

    std: (K,), standard deviations of the targets in the training part; the unit of the loss.
    """
    if not len(split):
        return Validation(math.nan, math.nan)
    outputs = collect_outputs(net, split)
    loss_value = loss(outputs.predictions, outputs.target, std)
    return Validation(compute_metrics(outputs.predictions, outputs.target)["r2"], float(loss_value))


def compute_metrics(predictions: Tensor, target: Tensor) -> dict[str, float]:
    """Return the metrics of predictions (N, K).

    "r2": share of the variance explained, mean over the K targets. "rmse", "mae": root mean square
    and mean absolute error; with several targets, in standard deviations of each, since units may
    differ. For a constant target, R² is 1 if all predictions are exact, else 0.
    """
    errors, unit = predictions.double() - target.double(), std_of(target)
    is_constant = target.amax(dim=0) == target.amin(dim=0)
    mean_squared_error = errors.square().mean(dim=0)
    unexplained = torch.where(
        is_constant, (mean_squared_error > 0).double(), mean_squared_error / unit.square()
    )
    unit = unit if target.shape[1] > 1 else torch.ones_like(unit)
    return {
        "r2": float((1 - unexplained).mean()),
        "rmse": float((errors / unit).square().mean().sqrt()),
        "mae": float((errors / unit).abs().mean()),
    }


def std_of(target: Tensor) -> Tensor:
    """Return the standard deviation of each target (N, K), 1 if it is constant: (K,)."""
    is_constant = target.amax(dim=0) == target.amin(dim=0)
    return target.double().std(dim=0, correction=0).where(~is_constant, 1.0)


def intervals(outputs: Outputs, groups: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% intervals of R² and the errors, by resampling examples or groups."""
    target, errors = outputs.target.double(), (outputs.predictions - outputs.target).double()
    target = target - target.mean(dim=0)  # centered, for the precision of the variance
    unit = std_of(target) if target.shape[1] > 1 else target.new_ones(1)
    squared_errors, absolute_errors = (errors / unit).square(), (errors / unit).abs()

    def r2(weights: Tensor) -> Tensor:
        total = weights.sum(dim=1, keepdim=True)
        mean = weights @ target / total
        variance = weights @ target.square() / total - mean.square()
        return (1 - weights @ errors.square() / total / variance).mean(dim=1)

    def mean_power(values: Tensor, exponent: float) -> Any:  # noqa: ANN401 - a function
        per_example = values.mean(dim=1)
        return lambda weights: (weights @ per_example / weights.sum(dim=1)) ** exponent

    statistics = {
        "r2": r2,
        "rmse": mean_power(squared_errors, 0.5),
        "mae": mean_power(absolute_errors, 1.0),
    }
    return {
        name: list(bootstrap.interval(statistic, target, groups))
        for name, statistic in statistics.items()
    }
