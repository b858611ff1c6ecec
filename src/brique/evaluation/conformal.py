"""Split conformal prediction: intervals that hold a share of the truths."""

import math

from torch import Tensor

COVERAGE = 0.9


def quantile(errors: Tensor) -> float:
    """Return what 90% of new misses do not exceed, given some (N,): the upper one of rank order.

    Infinite where there are too few to say.
    """
    rank = math.ceil((len(errors) + 1) * COVERAGE)
    return float(errors.sort().values[rank - 1]) if rank <= len(errors) else math.inf
