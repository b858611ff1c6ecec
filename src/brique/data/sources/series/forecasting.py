"""Forecasting: a table with a column of time, cut into windows of past and future."""

from dataclasses import replace

import numpy as np
import torch

from brique.data.files.place import Place, list_files
from brique.data.raw.source import Source
from brique.data.sources.series.timed_table import FIRST_ROWS, TimedTable, timed_table
from brique.data.sources.series.windows import (
    SeriesArrays,
    cut_windows,
    fill_forward,
    find_gaps,
    row_parts,
    window_starts,
)
from brique.data.sources.table_files.any_format import may_be_table, read_cells
from brique.errors import DataError
from brique.options import Options
from brique.schema import Number
from brique.schema.messages import alternatives

KIND: str = "series"
USES: frozenset[str] = frozenset(
    {"target", "header", "sheet", "time", "length", "horizon", "types", "group", "decimal"}
)
_DEFAULT_HORIZON = 24
_MIN_SHIFT = 0.5  # std between the means of train and test for a finding


def fits(place: Place) -> bool:
    """Return False: a series looks like any table, so it needs kind=."""
    return False


def read(name: str, place: Place, options: Options) -> Source:
    """Return the windows of the series in a table.

    Field "past", Number (length, C): the last `length` values of all columns; and the target
    "future", Number (horizon,), or (horizon, K) for K targets, "A,B". Columns of few classes are
    one-hot channels. A missing value in the past is the last known one.
    Test is the last 20% of the time steps, valid the last tenth of the rest. A window is in the
    part that holds all of its future; its past may lie in the part before, as in inference.
    Windows whose future lies in two parts are left out, and windows across a gap in time.
    group: the column that names the series of a row, if there are several.
    Raises DataError without a time, a target, or a window to train on.
    """
    table = timed_table(
        name, read_cells(_table_file(name, place), options.header, sheet=options.sheet), options
    )
    targets = _targets(table, options)
    _add_findings(table, targets)
    if not options.whole:
        _check_varied(table, targets)
    part = row_parts(table.times)
    arrays = _series_arrays(table, targets, part)
    horizon, length = _window_lengths(table, options)
    gap_rows, step = find_gaps(arrays)
    _report_gaps(table, gap_rows, step)
    start_rows = window_starts(arrays, gap_rows, length, horizon)
    _check_trainable(table, part, start_rows + length, (length, horizon))
    _note_windows(table, (length, horizon), targets, len(start_rows))
    future = cut_windows(arrays.future, start_rows + length, horizon, name)
    future = future[..., 0] if len(targets) == 1 else future
    past = cut_windows(arrays.values, start_rows, length, name)
    fields = {"past": past, "future": future}
    names = {"past": tuple(table.names), "future": tuple(targets)}
    kinds = {
        field: Number(shape=tuple(value.shape[1:]), names=names[field])
        for field, value in fields.items()
    }
    kinds["past"] = replace(
        kinds["past"], time_index=replace(table.time_index, step=step), **table.number_options
    )
    source = Source(name, dict(fields), dict(kinds), ("future",))
    source.part = torch.from_numpy(part[start_rows + length].astype(np.uint8))
    source.is_final = True
    source.digests = start_rows.astype(np.uint64)  # windows overlap, but none repeats
    source.names = table.time_texts[start_rows + length].tolist()
    source.times = table.times[start_rows + length]
    source.skipped = table.cells.skipped
    source.notes = [*table.cells.notes, *table.notes]
    source.findings = [*table.cells.findings, *table.findings]
    return source


def _series_arrays(table: TimedTable, targets: list[str], part: np.ndarray) -> SeriesArrays:
    """Return the numbers of a table; missing values in the past are filled forward."""
    initial = np.array([_median(column) for column in table.channels[part == 0].T])
    target_columns = [table.names.index(target) for target in targets]
    values = fill_forward(table.channels, table.series, initial).astype(np.float32)
    future = table.channels[:, target_columns].astype(np.float32)
    return SeriesArrays(values, future, table.times, table.ticks, table.series)


def _table_file(name: str, place: Place) -> Place:
    """Return the table at a place. Raises DataError unless there is exactly one."""
    tables = [file for file in list_files(place) if may_be_table(file)]
    if len(tables) != 1:
        raise DataError(
            f"{name}: expected one table (.csv, .xlsx, .parquet, .json) of a series, got"
            f" {len(tables)}; give the file"
        )
    return tables[0]


def _targets(table: TimedTable, options: Options) -> list[str]:
    """Return the columns to forecast. Raises DataError."""
    if options.target is None:
        if len(table.names) == 1:
            return table.names
        raise DataError(
            f"{table.name}: which of {', '.join(table.names)} is the target? Name it with"
            " --target, several as A,B"
        )
    if options.target in table.names:
        return [options.target]
    if options.target.isdecimal() and 0 < int(options.target) <= len(table.cells.columns):
        options = replace(options, target=list(table.cells.columns)[int(options.target) - 1])
    targets = [name.strip() for name in (options.target or "").split(",")]
    for name in targets:
        if name not in table.names:
            raise DataError(
                f"{table.name}: --target names '{name}', which is not a column of numbers"
                f"{alternatives(name, table.names)}"
            )
    return targets


def _add_findings(table: TimedTable, targets: list[str]) -> None:
    """Add findings on missing values, and on a level shift between train and test."""
    missing_counts = np.isnan(table.channels).sum(0)
    missing = [
        (name, f"{int(count):,}")
        for name, count in zip(table.names, missing_counts, strict=True)
        if count
    ]
    if missing:
        counts_text = ", ".join(f"{count} of {name}" for name, count in missing[:5])
        table.add_finding(
            "missing", "warning" if {name for name, _ in missing} & set(targets) else "note",
            list(missing),
            f"Of {len(table.channels):,} time steps, missing values: {counts_text}. In the past"
            " of a window the"
            " last value replaces a missing one; windows whose future lacks one are left out.",
            "Fill them in the file if you know better, or leave a column out with --types.",
        )  # fmt: skip
    part = row_parts(table.times)
    for target in targets:
        column = table.channels[:, table.names.index(target)]
        train, test = (
            column[(part == 0) & ~np.isnan(column)],
            column[(part == 2) & ~np.isnan(column)],
        )
        if not len(train) or not len(test):
            continue
        shift = abs(test.mean() - train.mean()) / (train.std() or 1.0)
        if shift >= _MIN_SHIFT:
            table.add_finding(
                "level", "note", [(target, f"{train.mean():.4g}", f"{test.mean():.4g}")],
                f"The mean of {target} is {train.mean():.4g} in train and {test.mean():.4g} in"
                f" test, {shift:.1f} std apart: a net meets levels that it has not learned.",
                "Forecast changes, or subtract each window's last value.",
            )  # fmt: skip


def _check_varied(table: TimedTable, targets: list[str]) -> None:
    """Raise DataError where a target never changes."""
    for target in targets:
        column = table.channels[:, table.names.index(target)]
        values = column[~np.isnan(column)]
        if len(values) and values.min() == values.max():
            raise DataError(
                f"{table.name}: the target '{target}' is {values[0]:g} at every time step, so"
                " there is nothing to forecast; choose another with --target"
            )


def _median(column: np.ndarray) -> float:
    values = column[~np.isnan(column)]
    return float(np.median(values)) if len(values) else 0.0


def _window_lengths(table: TimedTable, options: Options) -> tuple[int, int]:
    """Return the horizon and the length of the past. Raises DataError."""
    for option, value in (("length", options.length), ("horizon", options.horizon)):
        if value is not None and value < 1:
            raise DataError(
                f"{table.name}: --{option} must be 1 or more time steps, got {value}; choose how"
                " many"
            )
    shortest = int(np.bincount(table.series).min())
    horizon = options.horizon or max(1, min(_DEFAULT_HORIZON, shortest // 20))
    return horizon, options.length or 4 * horizon


def _report_gaps(table: TimedTable, gap_rows: np.ndarray, step: float | None) -> None:
    if step is None and len(table.times) > 2:
        row_items = [
            (f"row {row}", str(time_text))
            for row, time_text in zip(table.row_numbers, table.time_texts, strict=True)
        ]
        table.add_finding(
            "uneven", "warning", row_items[:FIRST_ROWS],
            f"The time steps of {table.name} are uneven; the rows are used in their order:"
            f" {', '.join(time_text for _, time_text in row_items[:3])} ...",
            "Check whether --time names the right column, and --group the column of the"
            " series; or resample the rows to even steps.",
        )  # fmt: skip
    if len(gap_rows):
        time_text, rows = table.time_texts, table.row_numbers
        table.add_finding(
            "gap", "warning",
            [(f"row {rows[i]}", f"{time_text[i - 1]} to {time_text[i]}") for i in gap_rows],
            f"{table.name} has {len(gap_rows):,} gap{'s' * (len(gap_rows) > 1)} in time, the first"
            f" before row {rows[gap_rows[0]]} ({time_text[gap_rows[0] - 1]} to"
            f" {time_text[gap_rows[0]]}); windows across a gap are left out.",
            "Add the missing rows, with empty cells for unknown values.",
        )  # fmt: skip


def _check_trainable(
    table: TimedTable, part: np.ndarray, future_rows: np.ndarray, lengths: tuple[int, int]
) -> None:
    """Raise DataError if no window is left to train on."""
    if not (part[future_rows] == 0).any():
        length, horizon = lengths
        missing_count = int(np.isnan(table.channels[part == 0]).any(axis=1).sum())
        missing_text = f" ({missing_count:,} lack a value)" if missing_count else ""
        raise DataError(
            f"{table.name}: no window of {length} past and {horizon} future time steps fits into"
            f" the {int((part == 0).sum()):,} time steps for training{missing_text}; choose a"
            f" smaller --length or --horizon{' or fill in missing values' if missing_count else ''}"
        )


def _note_windows(
    table: TimedTable, lengths: tuple[int, int], targets: list[str], count: int
) -> None:
    names = table.names if len(table.names) <= 12 else [*table.names[:12], "..."]
    table.notes.append(
        f"{table.name}: {count:,} windows: the next {lengths[1]} of {', '.join(targets)} from the"
        f" last {lengths[0]} of {', '.join(names)}; --length and --horizon change this."
    )
