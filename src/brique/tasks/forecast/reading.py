"""One pass of a net that foretells a series over a part."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.errors import DataError
from brique.inference import at_rest
from brique.tasks.forecast.predict import half_of, own_of, past_of, spread_of, steps_of, unrest

_AT_ONCE = 256


@dataclass(frozen=True)
class Look:
    """What a net does on a part.

    skill: 1 - its squared error / that of the values before (`before`), 0 where these are right
    everywhere, which no error can be a share of. loss: its mean squared
    error, in spreads of the targets.
    """

    skill: float
    loss: float


@dataclass(frozen=True)
class Reading:
    """What a net said of the N windows of a part, on the processor, in the order of time.

    ids: (N,), int64. truth, said, half: (N, A, K), in their units; half the width of the band.
    unrest: (N, K). before: (N, A, K), what `before` says.
    """

    ids: Tensor
    truth: Tensor
    said: Tensor
    half: Tensor
    unrest: Tensor
    before: Tensor


def before(past: Tensor, ahead: int) -> Tensor:
    """Return the last `ahead` values again (N, A, K): yesterday's, where a day is foretold.

    past: (N, L, K). Where it is shorter than `ahead` it is said several times.
    """
    length = past.shape[1]
    places = torch.arange(ahead) % min(ahead, length) + max(0, length - ahead)
    return past[:, places]


def read(net: nn.Module, split: Split) -> Reading:
    """Return what a net says of a part: one pass, in eval mode and float32, without slopes.

    net: pasts (N, L, C) -> futures. Raises DataError when the part is empty.
    """
    if not len(split):
        raise DataError("forecast: the split is empty; pass one with at least one window.")
    schema, own = split.schema, own_of(split.schema)
    parts: list[tuple[Tensor, ...]] = []
    with at_rest(net) as device:
        for batch in split.batches(_AT_ONCE).on(device):
            past, truth = past_of(batch, schema), batch[schema.target]
            assert isinstance(truth, Tensor)
            said, truth = steps_of(net(past).float()), steps_of(truth)
            values = (
                batch.ids, truth, said, half_of(net, past, schema), unrest(past, schema),
                before(past[:, :, own], truth.shape[1]),
            )  # fmt: skip
            parts.append(tuple(value.cpu() for value in values))
    return Reading(*map(torch.cat, zip(*parts, strict=True)))


def look(net: nn.Module, split: Split) -> Look:
    """Return how well a net does on a part, in one pass; of an empty part, NaN."""
    if not len(split):
        return Look(math.nan, math.nan)
    reading = read(net, split)
    spread = spread_of(split.schema)
    own = error(reading.said, reading.truth, spread)
    return Look(
        skill(own, error(reading.before, reading.truth, spread)),
        float(own.mean()),
    )


def skill(own: Tensor, other: Tensor) -> float:
    """Return 1 - the mean of some errors (N,) / that of others: 0 where the others are all 0."""
    return float(1 - own.mean() / other.mean()) if bool(other.any()) else 0.0


def error(said: Tensor, truth: Tensor, spread: Tensor) -> Tensor:
    """Return the mean squared error of each window (N,), float64, in spreads (K,)."""
    return ((said - truth).double() / spread.double()).square().mean(dim=(1, 2))
