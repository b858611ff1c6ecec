"""Whether a net differs from a baseline by more than chance, on the same examples."""

import math
from typing import Any

from torch import Tensor

LEVEL = 0.05


def beside(right: Tensor, best: str, baseline: Tensor) -> dict[str, Any]:
    """Return a net beside the best baseline, as JSON values.

    right, baseline: whether each named an example rightly: (N,), bool, of the same N examples.
    best: name of the baseline.
    Returns "best", "examples", "only_net" and "only_baseline" (how many only one of them named
    rightly), "p" and "outcome": "better" or "worse" where p < 0.05, else "even".
    """
    only_net = int((right & ~baseline).sum())
    only_baseline = int((baseline & ~right).sum())
    p = mcnemar(only_net, only_baseline)
    ahead = "better" if only_net > only_baseline else "worse"
    return {
        "best": best,
        "examples": len(right),
        "only_net": only_net,
        "only_baseline": only_baseline,
        "p": p,
        "outcome": ahead if p < LEVEL else "even",
    }


def mcnemar(first: int, second: int) -> float:
    """Return how likely two equally good readers differ at least as much: exact, two-sided.

    first, second: examples that only the one, and only the other, named rightly.
    Source: McNemar 1947, "Note on the sampling error of the difference between correlated
    proportions or percentages"; binomial instead of chi-squared.

    >>> round(mcnemar(1, 5), 5)
    0.21875
    """
    total = first + second
    tail = math.fsum(
        math.exp(
            math.lgamma(total + 1)
            - math.lgamma(k + 1)
            - math.lgamma(total - k + 1)
            - total * math.log(2)
        )
        for k in range(min(first, second) + 1)
    )
    return min(1.0, 2 * tail)
