"""Series: a table with a column of time, cut into windows of past and future."""

from dataclasses import replace

import numpy as np
import torch

from brique.data.place import Place, files
from brique.data.source import Source
from brique.data.sources.cells import may_be_table, read_cells
from brique.data.sources.timed import FIRST, Timed, timed
from brique.data.sources.windows import Track, cut, filled, gaps, sides, starts
from brique.errors import DataError
from brique.options import Options
from brique.schema import Number
from brique.schema.words import instead

KIND: str = "series"
USES: frozenset[str] = frozenset(
    {"target", "header", "sheet", "time", "length", "horizon", "types", "group", "decimal"}
)
_AHEAD = 24
_SHIFT = 0.5  # spreads between the means of train and test that are worth a note


def fits(place: Place) -> bool:
    """Tell that a series looks like any table, so that kind= must say it."""
    return False


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the windows of the series in a table.

    Field "past", Number (length, C): the last `length` values of all columns; and the target
    "future", Number (ahead,), or (ahead, K) for K targets, "A,B". Columns of few classes become a
    channel for each. What is missing in the past is the last value that was there.
    Test is the last 20% of the moments, valid the last tenth of those before. A window is of the
    part that holds all of its future; its past may lie before the border, as in use; one whose
    future lies in two parts is left out, and so is one that goes over a gap in time.
    group: the column that names the series of a row, where there are several.
    Raises DataError where there is no time, no target, or no window to train on.
    """
    table = timed(name, read_cells(_file(name, place), asked.header, sheet=asked.sheet), asked)
    targets = _targets(table, asked)
    _judge(table, targets)
    if not asked.whole:
        _check_varied(table, targets)
    part = sides(table.times)
    track = _track(table, targets, part)
    ahead, length = _lengths(table, asked)
    broken, step = gaps(track)
    _say_gaps(table, broken, step)
    rows = starts(track, broken, length, ahead)
    _check(table, part, rows + length, (length, ahead))
    _say_windows(table, (length, ahead), targets, len(rows))
    future = cut(track.future, rows + length, ahead, name)
    future = future[..., 0] if len(targets) == 1 else future
    past = cut(track.values, rows, length, name)
    fields = {"past": past, "future": future}
    names = {"past": tuple(table.names), "future": tuple(targets)}
    kinds = {
        field: Number(shape=tuple(value.shape[1:]), names=names[field])
        for field, value in fields.items()
    }
    kinds["past"] = replace(kinds["past"], clock=replace(table.clock, step=step), **table.written)
    source = Source(name, dict(fields), dict(kinds), ("future",))
    source.part = torch.from_numpy(part[rows + length].astype(np.uint8))
    source.is_final = True
    source.digests = rows.astype(np.uint64)  # windows overlap; none is there twice
    source.names = table.said[rows + length].tolist()
    source.times = table.times[rows + length]
    source.skipped = table.cells.skipped
    source.notes = [*table.cells.notes, *table.notes]
    source.findings = [*table.cells.findings, *table.findings]
    return source


def _track(table: Timed, targets: list[str], part: np.ndarray) -> Track:
    """Return the numbers of a table, those that are missing in the past filled from before."""
    lead = np.array([_median(column) for column in table.channels[part == 0].T])
    places = [table.names.index(target) for target in targets]
    values = filled(table.channels, table.series, lead).astype(np.float32)
    future = table.channels[:, places].astype(np.float32)
    return Track(values, future, table.times, table.ticks, table.series)


def _file(name: str, place: Place) -> Place:
    """Return the table at a place. Raises DataError unless there is one alone."""
    tables = [file for file in files(place) if may_be_table(file)]
    if len(tables) != 1:
        raise DataError(
            f"{name}: expected one table (.csv, .xlsx, .parquet, .json) of a series, got"
            f" {len(tables)}; give the file"
        )
    return tables[0]


def _targets(table: Timed, asked: Options) -> list[str]:
    """Return the columns that are to be foretold. Raises DataError."""
    if asked.target is None:
        if len(table.names) == 1:
            return table.names
        raise DataError(
            f"{table.name}: which of {', '.join(table.names)} is to be foretold? Name it with"
            " --target, several as A,B"
        )
    if asked.target in table.names:
        return [asked.target]
    if asked.target.isdecimal() and 0 < int(asked.target) <= len(table.cells.columns):
        asked = replace(asked, target=list(table.cells.columns)[int(asked.target) - 1])
    wanted = [one.strip() for one in (asked.target or "").split(",")]
    for one in wanted:
        if one not in table.names:
            raise DataError(
                f"{table.name}: --target names '{one}', which is no column of numbers"
                f"{instead(one, table.names)}"
            )
    return wanted


def _judge(table: Timed, targets: list[str]) -> None:
    """Add findings on what is missing, and on a level that differs between train and test."""
    lost = np.isnan(table.channels).sum(0)
    lacking = [(name, f"{int(n):,}") for name, n in zip(table.names, lost, strict=True) if n]
    if lacking:
        listed = ", ".join(f"{n} of {name}" for name, n in lacking[:5])
        table.find(
            "missing", "warning" if {name for name, _ in lacking} & set(targets) else "note",
            list(lacking),
            f"Of {len(table.channels):,} moments there lack {listed}. In the past of a window the"
            " last value stands for one that is missing; windows whose future lacks one are left"
            " out.",
            "Fill them in the file if you know better, or leave a column out with --types.",
        )  # fmt: skip
    part = sides(table.times)
    for target in targets:
        column = table.channels[:, table.names.index(target)]
        train, test = (
            column[(part == 0) & ~np.isnan(column)],
            column[(part == 2) & ~np.isnan(column)],
        )
        if not len(train) or not len(test):
            continue
        shift = abs(test.mean() - train.mean()) / (train.std() or 1.0)
        if shift >= _SHIFT:
            table.find(
                "level", "note", [(target, f"{train.mean():.4g}", f"{test.mean():.4g}")],
                f"The mean of {target} is {train.mean():.4g} in train and {test.mean():.4g} in"
                f" test, {shift:.1f} spreads apart: a net meets levels that it has not learnt.",
                "Foretell changes, or take each window's last value away, rather than levels.",
            )  # fmt: skip


def _check_varied(table: Timed, targets: list[str]) -> None:
    """Raise DataError where a target never changes."""
    for target in targets:
        column = table.channels[:, table.names.index(target)]
        known = column[~np.isnan(column)]
        if len(known) and known.min() == known.max():
            raise DataError(
                f"{table.name}: the target '{target}' is {known[0]:g} at every moment, so there is"
                " nothing to foretell; choose another with --target"
            )


def _median(column: np.ndarray) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0


def _lengths(table: Timed, asked: Options) -> tuple[int, int]:
    """Return how many moments are foretold, and from how many. Raises DataError."""
    for option, value in (("length", asked.length), ("horizon", asked.horizon)):
        if value is not None and value < 1:
            raise DataError(
                f"{table.name}: --{option} must be 1 or more moments, got {value}; choose how many"
            )
    shortest = int(np.bincount(table.series).min())
    ahead = asked.horizon or max(1, min(_AHEAD, shortest // 20))
    return ahead, asked.length or 4 * ahead


def _say_gaps(table: Timed, broken: np.ndarray, step: float | None) -> None:
    if step is None and len(table.times) > 2:
        shown = [
            (f"row {row}", str(said)) for row, said in zip(table.rows, table.said, strict=True)
        ]
        table.find(
            "uneven", "warning", shown[:FIRST],
            f"The moments of {table.name} are unevenly apart, and are taken as they follow each"
            f" other: {', '.join(said for _, said in shown[:3])} ...",
            "Look whether --time names the column that is meant, and --group the column of the"
            " series; or bring the rows to one step.",
        )  # fmt: skip
    if len(broken):
        said, rows = table.said, table.rows
        table.find(
            "gap", "warning",
            [(f"row {rows[row]}", f"{said[row - 1]} to {said[row]}") for row in broken.tolist()],
            f"Moments lack at {len(broken):,} places of {table.name}, the first before row"
            f" {rows[broken[0]]} ({said[broken[0] - 1]} to {said[broken[0]]}); windows that go over"
            " one are left out.",
            "Add the rows that lack, with empty cells where nothing is known.",
        )  # fmt: skip


def _check(table: Timed, part: np.ndarray, futures: np.ndarray, spans: tuple[int, int]) -> None:
    """Raise DataError where no window is left to train on."""
    if not (part[futures] == 0).any():
        length, ahead = spans
        lost = int(np.isnan(table.channels[part == 0]).any(axis=1).sum())
        lacks = f", of which {lost:,} lack a value," if lost else ""
        raise DataError(
            f"{table.name}: no window of {length} moments and {ahead} ahead lies whole in the"
            f" {int((part == 0).sum()):,} moments for training{lacks}; choose a smaller --length or"
            f" --ahead{' or fill in what is missing' if lost else ''}"
        )


def _say_windows(table: Timed, spans: tuple[int, int], targets: list[str], count: int) -> None:
    names = table.names if len(table.names) <= 12 else [*table.names[:12], "..."]
    table.notes.append(
        f"{table.name}: {count:,} windows: the next {spans[1]} of {', '.join(targets)} from the"
        f" last {spans[0]} of {', '.join(names)}; --length and --ahead choose other spans."
    )
