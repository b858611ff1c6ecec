"""Whether a net differs from a baseline by more than chance, on the same examples."""

import math
from typing import Any

from torch import Tensor

SIGNIFICANCE_LEVEL = 0.05


def compare_with_baseline(
    net_correct: Tensor, best: str, baseline_correct: Tensor
) -> dict[str, Any]:
    """Return a net beside the best baseline, as JSON values.

    net_correct, baseline_correct: whether each named an example rightly: (N,), bool, of the same N examples.
    best: name of the baseline.
    Returns "best", "examples", "only_net" and "only_baseline" (how many only one of them named
    rightly), "p" and "outcome": "better" or "worse" where p < 0.05, else "even".
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
    """Return how likely two equally good readers differ at least as much: exact, two-sided.

    only_first, only_second: examples that only the one, and only the other, named rightly.
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
