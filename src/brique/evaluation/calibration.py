"""Whether a net is as often right as it says: one temperature, fitted on what it has not seen."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import keys
from brique.bricks import Temperature
from brique.evaluation.classes import share_interval

BINS = 15
RANGE = (0.05, 20.0)
_PULL = 3.0  # nats for each unit of |log temperature|: a Laplace prior about 1
_ROUND = 0.05  # within which it has no corner, so that no temperature is 1 for the prior alone
LEAST = 20  # answers that a temperature is fitted on
_DRAWS, _DRAWN = 200, 20_000_000  # draws of what chance would do; numbers in all of them
_DRAW = keys.word("calibration")
_GOLDEN = (math.sqrt(5) - 1) / 2


def fitted(said: Sequence[tuple[Tensor, Tensor, int]]) -> float:
    """Return the temperature T that fits scores best.

    said: scores (N, K), float64, of examples of classes (N,), and the power of T that divides them.
    """

    def cost(log: float) -> float:
        return doubt(log) + sum(
            len(label) * log_loss(scores / math.exp(power * log), label)
            for scores, label, power in said
        )

    return math.exp(_least(cost, math.log(RANGE[0]), math.log(RANGE[1])))


def doubt(log: float) -> float:
    """Return how many nats speak against a temperature before any example is seen."""
    return _PULL * (math.hypot(log, _ROUND) - _ROUND)


def temperature(net: nn.Module) -> float:
    """Return a net's temperature, 1.0 where it has none of its own."""
    bricks = [part for part in net.modules() if isinstance(part, Temperature)]
    return float(bricks[0].value) if len(bricks) == 1 else 1.0


def log_loss(scores: Tensor, label: Tensor) -> float:
    """Return the mean cross entropy in nats, summed in float64.

    scores: (N, K). label: class indices (N,), int64.
    """
    sure = functional.log_softmax(scores.double(), dim=1).gather(1, label[:, None])
    return -float(sure.sum()) / len(label)


def bins(
    probabilities: Tensor, label: Tensor, together: Tensor | None = None
) -> list[dict[str, Any]]:
    """Return, for 15 equal ranges of confidence, how sure the net was there and how often right.

    probabilities: (N, K). label: (N,), int64. together: (N,), int64: the groups that examples are
    drawn by for the intervals, if not each by itself.
    Confidence is the largest probability; a range holds its upper end. Shares of nothing are None.
    """
    confidence, answer = probabilities.double().max(dim=1)
    place = ((confidence * BINS).ceil().long() - 1).clamp(0, BINS - 1)
    found: list[dict[str, Any]] = []
    for number in range(BINS):
        inside = place == number
        count = int(inside.sum())
        right = (answer == label)[inside]
        hung = None if together is None else together[inside]
        found.append(
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "count": count,
                "confidence": float(confidence[inside].mean()) if count else None,
                "accuracy": int(right.sum()) / count if count else None,
                "interval": share_interval(right, hung) if count else None,
            }
        )
    return found


def calibration_error(found: list[dict[str, Any]]) -> float:
    """Return the expected calibration error: the mean of |accuracy - confidence| over examples.

    found: the ranges that `bins` returned; the difference is taken between the means of a range.
    Source: Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using
    Bayesian binning".
    """
    total = sum(each["count"] for each in found)
    gaps = (e["count"] * abs(e["accuracy"] - e["confidence"]) for e in found if e["count"])
    return math.fsum(gaps) / total


def error_by_chance(probabilities: Tensor) -> float:
    """Return the expected calibration error that a perfectly calibrated net would show by chance.

    probabilities: (N, K). Of as many examples, each right as often as the net says, drawn again and
    again: the mean of their calibration errors. What is measured is at odds with certainty only
    where it is clearly larger.
    Source: Bröcker, Smith 2007, "Increasing the reliability of reliability diagrams".
    """
    confidence = probabilities.double().max(dim=1).values
    place = ((confidence * BINS).ceil().long() - 1).clamp(0, BINS - 1)
    inside = functional.one_hot(place, BINS).double()  # (N, 15)
    times = max(20, min(_DRAWS, _DRAWN // max(1, len(confidence))))
    generator, errors = keys.generator(_DRAW), 0.0
    for _ in range(times):
        drawn = torch.rand(len(confidence), generator=generator, dtype=torch.float64)
        off = (drawn < confidence).double() - confidence
        errors += float((off @ inside).abs().sum()) / len(confidence)
    return errors / times


def _least(cost: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function is least, to 1e-6: the best of 33 places, then golden section."""
    step = (high - low) / 32
    best = min((low + number * step for number in range(33)), key=cost)
    low, high = max(low, best - step), min(high, best + step)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > 1e-6:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = cost(right)
    return (low + high) / 2
