"""Dealing examples into parts: what belongs together stays so, classes keep their shares.

Examples that belong together are a unit. Units of several are placed one by one, each where it
brings classes nearest to their shares; examples that stand alone then fill what is left.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Hand:
    """What is to be dealt.

    units: (N,), int64, number of each example's unit, from 0.
    strata: (N,), int64, number of each example's class, from 0.
    draws: one uint64 a unit: the fixed draw by which they stand in order.
    """

    units: np.ndarray
    strata: np.ndarray
    draws: np.ndarray


def dealt(hand: Hand, shares: tuple[float, ...], *, home: int | None = None) -> np.ndarray:
    """Return the side of each example (N,), int64, a place in `shares`; no unit is on two sides.

    shares: of the examples on each side; they sum to 1.
    home: the side that must have an example of each class; None: no class may lie on one side
        alone if it has two units.
    Every side with a share gets a unit where there are as many units and classes allow it.
    """
    table = _Table(hand, np.asarray(shares), home)
    for unit in table.order():
        table.place(unit, table.best(unit))
    table.fill_empty()
    sides = table.sides[hand.units]
    alone = np.flatnonzero(sides < 0)
    if len(alone):
        _fill(sides, alone, hand, table)
    return sides


class _Table:
    """Where the units of several examples lie, and how many of each class that makes.

    counts: (S, K + 1), examples on each side by class, and of all classes together.
    left: (K,), examples of each class in units that have no side yet.
    """

    def __init__(self, hand: Hand, shares: np.ndarray, home: int | None) -> None:
        classes = int(hand.strata.max(initial=0)) + 1
        totals = np.bincount(hand.strata, minlength=classes).astype(np.float64)
        self.home, self.shares, self.draws = home, shares, hand.draws
        self.left = totals.copy()
        self.goals = shares[:, None] * np.append(totals, totals.sum())
        self.counts = np.zeros_like(self.goals)
        self.sides = np.full(len(hand.draws), -1, np.int64)
        self.sizes = np.bincount(hand.units, minlength=len(hand.draws))
        pairs, self._times = np.unique(hand.units * classes + hand.strata, return_counts=True)
        self._classes = pairs % classes
        self._starts = np.searchsorted(pairs // classes, np.arange(len(hand.draws) + 1))
        self._all = classes

    def order(self) -> list[int]:
        """Return the units of several: the largest first, of like sizes by their draw.

        If no example stands alone in its unit, so that none can fill a gap, all are such.
        """
        least = 2 if (self.sizes == 1).any() and (self.sizes > 1).mean() < 0.5 else 1
        units = np.flatnonzero(self.sizes >= least)
        octave = np.frexp(self.sizes[units].astype(np.float64))[1]
        return units[np.lexsort((self.draws[units], -octave))].tolist()

    def best(self, unit: int) -> int:
        """Return the side on which a unit brings classes nearest to their shares."""
        classes, times = self._of(unit)
        there, goals = self.counts[:, classes], np.maximum(self.goals[:, classes], 1e-9)
        costs = ((2 * (there - goals) + times) * times / goals).sum(1)
        costs[self.shares == 0] = np.inf
        if self.home is not None:
            if not self._can_leave(unit):
                return self.home
        else:
            own = classes[:-1]
            ends = self.left[own] - times[:-1] <= 0  # classes of which no other unit is left
            elsewhere = self.counts[:, own].sum(0) - self.counts[:, own]
            costs[((elsewhere == 0) & (self.counts[:, own] > 0))[:, ends].any(1)] = np.inf
        return int(costs.argmin())

    def place(self, unit: int, side: int) -> None:
        """Put a unit on a side, away from where it was."""
        classes, times = self._of(unit)
        before = self.sides[unit]
        if before < 0:
            self.left[classes[:-1]] -= times[:-1]
        else:
            self.counts[before, classes] -= times
        self.counts[side, classes] += times
        self.sides[unit] = side

    def fill_empty(self) -> None:
        """Give the smallest unit that can leave to each side that has none, if all are placed."""
        if (self.sides < 0).any():
            return
        for side in np.flatnonzero(self.shares > 0).tolist()[::-1]:
            if (self.sides == side).any():
                continue
            for unit in np.lexsort((self.draws, self.sizes)).tolist():
                alone = (self.sides == self.sides[unit]).sum() == 1
                if not alone and (self.home is None or self._can_leave(unit)):
                    self.place(unit, side)
                    break

    def _can_leave(self, unit: int) -> bool:
        """Tell whether each class of a unit has other examples at home, or to come there."""
        classes, times = (each[:-1] for each in self._of(unit))
        held = self.counts[self.home, classes] + self.left[classes]
        is_counted = self.sides[unit] in (-1, self.home)
        return bool((held - (times if is_counted else 0) > 0).all())

    def _of(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes of a unit and how often each is there; last, all of them."""
        span = slice(self._starts[unit], self._starts[unit + 1])
        times = self._times[span]
        classes = np.append(self._classes[span], self._all)
        return classes, np.append(times, times.sum()).astype(np.float64)


def _fill(sides: np.ndarray, alone: np.ndarray, hand: Hand, table: _Table) -> None:
    """Give the examples that stand alone, in the order of their draws, to sides that want them."""
    order = alone[np.lexsort((hand.draws[hand.units[alone]], hand.strata[alone]))]
    strata = hand.strata[order]
    starts = np.flatnonzero(np.append(True, strata[1:] != strata[:-1]))
    ends = np.append(starts[1:], len(order))
    turn = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        stratum = strata[start]
        want = np.maximum(table.goals[:, stratum] - table.counts[:, stratum], 0)
        want = want if want.sum() else table.shares
        exact = want * ((end - start) / want.sum())
        whole = np.floor(exact + 1e-9).astype(np.int64)
        rest = end - start - int(whole.sum())
        places = (np.arange(len(want)) - turn) % len(want)  # who had one more comes last
        more = np.lexsort((places, -np.round(exact - whole, 9)))[:rest]
        whole[more] += 1
        turn += rest
        sides[order[start:end]] = np.repeat(np.arange(len(want)), whole)
