"""The judgement of a net that foretells a series: one pass over test, beside simple methods."""

import time
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data
from brique.tasks import resampling
from brique.tasks.forecast import baselines
from brique.tasks.forecast.answer import kinds, spread_of
from brique.tasks.forecast.reading import Reading, error, read, skill
from brique.tasks.judged import Judged, finite

_BLOCKS = 30  # of consecutive windows, at least, where there are enough
_SPANS = 3  # futures that a block spans, if there are enough windows


def judge(net: nn.Module, data: Data, *, compare: bool = True) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: pasts (N, L, C) -> futures. It reads the test part once, in eval mode, without slopes and
        in float32, on its own device.
    compare: whether to fit lines to the past too; else the net stands beside what was before.
    Windows overlap: what chance could do is found by drawing blocks of consecutive windows, each at
    least as long as a future ("block" in the values), and the net is compared block by block.
    Returns Judged; its arrays are ids (N,), and truth, said, half, before (N, A, K).
    Raises DataError when the test part is empty.
    """
    begun = time.perf_counter()
    reading = read(net, data.test)
    spread = spread_of(data.schema)
    blocks, length = _blocks(reading.ids, reading.truth.shape[1])
    _, future = kinds(data.schema)
    values: dict[str, Any] = {
        "task": "forecast",
        "examples": len(reading.ids),
        "targets": list(future.names),
        "ahead": reading.truth.shape[1],
        "block": {"windows": length, "count": int(blocks.max()) + 1},
        "test": _scores(reading.said, reading, spread),
        "interval": {"skill": _interval(reading.said, reading, spread, blocks)},
        "steps": _steps(reading, spread),
        **_covered(reading, spread),
    }
    judged = time.perf_counter()
    values |= _beside(reading, data, blocks, fit=compare)
    done = time.perf_counter()
    arrays = {name: getattr(reading, name) for name in ("ids", "truth", "said", "half", "before")}
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _blocks(ids: Tensor, ahead: int) -> tuple[Tensor, int]:
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


def _scores(said: Tensor, reading: Reading, spread: Tensor) -> dict[str, float]:
    """Return the skill, and two errors: of several targets in spreads."""
    before = error(reading.before, reading.truth, spread)
    unit = spread if len(spread) > 1 else torch.ones(1)
    off = (said - reading.truth).double() / unit.double()
    return {
        "skill": skill(error(said, reading.truth, spread), before),
        "rmse": float(off.square().mean().sqrt()),
        "mae": float(off.abs().mean()),
    }


def _interval(said: Tensor, reading: Reading, spread: Tensor, blocks: Tensor) -> list[float]:
    """Return the 95% interval of the skill, by drawing blocks again."""
    own = resampling.sums(error(said, reading.truth, spread), blocks)
    other = resampling.sums(error(reading.before, reading.truth, spread), blocks)
    return list(resampling.interval(lambda often: 1 - (often @ own) / (often @ other), own))


def _steps(reading: Reading, spread: Tensor) -> dict[str, list[float]]:
    """Return the root mean square error of net and what was before at each step, in spreads."""

    def by_step(said: Tensor) -> list[float]:
        off = (said - reading.truth).double() / spread.double()
        return [round(one, 6) for one in off.square().mean(dim=(0, 2)).sqrt().tolist()]

    return {"net": by_step(reading.said), "yesterday": by_step(reading.before)}


def _covered(reading: Reading, spread: Tensor) -> dict[str, Any]:
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


def _beside(reading: Reading, data: Data, blocks: Tensor, *, fit: bool) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them, by block."""
    spread = spread_of(data.schema)
    said = {"yesterday": reading.before, "mean": baselines.mean(data.schema, reading)}
    said |= baselines.fitted(data, data.test) if fit else {}
    entries = {
        name: {
            **_scores(one, reading, spread), "interval": _interval(one, reading, spread, blocks)
        }
        for name, one in said.items()
    }  # fmt: skip
    best = max(said, key=lambda name: entries[name]["skill"])

    def lost(one: Tensor) -> Tensor:
        return resampling.sums(error(one, reading.truth, spread), blocks)

    compared = resampling.beside(best, lost(reading.said), lost(said[best]))
    return {"baseline": entries, "comparison": compared | {"unit": "block"}}
