"""Split conformal prediction: intervals that hold a share of the truths."""

import math

from torch import Tensor

COVERED = 0.9


def quantile(missed: Tensor) -> float:
    """Return what 90% of new misses do not exceed, given some (N,): the upper one of rank order.

    Infinite where there are too few to say.
    """
    rank = math.ceil((len(missed) + 1) * COVERED)
    return float(missed.sort().values[rank - 1]) if rank <= len(missed) else math.inf
