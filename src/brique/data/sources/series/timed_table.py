"""A table in the order of time, with findings on its time steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from brique.data.finding import Finding, Severity
from brique.data.sources.columns.guess import RawColumn
from brique.data.sources.series.channels import channels_of
from brique.data.sources.series.time_order import (
    TimeOrder,
    find_series_key,
    series_labels,
    sort_by_time,
)
from brique.data.sources.series.windows import row_parts
from brique.data.sources.table_files.delimited import Cells
from brique.data.sources.tables.time_columns import RowTimes, raw_columns_of, ticks
from brique.data.sources.tables.timeline import find_row_times
from brique.errors import DataError
from brique.options import Options
from brique.schema.messages import alternatives
from brique.schema.time_index import TimeIndex
from brique.schema.timestamp_patterns import SECOND

_MAX_ITEMS = 1000
_MAX_DUPLICATE_SHARE = 0.1  # share of duplicate times that means several series
_MAX_MISSING_SHARE = 0.1  # share of rows without a time that are no typos
FIRST_ROWS = 5  # rows of a file that a finding shows


@dataclass
class TimedTable:
    """A table as series: rows by series, each in the order of time.

    row_numbers: in the file. channels: (T, C), float64, NaN where missing.
    number_options: fields of `brique.schema.Number`.
    """

    name: str
    cells: Cells
    row_numbers: np.ndarray
    times: np.ndarray
    ticks: np.ndarray
    time_texts: np.ndarray
    series: np.ndarray
    time_index: TimeIndex
    names: list[str] = field(default_factory=list[str])
    number_options: dict[str, Any] = field(default_factory=dict[str, Any])
    channels: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    findings: list[Finding] = field(default_factory=list[Finding])
    notes: list[str] = field(default_factory=list[str])

    def add_finding(
        self, kind: str, severity: Severity, items: list[tuple[str, ...]], reason: str, remedy: str
    ) -> None:
        """Add a finding."""
        first_items = tuple(items[:_MAX_ITEMS])
        self.findings.append(Finding(kind, severity, None, first_items, len(items), reason, remedy))


def timed_table(name: str, cells: Cells, options: Options) -> TimedTable:
    """Return the table in the order of time, by series."""
    raw_columns = raw_columns_of(cells, name, options.decimal)
    _check_column_names(name, cells, options)
    time_columns = [column for column, kind in (options.types or {}).items() if kind == "timestamp"]
    row_times = find_row_times(raw_columns, options.time or next(iter(time_columns), None), name)
    key = options.group or find_series_key(row_times, raw_columns, options.types or {})
    if not row_times.is_known.any():
        raise DataError(f"{name}: no row has a readable time; name another column with --time")
    time_order = sort_by_time(row_times, series_labels(raw_columns, key))
    even_ticks, is_monthly = ticks(time_order.micros, is_calendar=row_times.is_calendar)
    table = TimedTable(
        name, cells, cells.rows[time_order.rows], time_order.micros / SECOND, even_ticks,
        row_times.texts[time_order.rows], time_order.series,
        time_index=TimeIndex(
            row_times.columns, row_times.patterns, None, is_monthly, row_times.has_offset, key
        ),
    )  # fmt: skip
    _report_time(table, row_times, raw_columns, is_explicit=options.time is not None)
    _report_order(table, row_times, time_order)
    if key is not None:
        table.time_texts = np.array(
            [
                f"{time_order.labels[i]}: {text}"
                for i, text in zip(time_order.series, table.time_texts, strict=True)
            ],
            object,
        )
        reason = "" if options.group else ", as rows share times or alternate"
        table.notes.append(
            f"{name}: {len(time_order.labels):,} series, named by {key}{reason}; --group chooses."
        )
    used = {
        *row_times.columns,
        *([] if key is None else [key] if key in raw_columns else key.split(",")),
    }
    _add_channels(table, time_order, used, raw_columns, options)
    return table


def _check_column_names(name: str, cells: Cells, options: Options) -> None:
    """Raise DataError if --group or --types names an unknown column."""
    group = options.group or ""
    group_columns = [] if not group else [group] if group in cells.columns else group.split(",")
    for option, names in (("group", group_columns), ("types", list(options.types or {}))):
        for column in names:
            if column not in cells.columns:
                raise DataError(
                    f"{name}: --{option} names no column"
                    f" '{column}'{alternatives(column, cells.columns)}"
                )


def _report_time(
    table: TimedTable,
    row_times: RowTimes,
    raw_columns: Mapping[str, RawColumn],
    *,
    is_explicit: bool,
) -> None:
    """Add findings on how the times of rows are written."""
    name = table.name
    if not row_times.columns and not is_explicit:
        table.add_finding(
            "no time column", "warning", _first_rows(raw_columns),
            f"No column of {name} holds timestamps that can be read, so the rows count as even, in"
            " the order of the file; the finding lists the first rows.",
            "Name the column with --time, several as --time 'Date,Time', or say --time none.",
        )  # fmt: skip
    if row_times.ambiguity is not None:
        reason, is_sure = row_times.ambiguity
        table.add_finding(
            "date as text", "note" if is_sure else "warning",
            [(*row_times.columns, str(row_times.texts[0]))], reason,
            "Write dates as 2024-03-01, which can be read in one way only.",
        )  # fmt: skip
    if row_times.has_offset is None:
        table.add_finding(
            "mixed offsets", "error", [(*row_times.columns, str(row_times.texts[0]))],
            f"{name}: some timestamps of {', '.join(row_times.columns)} are written with their"
            " offset from UTC and others without, which count as UTC.",
            "Write the offset everywhere, as 2024-03-01T17:30+01:00, or nowhere.",
        )  # fmt: skip
    if len(row_times.columns) > 1 and not is_explicit:
        table.notes.append(
            f"{name}: the time is {', '.join(row_times.columns)} together; --time chooses."
        )
    if row_times.unused_columns:
        others = ", ".join(row_times.unused_columns)
        table.notes.append(
            f"{name}: the time is '{', '.join(row_times.columns)}'; {others} also holds"
            " timestamps and is left out; --time chooses."
        )


def _first_rows(raw_columns: Mapping[str, RawColumn]) -> list[tuple[str, ...]]:
    """Return the first rows of the file."""
    columns = {
        name: column.values.slice(0, FIRST_ROWS).to_pylist() for name, column in raw_columns.items()
    }
    count = min(FIRST_ROWS, len(next(iter(raw_columns.values())).values))
    row_names = next(iter(raw_columns.values())).row_names
    return [
        (row_names[row], *(f"{name} {cells[row]}" for name, cells in columns.items()))
        for row in range(count)
    ]


def _report_order(table: TimedTable, row_times: RowTimes, time_order: TimeOrder) -> None:
    """Add findings on rows without a time, out of order, or with a duplicate time."""
    numbers, texts, name = table.cells.rows, row_times.texts, table.name

    def row_items(row_indices: np.ndarray) -> list[tuple[str, ...]]:
        return [(f"row {numbers[row]}", str(texts[row])) for row in row_indices.tolist()]

    without_time = np.flatnonzero(~row_times.is_known)
    if len(without_time):
        is_rare = len(without_time) < _MAX_MISSING_SHARE * len(row_times.is_known)
        table.add_finding(
            "no time", "warning" if is_rare else "error", row_items(without_time),
            f"{len(without_time):,} rows of {name} have no readable timestamp, the first is row"
            f" {numbers[without_time[0]]}; they are left out.",
            "Write their timestamps like the others.",
        )  # fmt: skip
    if time_order.is_descending:
        table.notes.append(
            f"{name}: the newest row is first ({texts[0]}); the rows are sorted by time."
        )
    elif len(time_order.out_of_order):
        table.add_finding(
            "unsorted", "warning", row_items(time_order.out_of_order),
            f"Of the rows of {name} {len(time_order.out_of_order):,} come after a later one, the"
            f" first is row {numbers[time_order.out_of_order[0]]}; they are sorted by time.",
            "Check the timestamps, and sort the file.",
        )  # fmt: skip
    if len(time_order.clock_changes):
        table.add_finding(
            "clock change", "note", row_items(time_order.clock_changes),
            f"The timestamps of {name} are local times: {len(time_order.clock_changes):,} times"
            " an hour is skipped"
            f" or repeated by a clock change, first at row {numbers[time_order.clock_changes[0]]};"
            " the rows are used in their order.",
            "Nothing; timestamps with an offset from UTC would be unambiguous.",
        )  # fmt: skip
    if len(time_order.duplicates):
        _report_duplicates(table, row_items(time_order.duplicates), time_order)


def _report_duplicates(
    table: TimedTable, items: list[tuple[str, ...]], time_order: TimeOrder
) -> None:
    """Add a finding on duplicate times. Raises DataError if there are many."""
    differing = time_order.conflicting_duplicates(
        [values.to_pylist() for values in table.cells.columns.values()]
    )
    first = items[0]
    if len(differing) > _MAX_DUPLICATE_SHARE * (len(time_order.rows) + len(time_order.duplicates)):
        raise DataError(
            f"{table.name}: {len(differing):,} of"
            f" {len(time_order.rows) + len(time_order.duplicates):,} rows have the"
            f" time of another and other values, the first {first[0]} ({first[1]}); if there are"
            " several series, name their column with --group, and if several columns give the time,"
            " name them with --time 'Date,Time'"
        )
    table.add_finding(
        "duplicate time", "error" if differing else "warning", items,
        f"{len(items):,} rows of {table.name} have the time of another, {len(differing):,} of them"
        f" with other values, the first {first[0]} ({first[1]}); one row of each time is kept.",
        "Remove the duplicates; if there are several series, name their column with --group.",
    )  # fmt: skip


def _non_number_hint(raw_columns: Mapping[str, RawColumn]) -> str:
    """Return the cell that keeps a column from being numeric, and a remedy."""
    for column in raw_columns.values():
        invalid_rows = np.flatnonzero(np.isnan(column.numbers.values) & column.is_known)
        if 0 < len(invalid_rows) < len(column.row_names):
            cell, row = (
                column.values[int(invalid_rows[0])].as_py(),
                column.row_names[int(invalid_rows[0])],
            )
            return (
                f"'{cell}' in {row} of '{column.name}' is not a number: correct it, leave it"
                f" empty, or say --types '{column.name}=number'"
            )
    return "check the file"


def _add_channels(
    table: TimedTable,
    time_order: TimeOrder,
    used: set[str],
    raw_columns: Mapping[str, RawColumn],
    options: Options,
) -> None:
    """Take the channels from the columns other than time and series."""
    train = row_parts(table.times) == 0
    remaining = {
        column: raw_column for column, raw_column in raw_columns.items() if column not in used
    }
    channels = channels_of(remaining, time_order.rows, train, options.types or {}, options.target)
    if not channels.channels:
        raise DataError(
            f"{table.name}: expected a column of numbers beside time, got"
            f" {', '.join(table.cells.columns)}; {_non_number_hint(remaining)}"
        )
    if channels.excluded:
        table.notes.append(
            f"{table.name}: left out: {', '.join(channels.excluded)} (by option, a row counter,"
            " or texts of many kinds); --types with number keeps a counter."
        )
    table.findings += channels.findings
    table.number_options = {"decimal": channels.decimal, "na_values": channels.na_values}
    units = (
        tuple(channels.units.get(name, "") for name in channels.channels) if channels.units else ()
    )
    table.time_index = replace(table.time_index, units=units)
    table.names = list(channels.channels)
    table.channels = np.stack(list(channels.channels.values()), 1)
