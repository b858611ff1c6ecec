"""Audit of target leaks: columns that copy the target or predict it too well."""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from brique.data.audit import leak_scores
from brique.data.audit.examples import Examples
from brique.data.audit.leak_scores import Leak
from brique.data.finding import Finding
from brique.data.raw.column import Column as SourceColumn
from brique.schema import Category, Field, Number, Text

MIN_ROWS = 20  # with fewer rows, columns predict the target by chance
_MIN_INDEX_SHARE = 0.5  # of the baseline error that row numbers must not explain
_MIN_ROWS_PER_GROUP = 3  # of each value of a column that may name groups
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


def findings(examples: Examples, columns: Sequence[Column]) -> Iterator[Finding]:
    """Yield the columns that leak the target."""
    if len(examples.source) < MIN_ROWS:
        return
    target_columns = [column for column in columns if column.name in examples.source.targets]
    inputs = [column for column in columns if column.name not in examples.source.targets]
    has_single_input = _has_single_input(examples)
    for target in target_columns:
        for column in inputs:
            if (
                is_index(examples, column)
                and (share := _explained_by_index(column, target)) >= _MIN_INDEX_SHARE
            ):
                yield _index_finding(column, target, share)
            else:
                column_findings = _column_leak(
                    column.name,
                    column.values,
                    target,
                    is_category=isinstance(column.kind, Category),
                )
                yield from (
                    finding
                    for finding in column_findings
                    if finding.severity == "error" or not has_single_input
                )
        for name, values in () if has_single_input else _name_stems(examples):
            if isinstance(target.kind, Category):
                yield from _column_leak(name, values, target, is_category=True)


def is_index(examples: Examples, column: Column) -> bool:
    """Return whether a column numbers the rows, in any order."""
    if not isinstance(column.kind, Number):
        return False
    values = column.values[examples.part == 0] if (examples.part == 0).any() else column.values
    n = len(values)
    if n < MIN_ROWS or np.isnan(values).any() or (values != np.rint(values)).any():
        return False
    if len(np.unique(values)) < 0.9 * n:
        return False
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all() or np.ptp(values) < 2 * n)


def _has_single_input(examples: Examples) -> bool:
    """Return whether the only input is a text or category, which should predict the target."""
    kinds = [kind for name, kind in examples.kinds.items() if name not in examples.source.targets]
    return len(kinds) == 1 and isinstance(kinds[0], Text | Category)


def _column_leak(
    name: str, values: np.ndarray, target: Column, *, is_category: bool
) -> Iterator[Finding]:
    """Yield a finding if a column leaks the target."""
    is_class = isinstance(target.kind, Category)
    measure = leak_scores.class_leak if is_class else leak_scores.number_leak
    leak = measure(values, target.values, is_category=is_category)
    if (
        leak is not None
        and leak.is_significant
        and leak.gain >= (leak_scores.MIN_CLASS_GAIN if is_class else leak_scores.MIN_R2)
    ):
        yield _leak_finding(
            name, target, leak, is_group=is_category and _determines_target(values, target.values)
        )


def _determines_target(values: np.ndarray, target: np.ndarray) -> bool:
    """Return whether all rows of a value have one target, as the rows of a patient may."""
    rows = np.stack([values, target], 1)[~np.isnan(values) & ~np.isnan(target)]
    num_values, num_targets = len(np.unique(rows[:, 0])), len(np.unique(rows[:, 1]))
    return (
        num_targets < num_values == len(np.unique(rows, axis=0))
        and len(rows) >= _MIN_ROWS_PER_GROUP * num_values
    )


def _explained_by_index(column: Column, target: Column) -> float:
    """Return the share of the baseline error that the row number explains."""
    if not isinstance(target.kind, Category):
        return leak_scores.explained_by_order(column.values, target.values)
    leak = leak_scores.class_leak(column.values, target.values, is_category=False)
    return leak.gain if leak is not None and leak.is_significant else 0.0


def _name_stems(examples: Examples) -> Iterator[tuple[str, np.ndarray]]:
    """Yield columns of names, such as cat_017 or scans/cat/3.png, by folder or without digits.

    Most values of such a column are distinct, but few are without their folders or digits.
    """
    for name, kind in examples.kinds.items():
        column = examples.source.fields[name]
        if name in examples.source.targets or not isinstance(kind, Text | Category):
            continue
        if not isinstance(column, SourceColumn):
            continue
        texts = [column.text(row) for row in range(len(column))]
        if 2 * len(set(texts)) <= len(texts):
            continue
        for stems in (
            [re.split(r"[/\\]", text)[:-1] for text in texts],
            [_DIGITS.sub("", text) for text in texts],
        ):
            labels = np.array([str(stem) for stem in stems])
            distinct, inverse = np.unique(labels, return_inverse=True)
            if 1 < len(distinct) <= max(2, len(texts) / 10):
                yield name, inverse.astype(np.float64)
                break


def _index_finding(column: Column, target: Column, share: float) -> Finding:
    return Finding(
        "target leak", "error", None, ((column.name, target.name),), 1,
        f"'{column.name}' numbers the rows, and the rows are sorted in a way that reveals"
        f" '{target.name}': the row number alone explains {share:.1%} of the error of always"
        f" predicting the {'majority class' if isinstance(target.kind, Category) else 'mean'}.",
        f"Leave it out: --types '{column.name}=leave'.",
    )  # fmt: skip


def _leak_finding(name: str, target: Column, leak: Leak, *, is_group: bool) -> Finding:
    is_class = isinstance(target.kind, Category)
    explanation = "it may have been recorded after the target was known, or computed from it."
    if leak.kind == "copy":
        reason = f"'{name}' is a copy of the target '{target.name}': a net that sees it learns"
        reason += " nothing else, and fails where it is unknown."
    elif leak.kind == "missing":
        condition = "is of one class" if is_class else "lies beyond a threshold"
        reason = f"'{name}' is missing exactly where '{target.name}' {condition}: {explanation}"
    elif leak.kind == "ranges":
        reason = f"Each value of '{name}' has its own range of '{target.name}': {explanation}"
    elif is_class:
        reason = (
            f"'{name}' alone predicts '{target.name}' with {leak.score:.2%} accuracy on held-out"
        )
        reason += f" rows (majority class {leak.baseline:.2%}): {explanation}"
    else:
        reason = f"'{name}' alone predicts '{target.name}' almost exactly (R2 {leak.score:.4f}):"
        reason += f" {explanation}"
    remedy = f"Leave it out unless it is known before the target: --types '{name}=leave'."
    if is_group and leak.kind == "predicts":
        reason += f" Or it names groups of rows: each '{name}' has a single '{target.name}'."
        remedy += f" If new rows come from new groups, such as new patients: --group '{name}'."
    is_exact = leak.kind == "copy" or (leak.kind == "missing" and leak.gain == 1)
    return Finding(
        "target leak", "error" if is_exact else "warning", None, ((name, target.name),), 1,
        reason, remedy,
    )  # fmt: skip
