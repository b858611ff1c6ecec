"""Series: a table with a column of time, cut into windows of past and future."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from brique.data.asked import Asked
from brique.data.finding import Finding, Severity
from brique.data.place import Place, files
from brique.data.source import Source
from brique.data.sources.cells import is_table, read_cells
from brique.data.sources.delimited import Cells
from brique.data.sources.instants import Instants, instants, is_absent, numbers
from brique.data.sources.windows import Track, cut, filled, gaps, sides, starts
from brique.errors import DataError
from brique.schema import MISSING, Number
from brique.schema.words import instead

KIND: str = "series"
USES: frozenset[str] = frozenset({"target", "header", "time", "length", "ahead", "types", "group"})
_AHEAD = 24
_CLASSES = 16  # of a column that becomes as many channels
_SHIFT = 0.5  # spreads between the means of train and test that are worth a note
_SHOWN = 1000


@dataclass
class _Series:
    """A table as series: rows in the order of time, one series behind the other.

    rows: as the file counts them. channels: (T, C), float64, NaN where missing.
    """

    name: str
    cells: Cells
    rows: np.ndarray
    times: np.ndarray
    ticks: np.ndarray
    said: np.ndarray
    series: np.ndarray
    names: list[str] = field(default_factory=list[str])
    channels: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    findings: list[Finding] = field(default_factory=list[Finding])
    notes: list[str] = field(default_factory=list[str])

    def find(
        self, kind: str, severity: Severity, items: list[tuple[str, ...]], reason: str, remedy: str
    ) -> None:
        """Add a finding."""
        shown = tuple(items[:_SHOWN])
        self.findings.append(Finding(kind, severity, None, shown, len(items), reason, remedy))


def fits(place: Place) -> bool:
    """Tell that a series looks like any table, so that kind= must say it."""
    return False


def read(name: str, place: Place, asked: Asked) -> Source:
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
    table = _ordered(name, read_cells(_file(name, place), asked.header), asked)
    targets = _targets(table, asked)
    _judge(table, targets)
    part = sides(table.times)
    learnt = table.channels[part == 0]
    lead = np.array([_median(column) for column in learnt.T])
    places = [table.names.index(target) for target in targets]
    track = Track(
        filled(table.channels, table.series, lead).astype(np.float32),
        table.channels[:, places].astype(np.float32),
        table.times,
        table.ticks,
        table.series,
    )
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


def _file(name: str, place: Place) -> Place:
    """Return the table at a place. Raises DataError unless there is one alone."""
    tables = [file for file in files(place) if is_table(file)]
    if len(tables) != 1:
        raise DataError(
            f"{name}: expected one table (.csv, .tsv, .parquet, .jsonl) of a series, got"
            f" {len(tables)}; give the file"
        )
    return tables[0]


def _ordered(name: str, cells: Cells, asked: Asked) -> _Series:
    """Return the table in the order of time, each series by itself."""
    when = instants(cells, asked, name)
    column = asked.group or _guessed(cells, when)
    if column is not None and column not in cells.columns:
        raise DataError(
            f"{name}: --group names no column '{column}'{instead(column, cells.columns)}"
        )
    labels = ["" if column is None else str(one) for one in _texts(cells, column)]
    kept, series = np.unique(labels, return_inverse=True)
    order = np.lexsort((when.times, series))
    known = order[np.isfinite(when.times[order])]
    if not len(known):
        raise DataError(f"{name}: no row says its time; name another column with --time")
    same = (np.diff(when.times[known]) == 0) & (np.diff(series[known]) == 0)
    alone = known[np.r_[True, ~same]]
    table = _Series(
        name, cells, cells.rows[alone], when.times[alone],
        replace(when, times=when.times[alone]).ticks(), when.said[alone], series[alone],
    )  # fmt: skip
    _say_order(table, when, series, known[1:][same])
    used = {*when.columns, column}
    if column is not None:
        table.notes.append(f"{name}: {len(kept):,} series, named by {column}; --group chooses.")
        table.said = np.array(
            [f"{kept[i]}: {said}" for i, said in zip(table.series, table.said, strict=True)], object
        )
    if not when.columns:
        table.notes.append(
            f"{name}: no column holds moments, so the rows are taken as even; --time names one."
        )
    _measure(table, alone, {one for one in cells.columns if one in used}, asked)
    return table


def _texts(cells: Cells, column: str | None) -> list[object]:
    return [None] * len(cells.rows) if column is None else cells.columns[column].to_pylist()


def _guessed(cells: Cells, when: Instants) -> str | None:
    """Return the column of texts by which times that repeat are told apart, if one does."""
    if len(np.unique(when.times)) > 0.9 * len(when.times):
        return None
    for column, values in cells.columns.items():
        if column in when.columns or numbers(values) is not None:
            continue
        pairs = set(zip(values.to_pylist(), when.times.tolist(), strict=True))
        if len(pairs) >= 0.99 * len(when.times):
            return column
    return None


def _say_order(table: _Series, when: Instants, series: np.ndarray, doubled: np.ndarray) -> None:
    """Add findings on rows without a time, out of order, or of a time that was there."""
    rows, said, name = table.cells.rows, when.said, table.name
    lost = np.flatnonzero(~np.isfinite(when.times))
    if len(lost):
        table.find(
            "no time", "warning", [(f"row {rows[row]}", str(said[row])) for row in lost.tolist()],
            f"{len(lost):,} rows of {name} say no moment that can be read, the first row"
            f" {rows[lost[0]]}; they are left out.",
            "Write their moments as the others'.",
        )  # fmt: skip
    by_series = np.argsort(series, kind="stable")
    back = np.flatnonzero((np.diff(when.times[by_series]) < 0) & (np.diff(series[by_series]) == 0))
    back = by_series[back + 1]
    if len(back):
        table.find(
            "unsorted", "warning", [(f"row {rows[row]}", str(said[row])) for row in back.tolist()],
            f"Of the rows of {name} {len(back):,} stand after a later one, the first is row"
            f" {rows[back[0]]}; they are sorted by time.",
            "Look whether the moments are right, and sort the file.",
        )  # fmt: skip
    if len(doubled):
        table.find(
            "doubled time", "warning",
            [(f"row {rows[row]}", str(said[row])) for row in doubled.tolist()],
            f"{len(doubled):,} rows of {name} have the time of another, the first row"
            f" {rows[doubled[0]]}; of each time the first row is kept.",
            "Remove what is there twice; if there are several series, name their column with"
            " --group.",
        )  # fmt: skip


def _measure(table: _Series, alone: np.ndarray, used: set[str], asked: Asked) -> None:
    """Take the channels from the columns: numbers, and classes of the training part."""
    kinds = asked.types or {}
    if strange := [column for column in kinds if column not in table.cells.columns]:
        raise DataError(
            f"{table.name}: --types names no column '{strange[0]}'"
            f"{instead(strange[0], table.cells.columns)}"
        )
    channels: dict[str, np.ndarray] = {}
    left = [column for column, kind in kinds.items() if kind == "leave"]
    train = sides(table.times) == 0
    for column, cells in table.cells.columns.items():
        if column in used or column in left:
            continue
        found = numbers(cells)
        if found is None or kinds.get(column) == "category":
            said = cells.take(alone).to_pylist()
            texts = np.array([MISSING if one is None else str(one) for one in said], object)
            classes = sorted(set(texts[train].tolist()))
            if len(classes) > _CLASSES:
                left.append(column)
            else:
                channels |= {f"{column}={one}": (texts == one) * 1.0 for one in classes}
            continue
        _say_strange(table, column, found)
        found = found[alone]
        if len(found) > 2 and (np.diff(found) == 1).all() and kinds.get(column) != "number":
            left.append(column)  # it counts the rows
        else:
            channels[column] = found
    if not channels:
        raise DataError(
            f"{table.name}: expected a column of numbers beside time, got"
            f" {', '.join(table.cells.columns)}; check the file"
        )
    if left:
        table.notes.append(
            f"{table.name}: left out: {', '.join(left)} (told, a count of the rows, or texts of"
            " many kinds); --types with number keeps a count."
        )
    table.names, table.channels = list(channels), np.stack(list(channels.values()), 1)


def _say_strange(table: _Series, column: str, found: np.ndarray) -> None:
    """Add a finding on cells of a column of numbers that are none."""
    import pyarrow as pa

    values = table.cells.columns[column]
    if not pa.types.is_string(values.type):
        return
    odd = np.flatnonzero(np.isnan(found) & ~is_absent(values).to_numpy(zero_copy_only=False))
    if len(odd):
        rows = table.cells.rows
        table.find(
            "not a number", "warning",
            [(f"row {rows[row]}", column, str(values[row])) for row in odd.tolist()],
            f"{len(odd):,} cells of {column} are no numbers, the first '{values[int(odd[0])]}' in"
            f" row {rows[odd[0]]}; they are taken as missing.",
            "Mend them in the file.",
        )  # fmt: skip


def _targets(table: _Series, asked: Asked) -> list[str]:
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


def _judge(table: _Series, targets: list[str]) -> None:
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


def _median(column: np.ndarray) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0


def _lengths(table: _Series, asked: Asked) -> tuple[int, int]:
    """Return how many moments are foretold, and from how many. Raises DataError."""
    for option, value in (("length", asked.length), ("ahead", asked.ahead)):
        if value is not None and value < 1:
            raise DataError(
                f"{table.name}: --{option} must be 1 or more moments, got {value}; choose how many"
            )
    shortest = int(np.bincount(table.series).min())
    ahead = asked.ahead or max(1, min(_AHEAD, shortest // 20))
    return ahead, asked.length or 4 * ahead


def _say_gaps(table: _Series, broken: np.ndarray, step: float | None) -> None:
    if step is None and len(table.times) > 2:
        table.notes.append(
            f"{table.name}: its moments are unevenly apart, and are taken as they follow each"
            " other."
        )
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


def _check(table: _Series, part: np.ndarray, futures: np.ndarray, spans: tuple[int, int]) -> None:
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


def _say_windows(table: _Series, spans: tuple[int, int], targets: list[str], count: int) -> None:
    names = table.names if len(table.names) <= 12 else [*table.names[:12], "..."]
    table.notes.append(
        f"{table.name}: {count:,} windows: the next {spans[1]} of {', '.join(targets)} from the"
        f" last {spans[0]} of {', '.join(names)}; --length and --ahead choose other spans."
    )
