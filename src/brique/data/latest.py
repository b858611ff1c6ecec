"""The last moments of a series in a table, as a model is asked how it goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from brique.data.asked import Asked
from brique.data.sources.cells import read_cells
from brique.data.sources.delimited import Cells
from brique.data.sources.instants import Instants, instants, numbers
from brique.data.sources.windows import Track, gaps
from brique.errors import DataError
from brique.schema import MISSING, Number
from brique.schema.kinds import ABSENT
from brique.schema.words import instead

_DOUBLED = 0.1  # share of rows with the time of another that makes them several series


def latest(file: Path, kind: Number) -> Tensor:
    """Return the last L moments of a table (L, C), float32, the columns found by their names.

    file: a table as for `data.open(kind="series")`, of one series. Its rows are taken in the order
        of their times, where a column tells them, else as they stand.
    kind: of the past that a model takes: L moments of C named columns.
    What is missing is the last value that was there, before any the column's mean; of rows with the
    same time the first is kept.
    Raises DataError where a column lacks, there are too few rows, or several series; where moments
    lack among the last L, or texts stand in place of numbers.
    """
    cells = read_cells(file, None)
    when = instants(cells, Asked(), file.name)
    known = np.flatnonzero(np.isfinite(when.times))
    rows = known[np.argsort(when.times[known], kind="stable")]
    _check_alone(cells, when, rows, file.name)
    rows = rows[np.r_[True, np.diff(when.times[rows]) != 0]] if len(rows) else rows
    length = kind.shape[0]
    if len(rows) < length:
        raise DataError(
            f"{file.name}: expected {length} moments or more, got {len(rows)}; give the last"
            f" {length} rows of the series"
        )
    _check_gaps(when, rows, length, file.name)
    means = kind.mean if isinstance(kind.mean, tuple) else (0.0,) * len(kind.names)
    columns = [
        _filled(_column(cells, name, file.name, rows[-length:])[rows], mean)[-length:]
        for name, mean in zip(kind.names, means, strict=True)
    ]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def _check_alone(cells: Cells, when: Instants, rows: np.ndarray, where: str) -> None:
    """Raise DataError where many rows have the time of another, and say something else."""
    again = np.flatnonzero(np.diff(when.times[rows]) == 0)
    columns = [column.to_pylist() for column in cells.columns.values()]
    pairs = [(rows[place], rows[place + 1]) for place in again.tolist()]
    others = sum(any(column[a] != column[b] for column in columns) for a, b in pairs)
    if others > _DOUBLED * len(rows):
        raise DataError(
            f"{where}: expected one series, got {others:,} of {len(rows):,} rows with the time of"
            " another; give each series a file of its own"
        )


def _check_gaps(when: Instants, rows: np.ndarray, length: int, where: str) -> None:
    """Raise DataError where moments lack among the last ones, which training leaves out too."""
    alone = np.zeros((len(rows), 1), np.float32)
    ticks = replace(when, times=when.times[rows]).ticks()
    track = Track(alone, alone, when.times[rows], ticks, np.zeros(len(rows), np.int64))
    broken, _ = gaps(track)
    late = broken[broken > len(rows) - length]
    if len(late):
        before, after = when.said[rows[late[0] - 1]], when.said[rows[late[0]]]
        raise DataError(
            f"{where}: expected the last {length} moments without a gap, got {before} and then"
            f" {after}; add the rows that lack, with empty cells where nothing is known"
        )


def _column(cells: Cells, name: str, where: str, last: np.ndarray) -> np.ndarray:
    """Return a column of numbers, or whether a column of texts is of a class ("wind=NE"): (T,).

    Raises DataError where a cell of the last rows holds neither a number nor nothing.
    """
    if name in cells.columns:
        found = numbers(cells.columns[name])
        if found is None:
            raise DataError(
                f"{where}: expected numbers in the column '{name}', got"
                f" '{cells.columns[name][0].as_py()}'; write numbers there"
            )
        _check_numbers(cells, name, found, where, last)
        return found
    column, is_class, kept = name.rpartition("=")
    if is_class and column in cells.columns:
        said = cells.columns[column].to_pylist()
        return np.array([(MISSING if one is None else str(one)) == kept for one in said], float)
    raise DataError(
        f"{where}: there is no column '{name}', which the model was trained with"
        f"{instead(name, cells.columns)}"
    )


def _check_numbers(
    cells: Cells, name: str, found: np.ndarray, where: str, last: np.ndarray
) -> None:
    said = cells.columns[name].to_pylist()
    for row in last.tolist():
        text = said[row]
        if np.isnan(found[row]) and isinstance(text, str) and text.strip().casefold() not in ABSENT:
            raise DataError(
                f"{where}: expected a number in the column '{name}', got '{text}' in row"
                f" {cells.rows[row]}; correct it, or leave the cell empty"
            )


def _filled(values: np.ndarray, first: float) -> np.ndarray:
    """Return values (T,) in which what is missing is the last one before."""
    places = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(places >= 0, values[np.maximum(places, 0)], first)
