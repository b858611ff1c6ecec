"""The rows of a table in the order of time, by series."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from brique.data.sources.columns.date_patterns import are_numbers, name_words
from brique.data.sources.columns.guess import RawColumn
from brique.data.sources.tables.time_columns import DAY, RowTimes, evenness
from brique.schema.timestamp_patterns import SECOND

_HOUR = 3600 * SECOND
_DISTINCT_SHARE = 0.9  # share of distinct times below which there may be several series
_UNIQUE_SHARE = 0.99  # share of rows that a key and the time identify
_EVEN_SHARE = 0.9  # share of the commonest step in even times
_DESCENDING_SHARE = 0.9  # share of steps back in a file whose newest row is first
_MIN_ROWS = 5  # mean rows per series at least
_MAX_PAIR_ROWS = 100_000  # rows up to which pairs of columns are tried
_KEY_WORDS = frozenset(
    ("id", "sensor", "station", "device", "meter", "site", "series", "symbol", "ticker", "name")
)
_SUNDAYS = {
    3: (8, 25),
    4: (1, 24),
    9: (24, 1),
    10: (25, 1),
    11: (1, 1),
}  # (first day of the month, hour)


@dataclass
class TimeOrder:
    """The rows that have a time, by series, each in the order of time.

    rows: (T,), int64, rows of the file. micros: (T,), int64, without clock changes.
    series: (T,), int64. labels: name of each series.
    duplicates: rows with the time of another, which is kept; duplicate_keys: its series and time.
    out_of_order: rows after a later one in the file. is_descending: whether nearly all are, as
        the newest row is first.
    clock_changes: the first rows after a clock change.
    """

    rows: np.ndarray
    micros: np.ndarray
    series: np.ndarray
    labels: list[str]
    duplicates: np.ndarray
    duplicate_keys: list[tuple[int, int]]
    out_of_order: np.ndarray
    is_descending: bool
    clock_changes: np.ndarray

    def conflicting_duplicates(self, columns: Sequence[Sequence[object]]) -> list[int]:
        """Return the duplicates whose values differ from the row that is kept.

        columns: of the file, by its rows.
        """
        keys = zip(self.series.tolist(), self.micros.tolist(), strict=True)
        row_by_key = (
            dict(zip(keys, self.rows.tolist(), strict=True)) if len(self.duplicates) else {}
        )
        pairs = zip(self.duplicates.tolist(), self.duplicate_keys, strict=True)
        return [
            row
            for row, key in pairs
            if any(column[row] != column[row_by_key[key]] for column in columns)
        ]


def find_series_key(
    row_times: RowTimes, raw_columns: Mapping[str, RawColumn], declared: Collection[str]
) -> str | None:
    """Return the column, or two as "A,B", that separates rows of equal time; or None.

    declared: columns that an option names.
    """
    has_time = row_times.is_known
    times, count = row_times.micros[has_time], int(has_time.sum())
    counts = np.unique(times, return_counts=True)[1]
    max_repeats = int(counts.max()) if count else 0
    columns: dict[str, np.ndarray] = {}
    for name, raw_column in raw_columns.items():
        if (
            name not in row_times.columns
            and name not in declared
            and (codes := _series_codes(raw_column, max_repeats)) is not None
        ):
            columns[name] = codes[has_time]
    names = sorted(columns, key=lambda one: not name_words(one) & _KEY_WORDS)
    if len(counts) > _DISTINCT_SHARE * count:
        return (
            _find_interleaved(times, {name: columns[name] for name in names})
            if row_times.columns
            else None
        )
    for name in names:
        if _unique_share(times, columns[name]) >= _UNIQUE_SHARE:
            return name
    for one, other in combinations(names[:8], 2) if count <= _MAX_PAIR_ROWS else ():
        pair_codes = columns[one] * (int(columns[other].max()) + 2) + columns[other]
        if (
            len(np.unique(pair_codes)) * _MIN_ROWS <= count
            and _unique_share(times, pair_codes) >= _UNIQUE_SHARE
        ):
            return f"{one},{other}"
    return None


def _series_codes(raw_column: RawColumn, max_repeats: int) -> np.ndarray | None:
    """Return the classes of a column that may name series (N,), or None.

    max_repeats: rows of one time. Integers name series if there are hardly more of them.
    """
    if "timestamp" in str(raw_column.values.type) or not raw_column.sample:
        return None
    codes = raw_column.codes()
    count = len(codes.names)
    if count < 2 or count * _MIN_ROWS > len(codes.codes):
        return None
    if not raw_column.is_text or are_numbers(raw_column.sample):
        is_whole = not any("." in cell for cell in raw_column.sample)
        return codes.codes if is_whole and count <= 2 * max_repeats else None
    is_number = ~np.isnan(raw_column.numbers.values)
    return None if is_number.sum() > _DISTINCT_SHARE * raw_column.is_known.sum() else codes.codes


def _unique_share(times: np.ndarray, codes: np.ndarray) -> float:
    pairs = np.stack([codes, times], axis=1)
    return len(np.unique(pairs, axis=0)) / max(len(times), 1)


def _find_interleaved(times: np.ndarray, columns: Mapping[str, np.ndarray]) -> str | None:
    """Return the column whose series have even times, though all rows together have not.

    The sensors of a named column then report in turn, as its values alternate.
    """
    if evenness(times) >= _EVEN_SHARE:
        columns = {name: codes for name, codes in columns.items()
                   if name_words(name) & _KEY_WORDS and _is_round_robin(codes)}  # fmt: skip
    for name, codes in columns.items():
        if all(evenness(times[codes == code]) >= _EVEN_SHARE for code in np.unique(codes)):
            return name
    return None


def _is_round_robin(codes: np.ndarray) -> bool:
    count = len(np.unique(codes))
    return bool((codes[count:] == codes[:-count]).all())


def series_labels(raw_columns: Mapping[str, RawColumn], key: str | None) -> list[str]:
    """Return the name of the series of each row."""
    if key is None:
        return [""] * len(next(iter(raw_columns.values())).values)
    names = [key] if key in raw_columns else key.split(",")
    columns = [raw_columns[name].values.to_pylist() for name in names]
    return [", ".join(map(str, cells)) for cells in zip(*columns, strict=True)]


def sort_by_time(row_times: RowTimes, labels: list[str]) -> TimeOrder:
    """Return the rows in the order of time, with clock changes smoothed and duplicates listed.

    labels: the name of each row's series.
    """
    names, series = np.unique(np.array(labels, object).astype(str), return_inverse=True)
    known_rows = np.flatnonzero(row_times.is_known)
    by_series = known_rows[np.argsort(series[known_rows], kind="stable")]
    is_same_series = np.diff(series[by_series]) == 0
    differences = np.diff(row_times.micros[by_series])
    is_back = is_same_series & (differences < 0)
    num_forward = (is_same_series & (differences > 0)).sum()
    tie_breaker = -known_rows if is_back.sum() > num_forward else known_rows
    is_descending = bool(is_back.sum() > _DESCENDING_SHARE * (is_back.sum() + num_forward))
    rows = known_rows[np.lexsort((tie_breaker, row_times.micros[known_rows], series[known_rows]))]
    micros = row_times.micros[rows].copy()
    clock_changes = np.empty(0, np.int64)
    if row_times.is_calendar and row_times.has_offset is False:
        rows, micros, clock_changes = _smooth_clock_changes(rows, micros, series[rows])
    is_duplicate = np.r_[False, (np.diff(micros) == 0) & (np.diff(series[rows]) == 0)]
    is_clock_change = np.isin(rows, clock_changes)
    out_of_order = by_series[1:][is_back]
    if not is_descending and len(clock_changes):
        out_of_order = out_of_order[
            ~np.isin(out_of_order, clock_changes)
        ]  # a repeated hour is in order
    duplicate_keys = zip(
        series[rows][is_duplicate].tolist(), micros[is_duplicate].tolist(), strict=True
    )
    return TimeOrder(
        rows[~is_duplicate], micros[~is_duplicate], series[rows][~is_duplicate], names.tolist(),
        rows[is_duplicate], list(duplicate_keys),
        out_of_order, is_descending, rows[is_clock_change & ~is_duplicate],
    )  # fmt: skip


def _smooth_clock_changes(
    rows: np.ndarray, micros: np.ndarray, series: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows and times without the hours that local time skips and repeats, and their rows.

    After a skipped hour all times are an hour earlier; of a repeated hour
    the second is an hour later.
    """
    changes: list[int] = []
    rows, micros = rows.copy(), micros.copy()
    for series_index in np.unique(series):
        start, stop = np.searchsorted(series, [series_index, series_index + 1])
        series_rows, local_times = rows[start:stop], micros[start:stop]
        differences = np.diff(local_times)
        if not (differences > 0).any():
            continue
        lengths, counts = np.unique(differences[differences > 0], return_counts=True)
        interval = int(lengths[counts.argmax()])
        if interval > _HOUR:
            continue
        shift = np.zeros(len(local_times), np.int64)
        for index in np.flatnonzero(differences == interval + _HOUR).tolist():
            if _may_be_clock_change(int(local_times[index]) + interval):
                shift[index + 1] -= _HOUR
                changes.append(int(series_rows[index + 1]))
        permutation = np.arange(len(local_times))
        hours = np.unique(local_times[1:][differences == 0] // _HOUR * _HOUR)
        for hour in hours.tolist():
            block = np.flatnonzero((local_times >= hour) & (local_times < hour + _HOUR))
            is_repeat = np.r_[False, np.diff(local_times[block]) == 0]
            is_twice = len(block) - is_repeat.sum() <= 2 * is_repeat.sum()
            if (
                not _may_be_clock_change(hour)
                or not is_twice
                or (is_repeat[1:] & is_repeat[:-1]).any()
            ):
                continue
            permutation[block] = np.r_[block[~is_repeat], block[is_repeat]]
            first = int(block[0]) + int((~is_repeat).sum())
            shift[first] += _HOUR
            changes.append(int(series_rows[block[is_repeat][0]]))
        rows[start:stop] = series_rows[permutation]
        micros[start:stop] = local_times[permutation] + np.cumsum(shift)
    return rows, micros, np.array(changes, np.int64)


def _may_be_clock_change(micros: int) -> bool:
    """Tell whether clocks change in the hour that begins: early on some Sundays."""
    day, hour = micros // DAY, micros % DAY // _HOUR
    if day % 7 != 3 or hour > 3:  # 1970-01-01 was a Thursday
        return False
    date = np.datetime64(int(day), "D")
    month = date.astype("datetime64[M]")
    number = int((date - month.astype("datetime64[D]")).astype(int)) + 1
    starts = _SUNDAYS.get(int(month.astype(int)) % 12 + 1, ())
    return any(start <= number < start + 7 for start in starts)
