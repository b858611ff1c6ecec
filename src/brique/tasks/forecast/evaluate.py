"""The judgement of a net that foretells a series: one pass over test, beside simple methods."""

import time
from typing import Any

from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.result import Judged, finite
from brique.tasks.forecast import baselines
from brique.tasks.forecast.metrics import blocks_of, covered, interval, scores, steps
from brique.tasks.forecast.predict import kinds, spread_of
from brique.tasks.forecast.reading import Reading, error, read


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
    blocks, length = blocks_of(reading.ids, reading.truth.shape[1])
    _, future = kinds(data.schema)
    values: dict[str, Any] = {
        "task": "forecast",
        "examples": len(reading.ids),
        "targets": list(future.names),
        "horizon": reading.truth.shape[1],
        "block": {"windows": length, "count": int(blocks.max()) + 1},
        "test": scores(reading.said, reading, spread),
        "interval": {"skill": interval(reading.said, reading, spread, blocks)},
        "steps": steps(reading, spread),
        **covered(reading, spread),
    }
    judged = time.perf_counter()
    values |= _beside(reading, data, blocks, fit=compare)
    done = time.perf_counter()
    arrays = {name: getattr(reading, name) for name in ("ids", "truth", "said", "half", "before")}
    seconds = {"judging": round(judged - begun, 3), "baselines": round(done - judged, 3)}
    return Judged(finite(values), arrays, seconds)


def _beside(reading: Reading, data: Data, blocks: Tensor, *, fit: bool) -> dict[str, Any]:
    """Return the baselines, and how the net stands beside the best of them, by block."""
    spread = spread_of(data.schema)
    said = {"yesterday": reading.before, "mean": baselines.mean(data.schema, reading)}
    said |= baselines.fitted(data, data.test) if fit else {}
    entries = {
        name: {
            **scores(one, reading, spread), "interval": interval(one, reading, spread, blocks)
        }
        for name, one in said.items()
    }  # fmt: skip
    best = max(said, key=lambda name: entries[name]["skill"])

    def lost(one: Tensor) -> Tensor:
        return bootstrap.sums(error(one, reading.truth, spread), blocks)

    compared = bootstrap.beside(best, lost(reading.said), lost(said[best]))
    return {"baseline": entries, "comparison": compared | {"unit": "block"}}
