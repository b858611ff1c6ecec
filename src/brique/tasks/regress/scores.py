"""Scores of nets that answer with numbers."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.tasks import resampling
from brique.tasks.regress.answer import loss
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
    absolute error; of several targets in spreads of each, since their units may differ.
    """
    said, truth = said.double(), truth.double()
    off = said - truth
    spread = truth.std(dim=0, correction=0)
    unit = spread.clamp(min=1e-12) if truth.shape[1] > 1 else torch.ones_like(spread)
    left = off.square().mean(dim=0) / spread.square().clamp(min=1e-24)
    return {
        "r2": float((1 - left).mean()),
        "rmse": float((off / unit).square().mean().sqrt()),
        "mae": float((off / unit).abs().mean()),
    }


def intervals(reading: Reading) -> dict[str, list[float]]:
    """Return the 95% intervals of R2 and the errors, by drawing test examples again."""
    truth, off = reading.truth.double(), (reading.said - reading.truth).double()
    spread = truth.std(dim=0, correction=0)
    unit = spread.clamp(min=1e-12) if truth.shape[1] > 1 else torch.ones_like(spread)
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
    return {name: list(resampling.interval(one, truth)) for name, one in made.items()}
