"""The last window of each series in a table, as input of a forecast."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from brique.data.sources.columns.guess import RawColumn
from brique.data.sources.series.time_order import TimeOrder, series_labels, sort_by_time
from brique.data.sources.table_files.any_format import read_cells
from brique.data.sources.tables.time_columns import RowTimes, raw_columns_of, ticks
from brique.data.sources.tables.timeline import find_row_times, times_as_trained
from brique.errors import DataError
from brique.schema import MISSING, Number
from brique.schema.messages import alternatives
from brique.schema.time_index import TimeIndex

_MAX_DUPLICATE_SHARE = 0.1  # rows of equal times, as a share, in a table of several series


@dataclass(frozen=True)
class LastWindow:
    """The last L time steps of one series of a table.

    name: of the series, if the model knows several.
    values: (L, C), float32; or the error. notes: about the prediction.
    """

    name: str | None
    values: Tensor | DataError
    notes: tuple[str, ...] = ()


def last_windows(file: Path, kind: Number) -> list[LastWindow]:
    """Return the last L time steps of each series of a table; columns are found by name.

    file: a table as for `data.open(kind="series")`. Its rows are sorted by time, read as in
        training; without times they stay in order.
    kind: of the past that a model takes: L time steps of C named columns.
    A missing value is filled with the last one before it, or the mean of the column; one of
    several rows of equal times is kept.
    Raises DataError if a column is missing, or several series cannot be distinguished. The values
    of a series are an error if it has too few rows, another time step than in training, gaps in
    the last L time steps, or texts in place of numbers.
    """
    clock = kind.time_index
    needed_columns = {name for name in kind.names if "=" not in name} | {
        *(clock.columns if clock else ())
    }
    columns = raw_columns_of(read_cells(file, None, expected_names=needed_columns), file.name)
    times = (
        find_row_times(columns, None, file.name)
        if clock is None
        else times_as_trained(columns, clock, file.name)
    )
    key = None if clock is None else clock.key
    for series in [] if key is None or key in columns else key.split(","):
        if series not in columns:
            raise _missing_column_error(
                file.name, series, ", which names the series of a row", columns
            )
    rows = sort_by_time(times, series_labels(columns, key))
    _check_single_series(columns, rows, file.name)
    notes = () if times.columns else (
        "no column says the time, so its rows are taken as even, in the order of the file",
    )  # fmt: skip
    if times.ambiguity is not None and not times.ambiguity[1]:
        notes = (*notes, times.ambiguity[0].removesuffix("."))
    if rows.is_descending:
        notes = (*notes, f"the newest row is first ({times.texts[0]}), so the rows are sorted")
    series_numbers = np.unique(rows.series) if len(rows.rows) else np.zeros(1, np.int64)
    windows: list[LastWindow] = []
    for series in series_numbers.tolist():
        name = None if key is None else rows.labels[series]
        where = file.name if name is None else f"{file.name} ({name})"
        try:
            values: Tensor | DataError = _last_window(
                columns, times, _rows_of_series(rows, series), kind, where
            )
        except DataError as error:
            values = error
        windows.append(LastWindow(name, values, notes))
    return windows


def _rows_of_series(rows: TimeOrder, series: int) -> tuple[np.ndarray, np.ndarray]:
    is_own = rows.series == series
    return rows.rows[is_own], rows.micros[is_own]


def _last_window(
    columns: Mapping[str, RawColumn],
    times: RowTimes,
    rows: tuple[np.ndarray, np.ndarray],
    kind: Number,
    where: str,
) -> Tensor:
    """Return the last L time steps (L, C) of one series. Raises DataError."""
    positions, micros = rows
    length = kind.shape[0]
    if len(positions) < length:
        raise DataError(
            f"{where}: expected {length} moments or more, got {len(positions)}; give the last"
            f" {length} rows of the series"
        )
    _check_steps(times, positions, micros, kind, where)
    means = kind.mean if isinstance(kind.mean, tuple) else (0.0,) * len(kind.names)
    units = (
        kind.time_index.units
        if kind.time_index and kind.time_index.units
        else ("",) * len(kind.names)
    )
    arrays: list[np.ndarray] = []
    for name, mean, unit in zip(kind.names, means, units, strict=True):
        number_kind = Number(
            mean, unit=unit or None, fill=0.0, decimal=kind.decimal, na_values=kind.na_values
        )
        window_rows = positions[_first_needed(columns.get(name), positions, length) :]
        arrays.append(_column(columns, name, window_rows, number_kind, where)[-length:])
    return torch.from_numpy(np.stack(arrays, axis=1).astype(np.float32))


def _first_needed(column: RawColumn | None, positions: np.ndarray, length: int) -> int:
    """Return the first row to read: of the last ones, or back to one with a value."""
    first = len(positions) - length
    is_known = None if column is None else column.is_known[positions]
    while is_known is not None and first > 0 and not is_known[first]:
        first -= 1
    return first


def _check_single_series(columns: Mapping[str, RawColumn], rows: TimeOrder, where: str) -> None:
    """Raise DataError if many rows have equal times and different values."""
    values = [cut.values.to_pylist() for cut in columns.values()]
    duplicates = rows.conflicting_duplicates(values)
    count = len(rows.rows) + len(rows.duplicates)
    if len(duplicates) > _MAX_DUPLICATE_SHARE * count:
        raise DataError(
            f"{where}: expected one series, got {len(duplicates):,} of {count:,} rows with the time"
            " of another; give each series a file of its own"
        )


def _check_steps(
    times: RowTimes, positions: np.ndarray, micros: np.ndarray, kind: Number, where: str
) -> None:
    """Raise DataError if the last rows have another time step than in training."""
    length = kind.shape[0]
    tick_times, is_monthly = ticks(micros, is_calendar=times.is_calendar)
    tick_times, texts = tick_times[-length:], times.texts[positions[-length:]]
    intervals = np.diff(tick_times)
    if not len(intervals) or (kind.time_index is not None and kind.time_index.step is None):
        return
    own_clock = replace(
        kind.time_index or TimeIndex(), columns=times.columns, patterns=times.patterns
    )
    own_clock = replace(own_clock, step=float(np.median(intervals)), is_monthly=is_monthly)
    clock = kind.time_index or own_clock
    interval, tick_seconds = (
        clock.seconds or 1.0,
        (own_clock.seconds or 1.0) / (own_clock.step or 1.0),
    )
    if not clock.has_similar_step(own_clock):
        raise DataError(
            f"{where}: expected rows {clock.step_text} apart, as in training, got"
            f" {own_clock.step_text} ({texts[-2]}, then {texts[-1]}); give rows at that step"
        )
    gaps = np.flatnonzero(np.abs(intervals * tick_seconds - interval) > 0.5 * interval)
    if len(gaps):
        raise DataError(
            f"{where}: expected the last {length} moments without a gap, got {texts[gaps[0]]} and"
            f" then {texts[gaps[0] + 1]}; add the rows that lack, with empty cells where nothing"
            " is known"
        )


def _column(
    columns: Mapping[str, RawColumn],
    name: str,
    positions: np.ndarray,
    number_kind: Number,
    where: str,
) -> np.ndarray:
    """Return a column of numbers, or the indicator of a class ("wind=NE"): (T,)."""
    if name in columns:
        return _numbers(columns[name], positions, number_kind, where)
    column, is_class, class_name = name.rpartition("=")
    if is_class and column in columns:
        texts = columns[column].texts()
        return np.array(
            [(texts[row] or MISSING) == class_name for row in positions.tolist()], float
        )
    raise _missing_column_error(where, name, ", which the model was trained with", columns)


def _numbers(
    column: RawColumn, positions: np.ndarray, number_kind: Number, where: str
) -> np.ndarray:
    """Return the numbers of rows (T,); a missing one is filled with the last before it.

    number_kind: their format; its mean fills before the first.
    """
    last = number_kind.mean if isinstance(number_kind.mean, float) else 0.0
    numbers = np.empty(len(positions))
    cells = column.values.take(positions).to_pylist()
    for position, (row, cell) in enumerate(zip(positions.tolist(), cells, strict=True)):
        try:
            value = float(number_kind.prepare(cell))
        except DataError as error:
            raise DataError(
                f"{where}: expected a number in the column '{column.name}', got '{cell}' in"
                f" {column.row_names[row]} ({error}); correct it, or leave the cell empty"
            ) from error
        last = last if np.isnan(value) else value
        numbers[position] = last
    return numbers


def _missing_column_error(
    where: str, name: str, purpose: str, columns: Mapping[str, RawColumn]
) -> DataError:
    return DataError(f"{where}: there is no column '{name}'{purpose}{alternatives(name, columns)}")
