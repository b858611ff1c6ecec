"""Split conformal prediction: intervals with a given coverage."""

import math

from torch import Tensor

COVERAGE = 0.9


def quantile(errors: Tensor) -> float:
    """Return the bound on 90% of new absolute errors, from a sample (N,): an order statistic.

    Infinite if the sample is too small.
    """
    rank = math.ceil((len(errors) + 1) * COVERAGE)
    return float(errors.sort().values[rank - 1]) if rank <= len(errors) else math.inf
