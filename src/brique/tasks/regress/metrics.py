"""Scores of nets that answer with numbers."""

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
    """What a net does on a part: the share of the variance that it explains, and its loss.

    loss: as in training.
    """

    r2: float
    loss: float


def validate(net: nn.Module, split: Split, std: Tensor) -> Validation:
    """Return how well a net does on a part, in one pass; of an empty part, NaN.

    std: (K,), of the training part, in which the loss is.
    """
    if not len(split):
        return Validation(math.nan, math.nan)
    outputs = collect_outputs(net, split)
    loss_value = loss(outputs.predictions, outputs.target, std)
    return Validation(compute_metrics(outputs.predictions, outputs.target)["r2"], float(loss_value))


def compute_metrics(predictions: Tensor, target: Tensor) -> dict[str, float]:
    """Return the scores of answers (N, K): R2 as the mean over the K, the errors over all.

    "r2": share of the truths' variance that is explained; "rmse", "mae": root mean square and mean
    absolute error; of several targets in standard deviations of each, since their units may differ.
    Where all truths are equal R2 is 1 for answers that are all right, else 0.
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
    """Return the spread of each target (N, K) among some truths, 1 where all are equal: (K,)."""
    is_constant = target.amax(dim=0) == target.amin(dim=0)
    return target.double().std(dim=0, correction=0).where(~is_constant, 1.0)


def intervals(outputs: Outputs, groups: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% intervals of R2 and the errors, by drawing test examples, or groups, again."""
    target, errors = outputs.target.double(), (outputs.predictions - outputs.target).double()
    target = target - target.mean(dim=0)  # else squares of far numbers leave no digits for variance
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
