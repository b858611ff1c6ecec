"""Suggestions: other possible readings of a table."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.columns.codes import TimestampColumn
from brique.data.sources.columns.guess import RawColumn
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.tables.multi_label import SEPARATORS
from brique.schema.time_index import format_step

_MIN_ROWS = 50  # rows at least for even time steps
_EVEN_SHARE = 0.95  # share of equal steps between rows


def time_order_findings(
    fields: Mapping[str, Any], name: str, *, has_numeric_targets: bool
) -> list[Finding]:
    """Return a finding for each column of timestamps that orders the rows.

    fields: the columns of a table, in the order of its rows. name: of the table.
    has_numeric_targets: whether the targets are numbers, which could be forecast.
    """
    findings: list[Finding] = []
    for key, column in fields.items():
        if (
            not isinstance(column, TimestampColumn)
            or column.is_missing.any()
            or len(column) < _MIN_ROWS
        ):
            continue
        differences = np.diff(column.seconds)
        if not ((differences > 0).all() or (differences < 0).all()):
            continue
        lengths, counts = np.unique(np.abs(differences), return_counts=True)
        is_even = counts.max() >= _EVEN_SHARE * len(differences)
        spacing = f" by {format_step(int(lengths[counts.argmax()]))}" if is_even else ""
        reason = (
            f"The rows of {name} follow each other in time{spacing} ('{key}'). Neighbors are"
            " often alike: a random split makes a net look better than it will be on later rows."
        )
        suggestion = ", or forecast with --kind series" if has_numeric_targets else ""
        remedy = f"Evaluate on the last rows with --time '{key}'{suggestion}."
        ends = ((column.text(0), column.text(len(column) - 1)),)
        findings.append(Finding("in time", "warning", None, ends, len(column), reason, remedy))
    return findings


def joined_label_findings(raw_column: RawColumn) -> list[Finding]:
    """Return a finding if some classes of a target look like combinations of others."""
    names = set(raw_column.distinct)
    for separator in SEPARATORS:
        parts = {
            name: [part.strip() for part in name.split(separator)] for name in raw_column.distinct
        }
        combined = [
            name for name, labels in parts.items() if len(labels) > 1 and names.issuperset(labels)
        ]
        if combined:
            reason = (
                f"'{raw_column.name}' is read as classes, and {format_names(combined)} as"
                " separate classes, though they look like combinations of the others."
            )
            remedy = f"To predict each label separately, say --types '{raw_column.name}=labels'."
            items = tuple((name,) for name in combined)
            return [Finding("joined labels", "warning", None, items, len(combined), reason, remedy)]
    return []
