"""Cells of a column read as timestamps, in tables and in series."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brique.data.finding import Finding, Severity
from brique.data.sources.columns.codes import TimestampColumn
from brique.data.sources.columns.date_patterns import (
    best_patterns,
    is_time_name,
    number_patterns,
    pattern_of,
)
from brique.data.sources.columns.guess import RawColumn, and_more, column_finding, format_rows
from brique.errors import DataError
from brique.schema.timestamp_patterns import SECOND, parse_timestamp

_MAX_RARE_SHARE = 0.1  # share of invalid cells below which they may be typos


@dataclass(frozen=True)
class Timestamps:
    """A column of timestamps.

    micros: (N,), int64, microseconds since 1970, 0 where unknown. is_known: (N,), bool.
    pattern: how they are written. rival: another pattern that fits them.
    has_time: (N,), bool, whether a cell holds a time of day.
    has_offset: (N,), bool, whether a cell holds an offset from UTC.
    """

    micros: np.ndarray
    is_known: np.ndarray
    pattern: str | None
    alternative: str | None
    has_time: np.ndarray
    has_offset: np.ndarray

    @property
    def offset(self) -> bool | None:
        """Whether all are written with their offset; None if only some are."""
        has_offset = self.has_offset[self.is_known]
        return bool(has_offset.all()) if has_offset.all() or not has_offset.any() else None


def parse_timestamps(
    column: RawColumn, pattern: str | None, alternative: str | None = None
) -> Timestamps:
    """Return the cells of a column as timestamps of a pattern."""
    if not column.is_text and "timestamp" in str(column.values.type):
        micros = column.values.cast("timestamp[us]").cast("int64").fill_null(0)
        all_rows = np.ones(len(column.values), bool)
        values = micros.to_numpy(zero_copy_only=False).astype(np.int64)
        return Timestamps(values, column.is_known.copy(), None, None, all_rows, ~all_rows)
    coded = column.raw_codes()
    parsed = [parse_timestamp(cell, pattern) for cell in coded.names]
    is_known = np.array([*(timestamp is not None for timestamp in parsed), False])[coded.codes]
    micros = np.array(
        [*(0 if timestamp is None else timestamp.micros for timestamp in parsed), 0], np.int64
    )
    has_time = np.array(
        [*(timestamp is not None and timestamp.has_time for timestamp in parsed), False]
    )
    has_offset = np.array(
        [*(timestamp is not None and timestamp.has_offset for timestamp in parsed), False]
    )
    codes = coded.codes
    return Timestamps(
        micros[codes], is_known, pattern, alternative, has_time[codes], has_offset[codes]
    )


def check_timestamps(
    column: RawColumn, *, is_explicit: bool
) -> tuple[TimestampColumn, list[Finding]]:
    """Return the cells of a table's column as timestamps, and findings.

    Raises DataError if --types says that they are timestamps and one cannot be read.
    """
    pattern, alternative = written_patterns(column)
    timestamps = parse_timestamps(column, pattern, alternative)
    invalid_rows = np.flatnonzero(~timestamps.is_known & column.is_known)
    if len(invalid_rows) and is_explicit:
        row = int(invalid_rows[0])
        raise DataError(
            f"{column.full_name}: expected timestamps such as 2024-03-01 17:30:00, got"
            f" '{column.values[row].as_py()}' in"
            f" {column.row_names[row]}{and_more(len(invalid_rows))}; write all alike"
        )
    findings = date_findings(column, timestamps)
    if len(invalid_rows):
        reason = (
            f"'{column.name}' holds timestamps, and texts that cannot be read as such in"
            f" {format_rows(len(invalid_rows))}, the first"
            f" '{column.values[int(invalid_rows[0])].as_py()}' in"
            f" {column.row_names[int(invalid_rows[0])]}."
        )
        remedy = "Write them like the others; until then they count as missing."
        is_rare = len(invalid_rows) < _MAX_RARE_SHARE * int(column.is_known.sum())
        severity: Severity = "warning" if is_rare else "error"
        findings.append(
            column_finding("mixed types", severity, column, (reason, remedy), invalid_rows)
        )
    seconds = np.where(timestamps.is_known, timestamps.micros // SECOND, 0)
    offset = None if not column.is_text and pattern is None else timestamps.offset
    return TimestampColumn(seconds, ~timestamps.is_known, pattern, offset), findings


def written_patterns(column: RawColumn) -> tuple[str | None, str | None]:
    """Return the pattern of most timestamps of a column, and the best alternative."""
    if "timestamp" in str(column.values.type):
        return None, None
    patterns = pattern_of(column.distinct)
    if patterns is not None:
        return patterns
    numbers: Sequence[str | None] = number_patterns(column.distinct, column.name)
    best_found = numbers or best_patterns(column.distinct, column.name)[0]
    return (best_found[0], next(iter(best_found[1:]), None)) if best_found else (None, None)


def unread_findings(column: RawColumn) -> list[Finding]:
    """Return a finding if the name of a column suggests timestamps and its texts are none."""
    has_numbers = [len(re.findall(r"\d+", cell)) > 1 for cell in column.sample]
    if not is_time_name(column.name) or not has_numbers or not all(has_numbers):
        return []
    reason = (
        f"'{column.name}' has the name of a time column, but its cells, such as"
        f" '{column.sample[0]}', are not read as timestamps: they count as words, without order."
    )
    remedy = "Write them as 2024-03-01 17:30; months are read by their English names."
    return [
        column_finding("timestamps not read", "warning", column, (reason, remedy), np.empty(0, int))
    ]


def date_findings(column: RawColumn, timestamps: Timestamps) -> list[Finding]:
    """Return findings on how dates were read."""
    findings: list[Finding] = []
    pattern = timestamps.pattern
    if timestamps.offset is None:
        without_offset = np.flatnonzero(timestamps.is_known & ~timestamps.has_offset)
        reason = (
            f"'{column.name}' holds timestamps with an offset from UTC, and others without one in"
            f" {format_rows(len(without_offset))}, which count as UTC."
        )
        remedy = "Write the offset everywhere, as 2024-03-01T17:30+01:00, or nowhere."
        findings.append(
            column_finding("mixed offsets", "error", column, (reason, remedy), without_offset)
        )
    if pattern is None:
        return findings
    severity: Severity = "warning" if timestamps.alternative else "note"
    first = next(iter(column.distinct), "")
    reason = (
        f"'{column.name}' holds dates as text, such as {first}, read {describe_pattern(pattern)}."
    )
    if pattern.startswith("@") or pattern in ("%Y", "%Y%m", "%Y%m%d"):
        severity = "note"
        reason = (
            f"'{column.name}' holds numbers such as {first}, read as {describe_pattern(pattern)}."
        )
    elif timestamps.alternative:
        reason += " The other order fits all of them too."
    remedy = "Write dates as 2024-03-01, which can be read in one way only."
    return [
        *findings,
        column_finding("date as text", severity, column, (reason, remedy), np.empty(0, int)),
    ]


def describe_pattern(pattern: str | None) -> str:
    """Return a pattern in words.

    >>> describe_pattern("%d/%m/%Y"), describe_pattern("@ms")
    ('with the day before the month', 'milliseconds since 1970')
    """
    units = {
        "@s": "seconds since 1970", "@ms": "milliseconds since 1970",
        "@us": "microseconds since 1970", "@ns": "nanoseconds since 1970",
        "@excel": "days of a spreadsheet, since 1899-12-30",
        "%Y": "years", "%Y%m": "year and month", "%Y%m%d": "year, month and day",
    }  # fmt: skip
    if pattern is None or pattern in units:
        return units.get(pattern or "", "as ISO 8601")
    positions = {directive: pattern.find(directive) for directive in ("%d", "%m", "%y")}
    if positions["%d"] < 0 or ("%m" not in pattern and "%B" not in pattern):
        names = {"%Y": "year", "%y": "year", "%m": "month", "%B": "month", "%q": "quarter"}
        names |= {"%G": "year", "%V": "week", "%j": "day of the year"}
        return "as " + " and ".join(
            names[directive] for directive in _directives(pattern) if directive in names
        )
    month = max(positions["%m"], pattern.find("%B"))
    first = "day before the month" if positions["%d"] < month else "month before the day"
    return f"with the {first}" + (", the year first" if pattern.startswith(("%Y", "%y")) else "")


def _directives(pattern: str) -> list[str]:
    return [pattern[i : i + 2] for i in range(len(pattern) - 1) if pattern[i] == "%"]
