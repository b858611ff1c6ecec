"""Stratified assignment of examples to parts, with groups kept together.

Examples of one group are a unit. Units of several examples are assigned one by one, each to the
side that brings classes nearest to their shares; single examples then fill the rest.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GroupedExamples:
    """Examples in units, to be assigned.

    units: (N,), int64, number of each example's unit, from 0.
    strata: (N,), int64, number of each example's class, from 0.
    draws: one uint64 per unit, which decides its order.
    """

    units: np.ndarray
    strata: np.ndarray
    draws: np.ndarray


def assign_stratified(
    examples: GroupedExamples, shares: tuple[float, ...], *, home: int | None = None
) -> np.ndarray:
    """Return the side of each example (N,), int64, an index in `shares`; units stay together.

    shares: of the examples on each side; they sum to 1.
    home: the side that must have an example of each class; None: no class may lie on one side
        alone if it has two units.
    Every side with a share gets a unit, if there are enough units and classes allow it.
    """
    assignment = _Assignment(examples, np.asarray(shares), home)
    for unit in assignment.multi_example_units():
        assignment.assign(unit, assignment.best_part(unit))
    assignment.fill_empty_parts()
    parts = assignment.parts[examples.units]
    singles = np.flatnonzero(parts < 0)
    if len(singles):
        _assign_singles(parts, singles, examples, assignment)
    return parts


class _Assignment:
    """The sides of units of several examples, and the class counts.

    counts: (S, K + 1), examples on each side by class, and of all classes together.
    unassigned: (K,), examples of each class in units that have no side yet.
    """

    def __init__(self, examples: GroupedExamples, shares: np.ndarray, home: int | None) -> None:
        num_classes = int(examples.strata.max(initial=0)) + 1
        totals = np.bincount(examples.strata, minlength=num_classes).astype(np.float64)
        self.home, self.shares, self.draws = home, shares, examples.draws
        self.unassigned = totals.copy()
        self.desired = shares[:, None] * np.append(totals, totals.sum())
        self.counts = np.zeros_like(self.desired)
        self.parts = np.full(len(examples.draws), -1, np.int64)
        self.sizes = np.bincount(examples.units, minlength=len(examples.draws))
        pairs, self._class_counts = np.unique(
            examples.units * num_classes + examples.strata, return_counts=True
        )
        self._classes = pairs % num_classes
        self._starts = np.searchsorted(pairs // num_classes, np.arange(len(examples.draws) + 1))
        self._total_column = num_classes

    def multi_example_units(self) -> list[int]:
        """Return the units of several examples, the largest first, then by their draw.

        Without single examples, which could fill gaps, return all units.
        """
        min_size = 2 if (self.sizes == 1).any() and (self.sizes > 1).mean() < 0.5 else 1
        units = np.flatnonzero(self.sizes >= min_size)
        octave = np.frexp(self.sizes[units].astype(np.float64))[1]
        return units[np.lexsort((self.draws[units], -octave))].tolist()

    def best_part(self, unit: int) -> int:
        """Return the side where a unit brings classes nearest to their shares."""
        classes, unit_counts = self._unit_classes(unit)
        current, desired = self.counts[:, classes], np.maximum(self.desired[:, classes], 1e-9)
        costs = ((2 * (current - desired) + unit_counts) * unit_counts / desired).sum(1)
        costs[self.shares == 0] = np.inf
        if self.home is not None:
            if not self._can_move(unit):
                return self.home
        else:
            unit_classes = classes[:-1]
            is_last = (
                self.unassigned[unit_classes] - unit_counts[:-1] <= 0
            )  # classes of which no other unit is left
            elsewhere = self.counts[:, unit_classes].sum(0) - self.counts[:, unit_classes]
            costs[((elsewhere == 0) & (self.counts[:, unit_classes] > 0))[:, is_last].any(1)] = (
                np.inf
            )
        return int(costs.argmin())

    def assign(self, unit: int, part: int) -> None:
        """Put a unit on a side, away from where it was."""
        classes, unit_counts = self._unit_classes(unit)
        previous = self.parts[unit]
        if previous < 0:
            self.unassigned[classes[:-1]] -= unit_counts[:-1]
        else:
            self.counts[previous, classes] -= unit_counts
        self.counts[part, classes] += unit_counts
        self.parts[unit] = part

    def fill_empty_parts(self) -> None:
        """Give each empty side the smallest unit that can move, once all are assigned."""
        if (self.parts < 0).any():
            return
        for part in np.flatnonzero(self.shares > 0).tolist()[::-1]:
            if (self.parts == part).any():
                continue
            for unit in np.lexsort((self.draws, self.sizes)).tolist():
                is_only = (self.parts == self.parts[unit]).sum() == 1
                if not is_only and (self.home is None or self._can_move(unit)):
                    self.assign(unit, part)
                    break

    def _can_move(self, unit: int) -> bool:
        """Return whether each class of a unit has other examples at home, assigned or not yet."""
        classes, unit_counts = (each[:-1] for each in self._unit_classes(unit))
        remaining = self.counts[self.home, classes] + self.unassigned[classes]
        is_counted = self.parts[unit] in (-1, self.home)
        return bool((remaining - (unit_counts if is_counted else 0) > 0).all())

    def _unit_classes(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes of a unit and their counts; last, the total."""
        span = slice(self._starts[unit], self._starts[unit + 1])
        unit_counts = self._class_counts[span]
        classes = np.append(self._classes[span], self._total_column)
        return classes, np.append(unit_counts, unit_counts.sum()).astype(np.float64)


def _assign_singles(
    parts: np.ndarray, singles: np.ndarray, examples: GroupedExamples, assignment: _Assignment
) -> None:
    """Assign single examples, in the order of their draws, to sides below their share."""
    order = singles[np.lexsort((examples.draws[examples.units[singles]], examples.strata[singles]))]
    strata = examples.strata[order]
    starts = np.flatnonzero(np.append(True, strata[1:] != strata[:-1]))
    ends = np.append(starts[1:], len(order))
    offset = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        stratum = strata[start]
        deficit = np.maximum(assignment.desired[:, stratum] - assignment.counts[:, stratum], 0)
        deficit = deficit if deficit.sum() else assignment.shares
        exact = deficit * ((end - start) / deficit.sum())
        part_counts = np.floor(exact + 1e-9).astype(np.int64)
        remainder = end - start - int(part_counts.sum())
        priority = (np.arange(len(deficit)) - offset) % len(
            deficit
        )  # sides with one more come last
        extra = np.lexsort((priority, -np.round(exact - part_counts, 9)))[:remainder]
        part_counts[extra] += 1
        offset += remainder
        parts[order[start:end]] = np.repeat(np.arange(len(deficit)), part_counts)
