"""Scores of nets that answer with numbers."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.evaluation import bootstrap
from brique.tasks.regress.loss import loss
from brique.tasks.regress.reading import Reading, read


@dataclass(frozen=True)
class Look:
    """What a net does on a part: the share of the variance that it explains, and its loss.

    loss: as in training.
    """

    r2: float
    loss: float


def look(net: nn.Module, split: Split, spread: Tensor) -> Look:
    """Return how well a net does on a part, in one pass; of an empty part, NaN.

    spread: (K,), of the training part, in which the loss is.
    """
    if not len(split):
        return Look(math.nan, math.nan)
    reading = read(net, split)
    lost = loss(reading.said, reading.truth, spread)
    return Look(scores(reading.said, reading.truth)["r2"], float(lost))


def scores(said: Tensor, truth: Tensor) -> dict[str, float]:
    """Return the scores of answers (N, K): R2 as the mean over the K, the errors over all.

    "r2": share of the truths' variance that is explained; "rmse", "mae": root mean square and mean
    absolute error; of several targets in spreads of each, since their units may differ. Where all
    truths are equal R2 is 1 for answers that are all right, else 0.
    """
    off, unit = said.double() - truth.double(), spread_of(truth)
    is_still = truth.amax(dim=0) == truth.amin(dim=0)
    lost = off.square().mean(dim=0)
    left = torch.where(is_still, (lost > 0).double(), lost / unit.square())
    unit = unit if truth.shape[1] > 1 else torch.ones_like(unit)
    return {
        "r2": float((1 - left).mean()),
        "rmse": float((off / unit).square().mean().sqrt()),
        "mae": float((off / unit).abs().mean()),
    }


def spread_of(truth: Tensor) -> Tensor:
    """Return the spread of each target (N, K) among some truths, 1 where all are equal: (K,)."""
    is_still = truth.amax(dim=0) == truth.amin(dim=0)
    return truth.double().std(dim=0, correction=0).where(~is_still, 1.0)


def intervals(reading: Reading, together: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% intervals of R2 and the errors, by drawing test examples, or groups, again."""
    truth, off = reading.truth.double(), (reading.said - reading.truth).double()
    truth = truth - truth.mean(dim=0)  # else squares of far numbers leave no digits for variance
    unit = spread_of(truth) if truth.shape[1] > 1 else truth.new_ones(1)
    square, absolute = (off / unit).square(), (off / unit).abs()

    def r2(often: Tensor) -> Tensor:
        total = often.sum(dim=1, keepdim=True)
        mean = often @ truth / total
        variance = often @ truth.square() / total - mean.square()
        return (1 - often @ off.square() / total / variance).mean(dim=1)

    def of(values: Tensor, root: float) -> Any:  # noqa: ANN401 - a function
        each = values.mean(dim=1)
        return lambda often: (often @ each / often.sum(dim=1)) ** root

    made = {"r2": r2, "rmse": of(square, 0.5), "mae": of(absolute, 1.0)}
    return {name: list(bootstrap.interval(one, truth, together)) for name, one in made.items()}
