"""Audit of what tells the target: columns that copy it, or know it too well."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from brique.data.audit import leaks
from brique.data.audit.leaks import Leak
from brique.data.audit.seen import Seen
from brique.data.column import Column as Given
from brique.data.finding import Finding
from brique.schema import Category, Field, Number, Text

LEAST = 20  # rows below which chance alone tells the target
_INDEX = 0.5  # share of what the base leaves that a column of row numbers may not tell
_TIMES = 3  # rows of each value, at least, of a column that may name groups
_DIGITS = re.compile(r"\d+")


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
    if len(seen.source) < LEAST:
        return
    goals = [column for column in columns if column.name in seen.source.targets]
    inputs = [column for column in columns if column.name not in seen.source.targets]
    is_alone = _is_alone(seen)
    for goal in goals:
        for column in inputs:
            if is_index(seen, column) and (share := _told_by_index(column, goal)) >= _INDEX:
                yield _finding_of_index(column, goal, share)
            else:
                found = _told(
                    column.name, column.values, goal, is_category=isinstance(column.kind, Category)
                )
                yield from (one for one in found if one.severity == "error" or not is_alone)
        for name, values in () if is_alone else _stems(seen):
            if isinstance(goal.kind, Category):
                yield from _told(name, values, goal, is_category=True)


def is_index(seen: Seen, column: Column) -> bool:
    """Tell whether a column counts the rows, or numbers them in another order."""
    if not isinstance(column.kind, Number):
        return False
    values = column.values[seen.part == 0] if (seen.part == 0).any() else column.values
    n = len(values)
    if n < LEAST or np.isnan(values).any() or (values != np.rint(values)).any():
        return False
    if len(np.unique(values)) < 0.9 * n:
        return False
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all() or np.ptp(values) < 2 * n)


def _is_alone(seen: Seen) -> bool:
    """Tell whether a text or code is all there is to learn from: that it tells much is the aim."""
    kinds = [kind for name, kind in seen.kinds.items() if name not in seen.source.targets]
    return len(kinds) == 1 and isinstance(kinds[0], Text | Category)


def _told(name: str, values: np.ndarray, goal: Column, *, is_category: bool) -> Iterator[Finding]:
    """Yield the finding of a column that tells the target."""
    is_class = isinstance(goal.kind, Category)
    tell = leaks.of_class if is_class else leaks.of_number
    leak = tell(values, goal.values, is_category=is_category)
    if (
        leak is not None
        and leak.is_sure
        and leak.gain >= (leaks.LARGE if is_class else leaks.CLOSE)
    ):
        yield _finding(
            name, goal, leak, is_group=is_category and _has_one_each(values, goal.values)
        )


def _has_one_each(values: np.ndarray, goal: np.ndarray) -> bool:
    """Tell whether all rows of a value have one target, as those of a patient may have."""
    rows = np.stack([values, goal], 1)[~np.isnan(values) & ~np.isnan(goal)]
    known, targets = len(np.unique(rows[:, 0])), len(np.unique(rows[:, 1]))
    return targets < known == len(np.unique(rows, axis=0)) and len(rows) >= _TIMES * known


def _told_by_index(column: Column, goal: Column) -> float:
    """Return the share of what the base leaves that the number of the row tells."""
    if not isinstance(goal.kind, Category):
        return leaks.of_order(column.values, goal.values)
    leak = leaks.of_class(column.values, goal.values, is_category=False)
    return leak.gain if leak is not None and leak.is_sure else 0.0


def _stems(seen: Seen) -> Iterator[tuple[str, np.ndarray]]:
    """Yield columns of names, such as cat_017 or scans/cat/3.png, by folder and without digits.

    A column is such if most of its values differ, but few do once the digits are left out.
    """
    for name, kind in seen.kinds.items():
        column = seen.source.fields[name]
        if name in seen.source.targets or not isinstance(kind, Text | Category):
            continue
        if not isinstance(column, Given):
            continue
        texts = [column.said(row) for row in range(len(column))]
        if 2 * len(set(texts)) <= len(texts):
            continue
        for plain in (
            [re.split(r"[/\\]", text)[:-1] for text in texts],
            [_DIGITS.sub("", text) for text in texts],
        ):
            words = np.array([str(one) for one in plain])
            known, places = np.unique(words, return_inverse=True)
            if 1 < len(known) <= max(2, len(texts) / 10):
                yield name, places.astype(np.float64)
                break


def _finding_of_index(column: Column, goal: Column, share: float) -> Finding:
    return Finding(
        "copies target", "error", None, ((column.name, goal.name),), 1,
        f"'{column.name}' numbers the rows, and the rows lie in an order that tells"
        f" '{goal.name}': the number alone explains {share:.1%} of what always answering"
        f" {'the commonest class' if isinstance(goal.kind, Category) else 'the mean'} gets wrong.",
        f"Leave it out: --types '{column.name}=leave'.",
    )  # fmt: skip


def _finding(name: str, goal: Column, leak: Leak, *, is_group: bool) -> Finding:
    is_class = isinstance(goal.kind, Category)
    rest = "it may have been written down after the target was known, or be made of it."
    if leak.how == "copy":
        reason = f"'{name}' is the target '{goal.name}' under another name: a net that sees"
        reason += " it has nothing to learn, and fails where it is not known."
    elif leak.how == "missing":
        where = "is of one class" if is_class else "lies beyond a bound"
        reason = f"'{name}' is missing where '{goal.name}' {where}, and there alone: {rest}"
    elif leak.how == "ranges":
        reason = f"Each value of '{name}' has a range of '{goal.name}' to itself: {rest}"
    elif is_class:
        reason = f"'{name}' alone tells {leak.told:.2%} of '{goal.name}' on rows held out, where"
        reason += f" always answering the commonest class is right in {leak.base:.2%}: {rest}"
    else:
        reason = f"'{name}' alone goes with '{goal.name}' nearly exactly (R2 {leak.told:.4f}):"
        reason += f" {rest}"
    remedy = f"Leave it out unless it is known before the target is: --types '{name}=leave'."
    if is_group and leak.how == "tells":
        reason += f" Or it names what rows belong to: all of one '{name}' have one '{goal.name}'."
        remedy += f" If new rows are of others, as of new patients: --group '{name}'."
    is_exact = leak.how == "copy" or (leak.how == "missing" and leak.gain == 1)
    return Finding(
        "copies target", "error" if is_exact else "warning", None, ((name, goal.name),), 1,
        reason, remedy,
    )  # fmt: skip
