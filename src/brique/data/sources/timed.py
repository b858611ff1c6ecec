"""Timed: a table in the order of time, and what should be known of its moments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from brique.data.finding import Finding, Severity
from brique.data.sources.channels import channels_of
from brique.data.sources.chronology import Order, key_of, labels_of, order
from brique.data.sources.delimited import Cells
from brique.data.sources.guess import Cut
from brique.data.sources.pieces import When, cuts_of
from brique.data.sources.timeline import ticks, when
from brique.data.sources.windows import sides
from brique.errors import DataError
from brique.options import Options
from brique.schema.clock import Clock
from brique.schema.words import instead
from brique.schema.written import SECOND

_SHOWN = 1000
_DOUBLED = 0.1  # share of rows with the time of another that makes them several series
_LOST = 0.1  # share of rows without a time that are more than slips
FIRST = 5  # rows that show how a file begins


@dataclass
class Timed:
    """A table as series: rows in the order of time, one series behind the other.

    rows: as the file counts them. channels: (T, C), float64, NaN where missing.
    written: how numbers are, as `brique.schema.Number` has it.
    """

    name: str
    cells: Cells
    rows: np.ndarray
    times: np.ndarray
    ticks: np.ndarray
    said: np.ndarray
    series: np.ndarray
    clock: Clock
    names: list[str] = field(default_factory=list[str])
    written: dict[str, Any] = field(default_factory=dict[str, Any])
    channels: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    findings: list[Finding] = field(default_factory=list[Finding])
    notes: list[str] = field(default_factory=list[str])

    def find(
        self, kind: str, severity: Severity, items: list[tuple[str, ...]], reason: str, remedy: str
    ) -> None:
        """Add a finding."""
        shown = tuple(items[:_SHOWN])
        self.findings.append(Finding(kind, severity, None, shown, len(items), reason, remedy))


def timed(name: str, cells: Cells, asked: Options) -> Timed:
    """Return the table in the order of time, each series by itself."""
    cuts = cuts_of(cells, name, asked.decimal)
    _check_named(name, cells, asked)
    told = [column for column, kind in (asked.types or {}).items() if kind == "moment"]
    found = when(cuts, asked.time or next(iter(told), None), name)
    key = asked.group or key_of(found, cuts, asked.types or {})
    if not found.is_known.any():
        raise DataError(f"{name}: no row says its time; name another column with --time")
    rows = order(found, labels_of(cuts, key))
    even, is_monthly = ticks(rows.micros, is_calendar=found.is_calendar)
    table = Timed(
        name, cells, cells.rows[rows.rows], rows.micros / SECOND, even, found.said[rows.rows],
        rows.series,
        clock=Clock(found.columns, found.ways, None, is_monthly, found.offset, key),
    )  # fmt: skip
    _say_time(table, found, cuts, is_told=asked.time is not None)
    _say_order(table, found, rows)
    if key is not None:
        table.said = np.array(
            [f"{rows.labels[i]}: {said}" for i, said in zip(rows.series, table.said, strict=True)],
            object,
        )
        by = "" if asked.group else ", as rows have the time of another, or take turns"
        table.notes.append(
            f"{name}: {len(rows.labels):,} series, named by {key}{by}; --group chooses."
        )
    used = {*found.columns, *([] if key is None else [key] if key in cuts else key.split(","))}
    _measure(table, rows, used, cuts, asked)
    return table


def _check_named(name: str, cells: Cells, asked: Options) -> None:
    """Raise DataError where --group or --types names no column."""
    group = asked.group or ""
    named = [] if not group else [group] if group in cells.columns else group.split(",")
    for option, names in (("group", named), ("types", list(asked.types or {}))):
        for one in names:
            if one not in cells.columns:
                raise DataError(
                    f"{name}: --{option} names no column '{one}'{instead(one, cells.columns)}"
                )


def _say_time(table: Timed, found: When, cuts: Mapping[str, Cut], *, is_told: bool) -> None:
    """Add what a person should know of how the rows say their time."""
    name = table.name
    if not found.columns and not is_told:
        table.find(
            "no moments", "warning", _first_rows(cuts),
            f"No column of {name} holds moments that can be read, so the rows are taken as even, in"
            " the order of the file; its first rows are shown.",
            "Name the column with --time, several as --time 'Date,Time', or say --time none.",
        )  # fmt: skip
    if found.doubt is not None:
        reason, is_sure = found.doubt
        table.find(
            "date as text", "note" if is_sure else "warning",
            [(*found.columns, str(found.said[0]))], reason,
            "Write dates as 2024-03-01, which can be read in one way only.",
        )  # fmt: skip
    if found.offset is None:
        table.find(
            "mixed offsets", "error", [(*found.columns, str(found.said[0]))],
            f"{name}: some moments of {', '.join(found.columns)} are written with their offset from"
            " UTC and others without, which are taken for UTC.",
            "Write the offset everywhere, as 2024-03-01T17:30+01:00, or nowhere.",
        )  # fmt: skip
    if len(found.columns) > 1 and not is_told:
        table.notes.append(
            f"{name}: the time is told by {', '.join(found.columns)} together; --time chooses."
        )
    if found.others:
        others = ", ".join(found.others)
        table.notes.append(
            f"{name}: the time is '{', '.join(found.columns)}'; {others} also holds moments, left"
            " out; --time chooses."
        )


def _first_rows(cuts: Mapping[str, Cut]) -> list[tuple[str, ...]]:
    """Return the first rows as the file has them."""
    columns = {name: cut.values.slice(0, FIRST).to_pylist() for name, cut in cuts.items()}
    count = min(FIRST, len(next(iter(cuts.values())).values))
    called = next(iter(cuts.values())).called
    return [
        (called[row], *(f"{name} {cells[row]}" for name, cells in columns.items()))
        for row in range(count)
    ]


def _say_order(table: Timed, found: When, rows: Order) -> None:
    """Add findings on rows without a time, out of order, or of a time that was there."""
    numbers, said, name = table.cells.rows, found.said, table.name

    def shown(places: np.ndarray) -> list[tuple[str, ...]]:
        return [(f"row {numbers[row]}", str(said[row])) for row in places.tolist()]

    lost = np.flatnonzero(~found.is_known)
    if len(lost):
        is_rare = len(lost) < _LOST * len(found.is_known)
        table.find(
            "no time", "warning" if is_rare else "error", shown(lost),
            f"{len(lost):,} rows of {name} say no moment that can be read, the first row"
            f" {numbers[lost[0]]}; they are left out.",
            "Write their moments as the others'.",
        )  # fmt: skip
    if rows.is_backwards:
        table.notes.append(
            f"{name}: the newest row is first ({said[0]}); the rows are sorted by time."
        )
    elif len(rows.late):
        table.find(
            "unsorted", "warning", shown(rows.late),
            f"Of the rows of {name} {len(rows.late):,} stand after a later one, the first is row"
            f" {numbers[rows.late[0]]}; they are sorted by time.",
            "Look whether the moments are right, and sort the file.",
        )  # fmt: skip
    if len(rows.changes):
        table.find(
            "clock change", "note", shown(rows.changes),
            f"The moments of {name} are local times: {len(rows.changes):,} times an hour is left"
            f" out or comes twice as clocks are changed, first at row {numbers[rows.changes[0]]};"
            " the rows are taken as they follow each other.",
            "Nothing; moments with their offset from UTC would leave no doubt.",
        )  # fmt: skip
    if len(rows.doubled):
        _say_doubled(table, shown(rows.doubled), rows)


def _say_doubled(table: Timed, shown: list[tuple[str, ...]], rows: Order) -> None:
    """Add a finding on rows whose time another has. Raises DataError if these are many."""
    others = rows.differing([values.to_pylist() for values in table.cells.columns.values()])
    first = shown[0]
    if len(others) > _DOUBLED * (len(rows.rows) + len(rows.doubled)):
        raise DataError(
            f"{table.name}: {len(others):,} of {len(rows.rows) + len(rows.doubled):,} rows have the"
            f" time of another and other values, the first {first[0]} ({first[1]}); if there are"
            " several series, name their column with --group, and if the time is told by several"
            " columns, name these with --time 'Date,Time'"
        )
    table.find(
        "doubled time", "error" if others else "warning", shown,
        f"{len(shown):,} rows of {table.name} have the time of another, {len(others):,} of them"
        f" with other values, the first {first[0]} ({first[1]}); of each time one row is kept.",
        "Remove what is there twice; if there are several series, name their column with --group.",
    )  # fmt: skip


def _no_number(cuts: Mapping[str, Cut]) -> str:
    """Return which cell keeps a column from being one of numbers, and what to do."""
    for cut in cuts.values():
        strange = np.flatnonzero(np.isnan(cut.numbers.values) & cut.is_known)
        if 0 < len(strange) < len(cut.called):
            cell, row = cut.values[int(strange[0])].as_py(), cut.called[int(strange[0])]
            return (
                f"'{cell}' in {row} of '{cut.name}' is no number: correct it, leave it empty, or"
                f" say --types '{cut.name}=number'"
            )
    return "check the file"


def _measure(
    table: Timed, rows: Order, used: set[str], cuts: Mapping[str, Cut], asked: Options
) -> None:
    """Take the channels from the columns that do not say time or series."""
    train = sides(table.times) == 0
    rest = {column: cut for column, cut in cuts.items() if column not in used}
    found = channels_of(rest, rows.rows, train, asked.types or {}, asked.target)
    if not found.channels:
        raise DataError(
            f"{table.name}: expected a column of numbers beside time, got"
            f" {', '.join(table.cells.columns)}; {_no_number(rest)}"
        )
    if found.left:
        table.notes.append(
            f"{table.name}: left out: {', '.join(found.left)} (told, a count of the rows, or texts"
            " of many kinds); --types with number keeps a count."
        )
    table.findings += found.findings
    table.written = {"decimal": found.decimal, "absent": found.absent}
    units = tuple(found.units.get(name, "") for name in found.channels) if found.units else ()
    table.clock = replace(table.clock, units=units)
    table.names = list(found.channels)
    table.channels = np.stack(list(found.channels.values()), 1)
