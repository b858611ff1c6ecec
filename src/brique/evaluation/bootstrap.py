"""How far chance in the choice of test examples could move a score, and a difference of two."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from brique import keys

LEVEL = 0.05
_TIMES, _DRAWN = 1000, 20_000_000  # resamplings at most; examples drawn in all of them at most
_SQUARE = 1.959964**2  # of the normal distribution's 97.5%
_ENOUGH = 0.95  # of the resamplings have a score
_DRAW = keys.word("resampling")


Scored = Callable[[Tensor], Tensor]  # how often each group is drawn (R, G), float64 -> (R,)


def interval(
    score: Scored, examples: Tensor, together: Tensor | None = None
) -> tuple[float, float]:
    """Return the 95% interval of a score by the bootstrap.

    score: how often each example is drawn (R, N), float64 -> scores (R,).
    examples: (N,), anything of one entry for each.
    together: (N,), int64: examples of one number hang together, and are drawn as one.
    NaN, NaN where there is one alone, or so few that in more than 5% of the draws there is no
    score.
    Source: Efron 1979, "Bootstrap methods: another look at the jackknife"; percentiles.
    """
    scores, count = _drawn(score, len(examples), together)
    finite = scores[scores.isfinite()]
    if count < 2 or len(finite) < _ENOUGH * len(scores):
        return math.nan, math.nan
    low, high = finite.quantile(torch.tensor([0.025, 0.975]).double()).tolist()
    if low == high and low in (0.0, 1.0):  # no draw can show what no example is; Wilson 1927 can
        least = count / (count + _SQUARE)
        return (least, 1.0) if low else (0.0, 1 - least)
    return low, high


def beside(
    best: str, net: Tensor, baseline: Tensor, together: Tensor | None = None
) -> dict[str, Any]:
    """Return a net beside the best baseline, as JSON values.

    net, baseline: what both lose on each of N examples (N,), the less the better.
    together: (N,), int64: examples of one number hang together, and count as one.
    Returns "best", "examples" (N, or how many groups), "unit" (what these are), "p" (two-sided, of
    a paired t-test) and "outcome": "better" or "worse" where p < 0.05, else "even".
    """
    gap = (baseline - net).double()
    gap = gap if together is None else sums(gap, together.unique(return_inverse=True)[1])
    spread = float(gap.std()) / math.sqrt(len(gap)) if len(gap) > 1 else 0.0
    return _told(best, float(gap.mean()), spread, len(gap)) | _unit(together)


def beside_score(
    best: str, ahead: Scored, examples: Tensor, together: Tensor | None = None
) -> dict[str, Any]:
    """Return what `beside` does for a score that is no mean over the examples.

    ahead: how often each example is drawn (R, N), float64 -> the net's score less that of the
        baseline (R,). Its spread is found by the bootstrap.
    examples, together: as for `interval`.
    """
    drawn, count = _drawn(ahead, len(examples), together)
    drawn = drawn[drawn.isfinite()]
    is_enough = min(count, len(drawn)) > 1
    spread = float(drawn.std()) * math.sqrt(count / (count - 1)) if is_enough else 0.0
    found = float(ahead(torch.ones(1, len(examples), dtype=torch.float64)))
    found = found if math.isfinite(found) else 0.0
    return _told(best, found, spread, count) | _unit(together)


def _drawn(score: Scored, count: int, together: Tensor | None) -> tuple[Tensor, int]:
    """Return the score of each resampling, (R,), float64, and how many things are drawn from."""
    units = count
    if together is not None:
        kept, together = together.unique(return_inverse=True)
        units = len(kept)
    times = max(100, min(_TIMES, _DRAWN // max(1, count)))
    found: list[Tensor] = []
    generator = keys.generator(_DRAW)
    for start in range(0, times, 50):
        drawn = torch.randint(units, (min(50, times - start), units), generator=generator)
        often = torch.zeros(len(drawn), units, dtype=torch.float64)
        often.scatter_add_(1, drawn, torch.ones((), dtype=torch.float64).expand(drawn.shape))
        found.append(score(often if together is None else often[:, together]))
    return torch.cat(found), units


def _unit(together: Tensor | None) -> dict[str, str]:
    return {"unit": "test example" if together is None else "group"}


def _told(best: str, mean: float, spread: float, count: int) -> dict[str, Any]:
    """Return whether a difference is more than chance, by Student's distribution.

    mean: of the difference. spread: of that mean. count: of groups. Where all groups say the same
    it is asked how often so many coins fall alike.
    """
    if mean == 0 or count < 2:
        p = 1.0
    elif spread > 0:
        from scipy.special import stdtr  # as light as it comes

        p = 2 * float(stdtr(count - 1, -abs(mean) / spread))
    else:
        p = 2 * 0.5**count
    outcome = "even" if p >= LEVEL else "better" if mean > 0 else "worse"
    return {"best": best, "examples": count, "p": p, "outcome": outcome}


def sums(values: Tensor, groups: Tensor) -> Tensor:
    """Return the sum of values (N,) in each group (G,), float64; groups: (N,), int64 from 0."""
    found = torch.zeros(int(groups.max()) + 1, dtype=torch.float64)
    return found.index_add_(0, groups, values.double())
