"""Audit of what tells the target: columns that copy it, or know it too well."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from brique.data.audit.seen import Seen
from brique.data.finding import Finding
from brique.schema import Category, Field

_LEAST = 20  # rows below which chance alone tells the target
_KNOWN = 0.999  # share of rows whose target a column tells alone, from which it is suspicious


class Column(Protocol):
    """One single-valued field of all examples: (N,), float64, NaN where missing."""

    @property
    def name(self) -> str:
        """Name of the field."""
        ...

    @property
    def kind(self) -> Field:
        """Kind of the field."""
        ...

    @property
    def values(self) -> np.ndarray:
        """Its numbers."""
        ...


def findings(seen: Seen, columns: Sequence[Column]) -> Iterator[Finding]:
    """Yield the columns that tell the target."""
    if len(seen.source) < _LEAST:
        return
    goals = [column for column in columns if column.name in seen.source.targets]
    for goal in goals:
        for column in columns:
            if column is goal or column.name in seen.source.targets:
                continue
            if isinstance(goal.kind, Category):
                share, exact = _told_class(column, goal)
            else:
                share, exact = _told_number(column, goal)
            if share >= _KNOWN:
                yield _finding(column, goal, share, exact)


def _told_class(column: Column, goal: Column) -> tuple[float, bool]:
    """Return the share of rows whose class a column tells alone, and whether it is its copy.

    A column of few values tells for each its commonest class; one of many by as many borders
    between them as there are classes but one, which runs of one class along its order stand for.
    """
    rows = ~(np.isnan(column.values) | np.isnan(goal.values))
    labels = np.unique(goal.values[rows], return_inverse=True)[1]
    values, places = np.unique(column.values[rows], return_inverse=True)
    classes = int(labels.max(initial=-1)) + 1
    if classes < 2 or len(values) < 2 or len(labels) < 0.9 * len(rows):
        return 0.0, False
    pairs, counts = np.unique(places * classes + labels, return_counts=True)
    order = np.lexsort((-counts, pairs // classes))  # the commonest class of each value first
    best = order[np.unique(pairs[order] // classes, return_index=True)[1]]
    share = float(counts[best].sum()) / len(labels)
    if isinstance(column.kind, Category) or len(values) <= 2 * classes:
        few = 10 * len(values) <= len(labels)
        return (share if few else 0.0), share == 1 and len(values) == classes
    likely = pairs[best] % classes
    extra = max(int((likely[1:] != likely[:-1]).sum()) - (classes - 1), 0)
    return share - extra / (2 * len(labels)), False


def _told_number(column: Column, goal: Column) -> tuple[float, bool]:
    """Return the correlation of values or of ranks, and whether one is the other in another unit.

    Source: Spearman 1904, "The proof and measurement of association between two things".
    """
    rows = ~(np.isnan(column.values) | np.isnan(goal.values))
    if isinstance(column.kind, Category) or rows.sum() < 0.9 * len(rows):
        return 0.0, False
    one, two = column.values[rows], goal.values[rows]
    straight = _correlation(one, two)
    if straight >= _KNOWN:
        return straight, straight >= 1 - 1e-7
    ranks = [np.unique(values, return_inverse=True)[1] for values in (one, two)]
    few = min(int(each.max()) for each in ranks) < _LEAST
    return (0.0 if few else _correlation(*(each.astype(np.float64) for each in ranks))), False


def _correlation(one: np.ndarray, two: np.ndarray) -> float:
    one, two = one - one.mean(), two - two.mean()
    scale = float(np.sqrt((one @ one) * (two @ two)))
    return abs(float(one @ two)) / scale if scale else 0.0


def _finding(column: Column, goal: Column, share: float, exact: bool) -> Finding:
    if exact:
        reason = f"'{column.name}' is the target '{goal.name}' under another name: a net that sees"
        reason += " it has nothing to learn, and fails where it is not known."
    else:
        how = f"tells {share:.2%} of '{goal.name}'" if isinstance(goal.kind, Category) else (
            f"goes with '{goal.name}' nearly exactly (correlation {share:.4f})"
        )  # fmt: skip
        reason = f"'{column.name}' alone {how}: it may have been written down after the target was"
        reason += " known, or be made of it."
    return Finding(
        "copies target", "error" if exact else "warning", None, ((column.name, goal.name),), 1,
        reason,
        f"Leave it out unless it is known before the target is: --types '{column.name}=leave'.",
    )  # fmt: skip
