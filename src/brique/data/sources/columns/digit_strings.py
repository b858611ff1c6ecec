"""Columns of digits that are read neither as numbers nor as timestamps."""

import re

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.columns.date_patterns import best_patterns
from brique.data.sources.columns.guess import RawColumn, column_finding, format_rows
from brique.schema.numerals import parse_numeral

_NUMBER_SHARE = 0.5  # of the cells that are numbers or timestamps
_PATTERN_SHARE = 0.9  # of the cells that have one of a few forms
_MAX_PATTERNS = 3  # distinct forms, digits aside
_MAX_CLASSES = 20  # distinct cells that are surely classes
_MIN_PER_CLASS = 2  # mean examples per class that a target needs


def unread_number_findings(raw_column: RawColumn, kind: str, *, is_target: bool) -> list[Finding]:
    """Return a finding if the cells of a column become words but look like numbers.

    kind: the kind of the column. Either most of its cells are numbers and some are not, or they
    share a few forms and differ in their digits: 1:30, 4.1/5, 52°31'N.
    """
    count = int((raw_column.is_known & raw_column.non_test).sum())
    is_rare = kind == "category" and _MIN_PER_CLASS * len(raw_column.distinct) > count
    if (
        len(raw_column.distinct) <= _MAX_CLASSES
        or not raw_column.is_text
        or not (kind == "text" or is_target)
    ):
        return []
    text_rows = _text_rows(raw_column)
    if len(text_rows):
        return [_mixed_finding(raw_column, text_rows, is_target=is_target)]
    if best_patterns(raw_column.distinct, raw_column.name)[1] > _NUMBER_SHARE:
        return []  # the audit reports timestamps
    if (kind == "category" and not is_rare) or not _has_few_patterns(raw_column.sample):
        return []
    cell, row = _first_cell(raw_column, np.flatnonzero(raw_column.is_known))
    role = "classes" if kind == "category" else "words"
    reason = (
        f"'{raw_column.name}' holds cells such as '{cell}' ({row}), which are neither numbers"
        f" nor timestamps: they are read as {role}, without size or order."
    )
    remedy = (
        "Write each quantity as one number in a column, as 90 for 1:30; where cells only name"
        f" rows, say --types '{raw_column.name}=leave'."
    )
    severity = "error" if is_target else "warning"
    return [column_finding("not read", severity, raw_column, (reason, remedy), np.empty(0, int))]


def _text_rows(raw_column: RawColumn) -> np.ndarray:
    """Return the rows without a number if most cells are numbers; else none."""
    is_number = [parse_numeral(cell) is not None for cell in raw_column.sample]
    if np.mean(is_number) <= _NUMBER_SHARE or raw_column.is_code.any():
        return np.empty(0, int)
    return np.flatnonzero(np.isnan(raw_column.numbers.values) & raw_column.is_known)


def _mixed_finding(raw_column: RawColumn, text_rows: np.ndarray, *, is_target: bool) -> Finding:
    cell, row = _first_cell(raw_column, text_rows)
    role = "classes" if is_target else "words"
    reason = (
        f"'{raw_column.name}' holds numbers, and {format_rows(len(text_rows))} with other texts,"
        f" the first '{cell}' in {row}, so all of its cells are read as {role}, without size or"
        " order."
    )
    outcome = "are left out" if is_target else "count as missing"
    remedy = f"Correct them; with --types '{raw_column.name}=number' these rows {outcome}."
    severity = "error" if is_target else "warning"
    return column_finding("not read", severity, raw_column, (reason, remedy), text_rows)


def _first_cell(raw_column: RawColumn, rows: np.ndarray) -> tuple[str, str]:
    return str(raw_column.values[int(rows[0])].as_py()), str(raw_column.row_names[int(rows[0])])


def _has_few_patterns(cells: list[str]) -> bool:
    """Tell whether most cells begin with digits, signs aside, and are alike but for these."""
    patterns = [re.sub(r"\d+", "0", cell) for cell in cells if re.match(r"[\W_]*\d", cell)]
    top_counts = sorted((patterns.count(pattern) for pattern in set(patterns)), reverse=True)[
        :_MAX_PATTERNS
    ]
    return sum(top_counts) >= _PATTERN_SHARE * len(cells)
