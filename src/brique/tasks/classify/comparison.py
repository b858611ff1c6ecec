"""McNemar's test: whether a net and a baseline differ significantly on the same examples."""

import math
from typing import Any

from torch import Tensor

SIGNIFICANCE_LEVEL = 0.05


def compare_with_baseline(
    net_correct: Tensor, best: str, baseline_correct: Tensor
) -> dict[str, Any]:
    """Return the comparison of a net with the best baseline, as JSON values.

    net_correct, baseline_correct: whether each predicts an example correctly, (N,), bool.
    best: name of the baseline.
    Returns "best", "examples", "only_net" and "only_baseline" (examples that only one of them
    predicts correctly), "p" and "outcome": "better" or "worse" where p < 0.05, else "even".
    """
    only_net = int((net_correct & ~baseline_correct).sum())
    only_baseline = int((baseline_correct & ~net_correct).sum())
    p = mcnemar(only_net, only_baseline)
    direction = "better" if only_net > only_baseline else "worse"
    return {
        "best": best,
        "examples": len(net_correct),
        "only_net": only_net,
        "only_baseline": only_baseline,
        "p": p,
        "outcome": direction if p < SIGNIFICANCE_LEVEL else "even",
    }


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the p-value of the exact two-sided test that two classifiers are equally accurate.

    only_first, only_second: examples that only the first, or the second, predicts correctly.
    Source: McNemar 1947, "Note on the sampling error of the difference between correlated
    proportions or percentages"; binomial instead of chi-squared.

    >>> round(mcnemar(1, 5), 5)
    0.21875
    """
    total = only_first + only_second
    tail = math.fsum(
        math.exp(
            math.lgamma(total + 1)
            - math.lgamma(k + 1)
            - math.lgamma(total - k + 1)
            - total * math.log(2)
        )
        for k in range(min(only_first, only_second) + 1)
    )
    return min(1.0, 2 * tail)
