"""Chronology: the rows of a table in the order of time, each series by itself."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from brique.data.sources.guess import Cut
from brique.data.sources.patterns import are_numbers, words_of
from brique.data.sources.pieces import DAY, When
from brique.data.sources.timeline import evenness
from brique.schema.written import SECOND

_HOUR = 3600 * SECOND
_REPEATED = 0.9  # share of different times below which some repeat as those of several series do
_APART = 0.99  # share of rows that a key and the time tell from each other
_EVEN = 0.9  # share of the commonest step of times that are even
_BACKWARDS = 0.9  # share of steps back in a file whose newest row is first
_ROWS = 5  # of a series at least, on average
_SHORT = 100_000  # rows of which pairs of columns are tried
_KEYS = frozenset(
    ("id", "sensor", "station", "device", "meter", "site", "series", "symbol", "ticker", "name")
)
_SUNDAYS = {3: (8, 25), 4: (1, 24), 9: (24, 1), 10: (25, 1), 11: (1, 1)}  # days they begin at


@dataclass
class Order:
    """The rows that have a time, one series behind the other, each in the order of time.

    rows: (T,), int64, their places in the file. micros: (T,), int64, without clock changes.
    series: (T,), int64. labels: what each series is called.
    doubled: places of rows whose time another has, which is kept; doubled_as: its series and time.
    late: places of rows that stand after a later one in the file. is_backwards: whether nearly all
        do: the newest row is first.
    changes: places of the first rows after a change of the clock.
    """

    rows: np.ndarray
    micros: np.ndarray
    series: np.ndarray
    labels: list[str]
    doubled: np.ndarray
    doubled_as: list[tuple[int, int]]
    late: np.ndarray
    is_backwards: bool
    changes: np.ndarray

    def differing(self, columns: Sequence[Sequence[object]]) -> list[int]:
        """Return those of the doubled rows that say something else than the one that is kept.

        columns: of the file, by its rows.
        """
        times = zip(self.series.tolist(), self.micros.tolist(), strict=True)
        kept = dict(zip(times, self.rows.tolist(), strict=True)) if len(self.doubled) else {}
        twice = zip(self.doubled.tolist(), self.doubled_as, strict=True)
        return [row for row, time in twice if any(c[row] != c[kept[time]] for c in columns)]


def key_of(when: When, cuts: Mapping[str, Cut], told: Collection[str]) -> str | None:
    """Return the column, or two as "A,B", that tells rows of one time apart; None if none does.

    told: columns of which a person has said what they are.
    """
    known = when.is_known
    times, count = when.micros[known], int(known.sum())
    counts = np.unique(times, return_counts=True)[1]
    most = int(counts.max()) if count else 0
    columns: dict[str, np.ndarray] = {}
    for name, cut in cuts.items():
        if (
            name not in when.columns
            and name not in told
            and (codes := _classes(cut, most)) is not None
        ):
            columns[name] = codes[known]
    names = sorted(columns, key=lambda one: not words_of(one) & _KEYS)
    if len(counts) > _REPEATED * count:
        return (
            _interleaved(times, {name: columns[name] for name in names}) if when.columns else None
        )
    for name in names:
        if _apart(times, columns[name]) >= _APART:
            return name
    for one, other in combinations(names[:8], 2) if count <= _SHORT else ():
        both = columns[one] * (int(columns[other].max()) + 2) + columns[other]
        if len(np.unique(both)) * _ROWS <= count and _apart(times, both) >= _APART:
            return f"{one},{other}"
    return None


def _classes(cut: Cut, most: int) -> np.ndarray | None:
    """Return the classes of a column that may name series (N,); None if it cannot.

    most: rows that have one time. Whole numbers name series if there are hardly more of them.
    """
    if "timestamp" in str(cut.values.type) or not cut.sample:
        return None
    coded = cut.codes()
    count = len(coded.names)
    if count < 2 or count * _ROWS > len(coded.codes):
        return None
    if not cut.is_text or are_numbers(cut.sample):
        is_whole = not any("." in cell for cell in cut.sample)
        return coded.codes if is_whole and count <= 2 * most else None
    known = ~np.isnan(cut.numbers.values)
    return None if known.sum() > _REPEATED * cut.is_known.sum() else coded.codes


def _apart(times: np.ndarray, codes: np.ndarray) -> float:
    pairs = np.stack([codes, times], axis=1)
    return len(np.unique(pairs, axis=0)) / max(len(times), 1)


def _interleaved(times: np.ndarray, columns: Mapping[str, np.ndarray]) -> str | None:
    """Return the column by which times are even in each series, though they are not in all.

    Where they are, sensors report in turn if a column is called so, and its values take turns.
    """
    if evenness(times) >= _EVEN:
        columns = {name: codes for name, codes in columns.items()
                   if words_of(name) & _KEYS and _take_turns(codes)}  # fmt: skip
    for name, codes in columns.items():
        if all(evenness(times[codes == one]) >= _EVEN for one in np.unique(codes)):
            return name
    return None


def _take_turns(codes: np.ndarray) -> bool:
    count = len(np.unique(codes))
    return bool((codes[count:] == codes[:-count]).all())


def labels_of(cuts: Mapping[str, Cut], key: str | None) -> list[str]:
    """Return what the series of each row is called."""
    if key is None:
        return [""] * len(next(iter(cuts.values())).values)
    names = [key] if key in cuts else key.split(",")
    columns = [cuts[one].values.to_pylist() for one in names]
    return [", ".join(map(str, cells)) for cells in zip(*columns, strict=True)]


def order(when: When, labels: list[str]) -> Order:
    """Return the rows in the order of time, with clock changes smoothed and doubled times named.

    labels: of each row, what its series is called.
    """
    names, series = np.unique(np.array(labels, object).astype(str), return_inverse=True)
    known = np.flatnonzero(when.is_known)
    by_series = known[np.argsort(series[known], kind="stable")]
    inside = np.diff(series[by_series]) == 0
    steps = np.diff(when.micros[by_series])
    is_back = inside & (steps < 0)
    ahead = (inside & (steps > 0)).sum()
    place = -known if is_back.sum() > ahead else known
    is_backwards = bool(is_back.sum() > _BACKWARDS * (is_back.sum() + ahead))
    rows = known[np.lexsort((place, when.micros[known], series[known]))]
    micros = when.micros[rows].copy()
    changes = np.empty(0, np.int64)
    if when.is_calendar and when.offset is False:
        rows, micros, changes = _smoothed(rows, micros, series[rows])
    same = np.r_[False, (np.diff(micros) == 0) & (np.diff(series[rows]) == 0)]
    changed = np.isin(rows, changes)
    late = by_series[1:][is_back]
    if not is_backwards and len(changes):
        late = late[~np.isin(late, changes)]  # an hour that comes again stands in order
    return Order(
        rows[~same], micros[~same], series[rows][~same], names.tolist(),
        rows[same], list(zip(series[rows][same].tolist(), micros[same].tolist(), strict=True)),
        late, is_backwards, rows[changed & ~same],
    )  # fmt: skip


def _smoothed(
    rows: np.ndarray, micros: np.ndarray, series: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows and times without the hours that local time skips and repeats, and where.

    Where an hour is skipped, what follows is an hour earlier than it says; of one that comes twice
    the second is an hour later.
    """
    found: list[int] = []
    rows, micros = rows.copy(), micros.copy()
    for one in np.unique(series):
        begin, end = np.searchsorted(series, [one, one + 1])
        some, local = rows[begin:end], micros[begin:end]
        steps = np.diff(local)
        if not (steps > 0).any():
            continue
        lengths, counts = np.unique(steps[steps > 0], return_counts=True)
        step = int(lengths[counts.argmax()])
        if step > _HOUR:
            continue
        shift = np.zeros(len(local), np.int64)
        for at in np.flatnonzero(steps == step + _HOUR).tolist():
            if _may_change(int(local[at]) + step):
                shift[at + 1] -= _HOUR
                found.append(int(some[at + 1]))
        order = np.arange(len(local))
        hours = np.unique(local[1:][steps == 0] // _HOUR * _HOUR)
        for hour in hours.tolist():
            block = np.flatnonzero((local >= hour) & (local < hour + _HOUR))
            again = np.r_[False, np.diff(local[block]) == 0]
            is_twice = len(block) - again.sum() <= 2 * again.sum()
            if not _may_change(hour) or not is_twice or (again[1:] & again[:-1]).any():
                continue
            order[block] = np.r_[block[~again], block[again]]
            first = int(block[0]) + int((~again).sum())
            shift[first] += _HOUR
            found.append(int(some[block[again][0]]))
        rows[begin:end] = some[order]
        micros[begin:end] = local[order] + np.cumsum(shift)
    return rows, micros, np.array(found, np.int64)


def _may_change(micros: int) -> bool:
    """Tell whether clocks are changed in the hour that begins: early on some Sundays."""
    day, hour = micros // DAY, micros % DAY // _HOUR
    if day % 7 != 3 or hour > 3:  # 1970-01-01 was a Thursday
        return False
    date = np.datetime64(int(day), "D")
    month = date.astype("datetime64[M]")
    number = int((date - month.astype("datetime64[D]")).astype(int)) + 1
    starts = _SUNDAYS.get(int(month.astype(int)) % 12 + 1, ())
    return any(start <= number < start + 7 for start in starts)
