"""Calibration: temperature scaling, reliability bins, and the calibration error."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import keys
from brique.bricks import Temperature
from brique.evaluation.classification import share_interval

BINS = 15
RANGE = (0.05, 20.0)
_PRIOR_STRENGTH = 3.0  # nats per unit of |log temperature|: a Laplace prior about 1
_SMOOTHING = 0.05  # rounds its corner, lest the prior alone hold the temperature at 1
MIN_EXAMPLES = 20  # for fitting a temperature
_MAX_REPEATS, _MAX_DRAWS = 200, 20_000_000  # simulations; values in all of them
_KEY = keys.text_key("calibration")
_GOLDEN = (math.sqrt(5) - 1) / 2


def fit_temperature(outputs: Sequence[tuple[Tensor, Tensor, int]]) -> float:
    """Return the temperature T with the lowest penalized log loss.

    outputs: (scores, label, power): scores (N, K), float64, to be divided by T**power; label (N,).
    """

    def cost(log_temperature: float) -> float:
        return prior_penalty(log_temperature) + sum(
            len(label) * log_loss(scores / math.exp(power * log_temperature), label)
            for scores, label, power in outputs
        )

    return math.exp(_minimize(cost, math.log(RANGE[0]), math.log(RANGE[1])))


def prior_penalty(log_temperature: float) -> float:
    """Return the penalty of a temperature, in nats."""
    return _PRIOR_STRENGTH * (math.hypot(log_temperature, _SMOOTHING) - _SMOOTHING)


def temperature(net: nn.Module) -> float:
    """Return the temperature of a net, 1.0 if it has no Temperature layer."""
    layers = [module for module in net.modules() if isinstance(module, Temperature)]
    return float(layers[0].value) if len(layers) == 1 else 1.0


def log_loss(scores: Tensor, label: Tensor) -> float:
    """Return the mean cross entropy in nats, summed in float64.

    scores: (N, K). label: class indices (N,), int64.
    """
    log_probabilities = functional.log_softmax(scores.double(), dim=1).gather(1, label[:, None])
    return -float(log_probabilities.sum()) / len(label)


def bins(
    probabilities: Tensor, label: Tensor, groups: Tensor | None = None
) -> list[dict[str, Any]]:
    """Return 15 equal-width bins of confidence, with mean confidence and accuracy of each.

    probabilities: (N, K). label: (N,), int64. groups: (N,), int64, for the intervals; None for
    independent examples.
    Confidence is the largest probability; a bin includes its upper end. Means of nothing are None.
    """
    confidence, predictions = probabilities.double().max(dim=1)
    bin_index = ((confidence * BINS).ceil().long() - 1).clamp(0, BINS - 1)
    ranges: list[dict[str, Any]] = []
    for index in range(BINS):
        is_inside = bin_index == index
        count = int(is_inside.sum())
        is_correct = (predictions == label)[is_inside]
        bin_groups = None if groups is None else groups[is_inside]
        ranges.append(
            {
                "from": index / BINS,
                "to": (index + 1) / BINS,
                "count": count,
                "confidence": float(confidence[is_inside].mean()) if count else None,
                "accuracy": int(is_correct.sum()) / count if count else None,
                "interval": share_interval(is_correct, bin_groups) if count else None,
            }
        )
    return ranges


def calibration_error(ranges: list[dict[str, Any]]) -> float:
    """Return the expected calibration error: |accuracy - confidence| of bins, by their count.

    ranges: as `bins` returns them.
    Source: Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using
    Bayesian binning".
    """
    total = sum(entry["count"] for entry in ranges)
    gaps = (
        item["count"] * abs(item["accuracy"] - item["confidence"])
        for item in ranges
        if item["count"]
    )
    return math.fsum(gaps) / total


def error_by_chance(probabilities: Tensor) -> float:
    """Return the mean calibration error of a perfectly calibrated net, by simulation.

    probabilities: (N, K). Each simulation draws the correctness of each example with the net's
    confidence. A measured error indicates miscalibration only if it is clearly larger.
    Source: Bröcker, Smith 2007, "Increasing the reliability of reliability diagrams".
    """
    confidence = probabilities.double().max(dim=1).values
    bin_index = ((confidence * BINS).ceil().long() - 1).clamp(0, BINS - 1)
    membership = functional.one_hot(bin_index, BINS).double()  # (N, 15)
    repeats = max(20, min(_MAX_REPEATS, _MAX_DRAWS // max(1, len(confidence))))
    generator, errors = keys.generator(_KEY), 0.0
    for _ in range(repeats):
        uniform = torch.rand(len(confidence), generator=generator, dtype=torch.float64)
        residual = (uniform < confidence).double() - confidence
        errors += float((residual @ membership).abs().sum()) / len(confidence)
    return errors / repeats


def _minimize(cost: Callable[[float], float], low: float, high: float) -> float:
    """Return the minimizer of a function, to 1e-6: a grid of 33 points, then golden section."""
    step = (high - low) / 32
    best = min((low + index * step for index in range(33)), key=cost)
    low, high = max(low, best - step), min(high, best + step)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    cost_left, cost_right = cost(left), cost(right)
    while high - low > 1e-6:
        if cost_left <= cost_right:
            high, right, cost_right = right, left, cost_left
            left = high - _GOLDEN * (high - low)
            cost_left = cost(left)
        else:
            low, left, cost_left = left, right, cost_right
            right = low + _GOLDEN * (high - low)
            cost_right = cost(right)
    return (low + high) / 2
