"""How well a series is forecast, with intervals by blocks of windows."""

from typing import Any

import torch
from torch import Tensor

from brique.evaluation import bootstrap
from brique.tasks.forecast.reading import Reading, error, skill

_BLOCKS = 30  # of consecutive windows, at least, where there are enough


_SPANS = 3  # futures that a block spans, if there are enough windows


def blocks_of(ids: Tensor, ahead: int) -> tuple[Tensor, int]:
    """Return the block of each window (N,), int64, and how many windows a block has.

    A block ends where the next window is not the next of the series; what is left of a run there,
    too short for a block, belongs to the one before.
    """
    length = max(ahead, min(_SPANS * ahead, len(ids) // _BLOCKS))
    run = torch.zeros(len(ids), dtype=torch.int64)
    run[1:] = (ids.diff() != 1).cumsum(0)
    first = torch.searchsorted(run, run)  # where the run of each begins
    size = torch.bincount(run)[run] // length  # whole blocks in the run of each
    place = torch.minimum((torch.arange(len(ids)) - first) // length, (size - 1).clamp(min=0))
    _, blocks = torch.stack([run, place], dim=1).unique(dim=0, return_inverse=True)
    return blocks, length


def scores(said: Tensor, reading: Reading, spread: Tensor) -> dict[str, float]:
    """Return the skill, and two errors: of several targets in spreads."""
    before = error(reading.before, reading.truth, spread)
    unit = spread if len(spread) > 1 else torch.ones(1)
    off = (said - reading.truth).double() / unit.double()
    return {
        "skill": skill(error(said, reading.truth, spread), before),
        "rmse": float(off.square().mean().sqrt()),
        "mae": float(off.abs().mean()),
    }


def interval(said: Tensor, reading: Reading, spread: Tensor, blocks: Tensor) -> list[float]:
    """Return the 95% interval of the skill, by drawing blocks again."""
    own = bootstrap.sums(error(said, reading.truth, spread), blocks)
    other = bootstrap.sums(error(reading.before, reading.truth, spread), blocks)
    return list(bootstrap.interval(lambda often: 1 - (often @ own) / (often @ other), own))


def steps(reading: Reading, spread: Tensor) -> dict[str, list[float]]:
    """Return the root mean square error of net and what was before at each step, in spreads."""

    def by_step(said: Tensor) -> list[float]:
        off = (said - reading.truth).double() / spread.double()
        return [round(one, 6) for one in off.square().mean(dim=(0, 2)).sqrt().tolist()]

    return {"net": by_step(reading.said), "yesterday": by_step(reading.before)}


def covered(reading: Reading, spread: Tensor) -> dict[str, Any]:
    """Return how many truths the 90% band holds, in all and by step, and how wide it is.

    The width is in the unit of the target; of several targets in spreads of each.
    """
    if bool(reading.half.isnan().any()):
        return {}
    inside = ((reading.said - reading.truth).abs() <= reading.half).double()
    unit = spread.double() if len(spread) > 1 else torch.ones(1)
    return {
        "coverage": {
            "asked": 0.9,
            "reached": float(inside.mean()),
            "width": float((2 * reading.half.double() / unit).mean()),
            "steps": [round(one, 4) for one in inside.mean(dim=(0, 2)).tolist()],
        }
    }
