"""Confidence intervals by the bootstrap, and paired tests of a net against a baseline."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from brique import keys

LEVEL = 0.05
_MAX_RESAMPLES = 1000
_MAX_DRAWS = 20_000_000  # examples drawn in all resamples
_Z_SQUARED = 1.959964**2  # the 97.5% quantile of the normal distribution
_MIN_FINITE = 0.95  # share of resamples with a defined statistic
_KEY = keys.text_key("resampling")


Statistic = Callable[[Tensor], Tensor]  # bootstrap weights (R, N), float64 -> values (R,)


def interval(
    statistic: Statistic, examples: Tensor, groups: Tensor | None = None
) -> tuple[float, float]:
    """Return the 95% bootstrap interval of a statistic.

    statistic: bootstrap weights of the examples (R, N), float64 -> values (R,).
    examples: anything of length N.
    groups: (N,), int64: examples of one group are drawn together.
    Returns NaN, NaN for a single example or group, or if the statistic is undefined in more than 5%
    of the resamples.
    Source: Efron 1979, "Bootstrap methods: another look at the jackknife"; percentiles.
    """
    resampled, num_units = _resample(statistic, len(examples), groups)
    finite = resampled[resampled.isfinite()]
    if num_units < 2 or len(finite) < _MIN_FINITE * len(resampled):
        return math.nan, math.nan
    low, high = finite.quantile(torch.tensor([0.025, 0.975]).double()).tolist()
    if low == high and low in (0.0, 1.0):  # no resample differs; take the bound of Wilson 1927
        limit = num_units / (num_units + _Z_SQUARED)
        return (limit, 1.0) if low else (0.0, 1 - limit)
    return low, high


def compare(
    best: str, net_loss: Tensor, baseline_loss: Tensor, groups: Tensor | None = None
) -> dict[str, Any]:
    """Return the comparison of a net with the best baseline, as JSON values.

    net_loss, baseline_loss: the losses of both on each example (N,).
    groups: (N,), int64: examples of one group count as one unit.
    Returns "best", "examples" (number of units), "unit" (test example or group), "p" (two-sided
    paired t-test) and "outcome": "better" or "worse" where p < 0.05, else "even".
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
    """Return what `compare` does, for a score that is not a mean over examples.

    score_difference: bootstrap weights (R, N), float64 -> score of the net minus score of the
        baseline (R,). Its standard error is that of the bootstrap.
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
    """Return the statistic of each resample, (R,), float64, and the number of units."""
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
    """Return the two-sided t-test of a mean difference.

    mean: of the difference. std_error: of that mean. count: number of units. If all units have the
    same difference, it is a sign test.
    """
    if mean == 0 or count < 2:
        p = 1.0
    elif std_error > 0:
        from scipy.special import stdtr  # a light import

        p = 2 * float(stdtr(count - 1, -abs(mean) / std_error))
    else:
        p = 2 * 0.5**count
    outcome = "even" if p >= LEVEL else "better" if mean > 0 else "worse"
    return {"best": best, "examples": count, "p": p, "outcome": outcome}


def group_sums(values: Tensor, groups: Tensor) -> Tensor:
    """Return the sum of values (N,) in each group (G,), float64; groups: (N,), int64 from 0."""
    totals = torch.zeros(int(groups.max()) + 1, dtype=torch.float64)
    return totals.index_add_(0, groups, values.double())
