"""Factors of the learning rate as functions of progress, the finished share of the turns."""

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def cosine(progress: float) -> float:
    """Fall from 1 to 0 along half a cosine.

    progress: finished turns / all turns, in [0, 1).
    Source: Loshchilov, Hutter 2016, arXiv:1608.03983, eq. 5 without restarts.
    """
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def linear(progress: float) -> float:
    """Fall from 1 to 0 along a line."""
    return 1.0 - progress


def steps(*milestones: float, factor: float = 0.1) -> Schedule:
    """Return a schedule that is multiplied by `factor` at each of the given progresses.

    >>> schedule = steps(0.5, 0.75, factor=0.5)
    >>> [schedule(p) for p in (0.0, 0.5, 0.8)]
    [1.0, 0.5, 0.25]
    """

    def schedule(progress: float) -> float:
        return float(factor ** sum(progress >= milestone for milestone in milestones))

    return schedule


def warmup(share: float = 0.05, then: Schedule = cosine) -> Schedule:
    """Return a schedule that rises from 1/100 to 1 over the first `share`, then follows `then`.

    The warmup never returns 0, so that the first turn changes the weights.

    >>> warmup(0.1)(0.0)
    0.01
    """

    def schedule(progress: float) -> float:
        if progress < share:
            return 0.01 + 0.99 * progress / share
        return then((progress - share) / (1.0 - share))

    return schedule
