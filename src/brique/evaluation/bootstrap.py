"""How far chance in the choice of test examples could move a score, and a difference of two."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from brique import keys

LEVEL = 0.05
_MAX_RESAMPLES, _MAX_DRAWS = (
    1000,
    20_000_000,
)  # resamplings at most; examples drawn in all of them at most
_Z_SQUARED = 1.959964**2  # of the normal distribution's 97.5%
_MIN_FINITE = 0.95  # of the resamplings have a score
_KEY = keys.text_key("resampling")


Statistic = Callable[[Tensor], Tensor]  # how often each group is drawn (R, G), float64 -> (R,)


def interval(
    statistic: Statistic, examples: Tensor, groups: Tensor | None = None
) -> tuple[float, float]:
    """Return the 95% interval of a score by the bootstrap.

    statistic: how often each example is drawn (R, N), float64 -> scores (R,).
    examples: (N,), anything of one entry for each.
    groups: (N,), int64: examples of one number hang together, and are drawn as one.
    NaN, NaN where there is one alone, or so few that in more than 5% of the draws there is no
    score.
    Source: Efron 1979, "Bootstrap methods: another look at the jackknife"; percentiles.
    """
    resampled, num_units = _resample(statistic, len(examples), groups)
    finite = resampled[resampled.isfinite()]
    if num_units < 2 or len(finite) < _MIN_FINITE * len(resampled):
        return math.nan, math.nan
    low, high = finite.quantile(torch.tensor([0.025, 0.975]).double()).tolist()
    if low == high and low in (0.0, 1.0):  # no draw can show what no example is; Wilson 1927 can
        limit = num_units / (num_units + _Z_SQUARED)
        return (limit, 1.0) if low else (0.0, 1 - limit)
    return low, high


def compare(
    best: str, net_loss: Tensor, baseline_loss: Tensor, groups: Tensor | None = None
) -> dict[str, Any]:
    """Return a net beside the best baseline, as JSON values.

    net_loss, baseline_loss: what both lose on each of N examples (N,), the less the better.
    groups: (N,), int64: examples of one number hang together, and count as one.
    Returns "best", "examples" (N, or how many groups), "unit" (what these are), "p" (two-sided, of
    a paired t-test) and "outcome": "better" or "worse" where p < 0.05, else "even".
    """
    difference = (baseline_loss - net_loss).double()
    difference = (
        difference
        if groups is None
        else group_sums(difference, groups.unique(return_inverse=True)[1])
    )
    std_error = float(difference.std()) / math.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return _t_test(best, float(difference.mean()), std_error, len(difference)) | _unit(groups)


def compare_scores(
    best: str, score_difference: Statistic, examples: Tensor, groups: Tensor | None = None
) -> dict[str, Any]:
    """Return what `beside` does for a score that is no mean over the examples.

    score_difference: how often each example is drawn (R, N), float64 -> the net's score less that of the
        baseline (R,). Its spread is found by the bootstrap.
    examples, groups: as for `interval`.
    """
    resampled, num_units = _resample(score_difference, len(examples), groups)
    resampled = resampled[resampled.isfinite()]
    has_enough = min(num_units, len(resampled)) > 1
    std_error = (
        float(resampled.std()) * math.sqrt(num_units / (num_units - 1)) if has_enough else 0.0
    )
    estimate = float(score_difference(torch.ones(1, len(examples), dtype=torch.float64)))
    estimate = estimate if math.isfinite(estimate) else 0.0
    return _t_test(best, estimate, std_error, num_units) | _unit(groups)


def _resample(statistic: Statistic, count: int, groups: Tensor | None) -> tuple[Tensor, int]:
    """Return the score of each resampling, (R,), float64, and how many things are drawn from."""
    num_units = count
    if groups is not None:
        unique, groups = groups.unique(return_inverse=True)
        num_units = len(unique)
    repeats = max(100, min(_MAX_RESAMPLES, _MAX_DRAWS // max(1, count)))
    scores: list[Tensor] = []
    generator = keys.generator(_KEY)
    for start in range(0, repeats, 50):
        indices = torch.randint(
            num_units, (min(50, repeats - start), num_units), generator=generator
        )
        weights = torch.zeros(len(indices), num_units, dtype=torch.float64)
        weights.scatter_add_(1, indices, torch.ones((), dtype=torch.float64).expand(indices.shape))
        scores.append(statistic(weights if groups is None else weights[:, groups]))
    return torch.cat(scores), num_units


def _unit(groups: Tensor | None) -> dict[str, str]:
    return {"unit": "test example" if groups is None else "group"}


def _t_test(best: str, mean: float, std_error: float, count: int) -> dict[str, Any]:
    """Return whether a difference is more than chance, by Student's distribution.

    mean: of the difference. spread: of that mean. count: of groups. Where all groups say the same
    it is asked how often so many coins fall alike.
    """
    if mean == 0 or count < 2:
        p = 1.0
    elif std_error > 0:
        from scipy.special import stdtr  # as light as it comes

        p = 2 * float(stdtr(count - 1, -abs(mean) / std_error))
    else:
        p = 2 * 0.5**count
    outcome = "even" if p >= LEVEL else "better" if mean > 0 else "worse"
    return {"best": best, "examples": count, "p": p, "outcome": outcome}


def group_sums(values: Tensor, groups: Tensor) -> Tensor:
    """Return the sum of values (N,) in each group (G,), float64; groups: (N,), int64 from 0."""
    totals = torch.zeros(int(groups.max()) + 1, dtype=torch.float64)
    return totals.index_add_(0, groups, values.double())
