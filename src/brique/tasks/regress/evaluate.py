"""The judgement of a net that answers with numbers: one pass over test, beside simple methods."""

import time
from typing import Any

from torch import nn

from brique.data import Data
from brique.evaluation.result import Judged, finite
from brique.tasks.regress.baselines import beside
from brique.tasks.regress.metrics import intervals, scores, spread_of
from brique.tasks.regress.predict import named, units_of
from brique.tasks.regress.reading import Reading, read


def judge(net: nn.Module, data: Data, *, compare: bool = True) -> Judged:
    """Return what a net reaches on `data.test`, beside what needs no net.

    net: inputs -> numbers (N, K), one for each target. It reads the test part once, in eval mode,
        without slopes and in float32, on its own device.
    compare: whether to fit simple methods on `data.train`, up to a minute; else the net stands
        beside the mean alone.
    Returns Judged; its arrays are ids (N,), truth, said and reach (N, K).
    Raises DataError when the test part is empty.
    """
    begun = time.perf_counter()
    reading = read(net, data.test)
    values: dict[str, Any] = {
        "task": "regress",
        "examples": len(reading.ids),
        "targets": named(data.schema),
        "units": units_of(data.schema),
        "test": scores(reading.said, reading.truth),
        "each": _each(reading, named(data.schema)),
        "interval": intervals(reading, data.test.groups),
        **_covered(reading),
    }
    judged = time.perf_counter()
    values |= beside(reading, data, fit=compare)
    done = time.perf_counter()
    arrays = {name: getattr(reading, name) for name in ("ids", "truth", "said", "reach")}
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _each(reading: Reading, names: list[str]) -> dict[str, dict[str, float]]:
    """Return the scores of each target, in its own unit."""
    return {
        name: scores(reading.said[:, [place]], reading.truth[:, [place]])
        for place, name in enumerate(names)
    }


def _covered(reading: Reading) -> dict[str, Any]:
    """Return how many truths the 90% intervals hold, and how wide these are in the mean.

    The width is in the unit of the target; of several targets in spreads of each.
    """
    if bool(reading.reach.isnan().any()):
        return {}
    inside = (reading.said - reading.truth).abs() <= reading.reach
    wide = 2 * reading.reach.double()
    wide = wide / spread_of(reading.truth) if wide.shape[1] > 1 else wide
    return {"coverage": {"asked": 0.9, "reached": float(inside.double().mean()),
                         "width": float(wide.mean())}}  # fmt: skip
