"""How far chance in the choice of test examples could move a score, and a difference of two."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from brique import keys

LEVEL = 0.05
_TIMES, _DRAWN = 1000, 20_000_000  # resamplings at most; examples drawn in all of them at most
_DRAW = keys.word("resampling")


def interval(score: Callable[[Tensor], Tensor], groups: Tensor) -> tuple[float, float]:
    """Return the 95% interval of a score by the bootstrap.

    score: how often each group is drawn (R, G), float64 -> scores (R,).
    groups: (G,), anything of one entry for each group: a test example, or several that hang
        together and are drawn as one.
    Source: Efron 1979, "Bootstrap methods: another look at the jackknife"; percentiles.
    """
    count = len(groups)
    times = max(100, min(_TIMES, _DRAWN // max(1, count)))
    found: list[Tensor] = []
    generator = keys.generator(_DRAW)
    for start in range(0, times, 50):
        drawn = torch.randint(count, (min(50, times - start), count), generator=generator)
        often = torch.zeros(len(drawn), count, dtype=torch.float64)
        often.scatter_add_(1, drawn, torch.ones((), dtype=torch.float64).expand(drawn.shape))
        found.append(score(often))
    scores = torch.cat(found)
    low, high = scores[scores.isfinite()].quantile(torch.tensor([0.025, 0.975]).double()).tolist()
    return low, high


def beside(best: str, net: Tensor, baseline: Tensor) -> dict[str, Any]:
    """Return a net beside the best baseline, as JSON values.

    net, baseline: what both lose on each of G groups (G,), the less the better.
    Returns "best", "examples" (G), "p" (two-sided, of a paired t-test with many examples) and
    "outcome": "better" or "worse" where p < 0.05, else "even".
    """
    gap = (baseline - net).double()
    spread = float(gap.std()) if len(gap) > 1 else 0.0
    mean = float(gap.mean())
    t = mean / spread * math.sqrt(len(gap)) if spread > 0 else math.inf * (mean != 0)
    p = math.erfc(abs(t) / math.sqrt(2)) if mean else 1.0
    ahead = "better" if mean > 0 else "worse"
    outcome = ahead if p < LEVEL and len(gap) > 1 else "even"
    return {"best": best, "examples": len(gap), "p": p, "outcome": outcome}


def sums(values: Tensor, groups: Tensor) -> Tensor:
    """Return the sum of values (N,) in each group (G,), float64; groups: (N,), int64 from 0."""
    found = torch.zeros(int(groups.max()) + 1, dtype=torch.float64)
    return found.index_add_(0, groups, values.double())
