"""The last moments of a series in a table, as a model is asked how it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from brique.data.sources.cells import read_cells
from brique.data.sources.chronology import Order, labels_of, order
from brique.data.sources.guess import Cut
from brique.data.sources.pieces import When, cuts_of
from brique.data.sources.timeline import asked_as, ticks, when
from brique.errors import DataError
from brique.schema import MISSING, Number
from brique.schema.clock import Clock
from brique.schema.words import instead

_DOUBLED = 0.1  # share of rows with the time of another that makes them several series


@dataclass(frozen=True)
class Latest:
    """The last L moments of one series of a table.

    name: of the series, where the model knows several.
    values: (L, C), float32; or why it cannot be asked. notes: what to know of the answer.
    """

    name: str | None
    values: Tensor | DataError
    notes: tuple[str, ...] = ()


def latest(file: Path, kind: Number) -> list[Latest]:
    """Return the last L moments of each series of a table, the columns found by their names.

    file: a table as for `data.open(kind="series")`. Its rows are taken in the order of their times,
        which are read as those of the training data were; where these had none, as they stand.
    kind: of the past that a model takes: L moments of C named columns.
    What is missing is the last value that was there, before any the column's mean; of rows with the
    same time one is kept.
    Raises DataError where a column lacks, or several series are not told apart. A series has one
    where there are too few rows, they have another step than in training, moments lack among the
    last L, or texts stand in place of numbers.
    """
    clock = kind.clock
    sought = {name for name in kind.names if "=" not in name} | {*(clock.columns if clock else ())}
    cuts = cuts_of(read_cells(file, None, known=sought), file.name)
    found = when(cuts, None, file.name) if clock is None else asked_as(cuts, clock, file.name)
    key = None if clock is None else clock.key
    for one in [] if key is None or key in cuts else key.split(","):
        if one not in cuts:
            raise _lacks(file.name, one, ", which names the series of a row", cuts)
    rows = order(found, labels_of(cuts, key))
    _check_alone(cuts, rows, file.name)
    notes = () if found.columns else (
        "no column says the time, so its rows are taken as even, in the order of the file",
    )  # fmt: skip
    if found.doubt is not None and not found.doubt[1]:
        notes = (*notes, found.doubt[0].removesuffix("."))
    if rows.is_backwards:
        notes = (*notes, f"the newest row is first ({found.said[0]}), so the rows are sorted")
    every = np.unique(rows.series) if len(rows.rows) else np.zeros(1, np.int64)
    pasts: list[Latest] = []
    for one in every.tolist():
        name = None if key is None else rows.labels[one]
        where = file.name if name is None else f"{file.name} ({name})"
        try:
            values: Tensor | DataError = _past(cuts, found, _alone(rows, one), kind, where)
        except DataError as error:
            values = error
        pasts.append(Latest(name, values, notes))
    return pasts


def _alone(rows: Order, one: int) -> tuple[np.ndarray, np.ndarray]:
    is_own = rows.series == one
    return rows.rows[is_own], rows.micros[is_own]


def _past(
    cuts: Mapping[str, Cut],
    found: When,
    rows: tuple[np.ndarray, np.ndarray],
    kind: Number,
    where: str,
) -> Tensor:
    """Return the last L moments (L, C) of the rows of one series. Raises DataError."""
    places, micros = rows
    length = kind.shape[0]
    if len(places) < length:
        raise DataError(
            f"{where}: expected {length} moments or more, got {len(places)}; give the last"
            f" {length} rows of the series"
        )
    _check_steps(found, places, micros, kind, where)
    means = kind.mean if isinstance(kind.mean, tuple) else (0.0,) * len(kind.names)
    units = kind.clock.units if kind.clock and kind.clock.units else ("",) * len(kind.names)
    columns: list[np.ndarray] = []
    for name, mean, unit in zip(kind.names, means, units, strict=True):
        reader = Number(mean, unit=unit or None, fill=0.0, decimal=kind.decimal, absent=kind.absent)
        some = places[_first(cuts.get(name), places, length) :]
        columns.append(_column(cuts, name, some, reader, where)[-length:])
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))


def _first(cut: Cut | None, places: np.ndarray, length: int) -> int:
    """Return from where rows are read: the last ones, and back to one that has a value."""
    first = len(places) - length
    is_known = None if cut is None else cut.is_known[places]
    while is_known is not None and first > 0 and not is_known[first]:
        first -= 1
    return first


def _check_alone(cuts: Mapping[str, Cut], rows: Order, where: str) -> None:
    """Raise DataError where many rows have the time of another, and say something else."""
    columns = [cut.values.to_pylist() for cut in cuts.values()]
    others = rows.differing(columns)
    count = len(rows.rows) + len(rows.doubled)
    if len(others) > _DOUBLED * count:
        raise DataError(
            f"{where}: expected one series, got {len(others):,} of {count:,} rows with the time of"
            " another; give each series a file of its own"
        )


def _check_steps(
    found: When, places: np.ndarray, micros: np.ndarray, kind: Number, where: str
) -> None:
    """Raise DataError where the last moments are not as far apart as in training."""
    length = kind.shape[0]
    even, is_monthly = ticks(micros, is_calendar=found.is_calendar)
    even, said = even[-length:], found.said[places[-length:]]
    steps = np.diff(even)
    if not len(steps) or (kind.clock is not None and kind.clock.step is None):
        return
    own = replace(kind.clock or Clock(), columns=found.columns, ways=found.ways)
    own = replace(own, step=float(np.median(steps)), is_monthly=is_monthly)
    clock = kind.clock or own
    step, each = clock.seconds or 1.0, (own.seconds or 1.0) / (own.step or 1.0)
    if not clock.is_like(own):
        raise DataError(
            f"{where}: expected rows {clock.span} apart, as in training, got {own.span}"
            f" ({said[-2]}, then {said[-1]}); give rows at that step"
        )
    broken = np.flatnonzero(np.abs(steps * each - step) > 0.5 * step)
    if len(broken):
        raise DataError(
            f"{where}: expected the last {length} moments without a gap, got {said[broken[0]]} and"
            f" then {said[broken[0] + 1]}; add the rows that lack, with empty cells where nothing"
            " is known"
        )


def _column(
    cuts: Mapping[str, Cut], name: str, places: np.ndarray, reader: Number, where: str
) -> np.ndarray:
    """Return a column of numbers, or whether one of texts is of a class ("wind=NE"): (T,)."""
    if name in cuts:
        return _numbers(cuts[name], places, reader, where)
    column, is_class, kept = name.rpartition("=")
    if is_class and column in cuts:
        said = cuts[column].texts()
        return np.array([(said[row] or MISSING) == kept for row in places.tolist()], float)
    raise _lacks(where, name, ", which the model was trained with", cuts)


def _numbers(cut: Cut, places: np.ndarray, reader: Number, where: str) -> np.ndarray:
    """Return the numbers of rows (T,), in which what is missing is the last one before.

    reader: how they are written; its mean stands before the first.
    """
    last = reader.mean if isinstance(reader.mean, float) else 0.0
    found = np.empty(len(places))
    cells = cut.values.take(places).to_pylist()
    for at, (row, cell) in enumerate(zip(places.tolist(), cells, strict=True)):
        try:
            value = float(reader.prepare(cell))
        except DataError as error:
            raise DataError(
                f"{where}: expected a number in the column '{cut.name}', got '{cell}' in"
                f" {cut.called[row]} ({error}); correct it, or leave the cell empty"
            ) from error
        last = last if np.isnan(value) else value
        found[at] = last
    return found


def _lacks(where: str, name: str, why: str, cuts: Mapping[str, Cut]) -> DataError:
    return DataError(f"{where}: there is no column '{name}'{why}{instead(name, cuts)}")
