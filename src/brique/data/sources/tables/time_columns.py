"""Columns that give a timestamp, alone or in components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from brique.data.sources.columns.date_patterns import are_numbers, is_time_name, name_words
from brique.data.sources.columns.guess import RawColumn, trim
from brique.data.sources.columns.timestamps import parse_timestamps
from brique.data.sources.table_files.delimited import Cells
from brique.data.sources.tables.frame import Frame
from brique.errors import DataError
from brique.schema.numerals import Decimal
from brique.schema.timestamp_patterns import SECOND, month_number, parse_time_of_day

ISO = "ISO 8601"
DAY = 86_400 * SECOND
_PERIODS_PER_DAY = (
    24,
    48,
    96,
    144,
    288,
    1440,
)  # of a day; more on a day with a repeated hour
_MIN_SHARE = 0.9  # of the known cells must be times of day
_COMPONENT_NAMES = {
    "year": {"year", "yr", "yyyy", "jahr", "année", "annee", "año", "ano", "anno", "jaar", "rok"},
    "quarter": {"quarter", "qtr", "quartal", "trimestre"},
    "month": {"month", "mon", "mm", "mo", "monat", "mois", "mes", "mese", "maand", "mnth"},
    "week": {"week", "isoweek", "woche", "kw", "semaine", "semana"},
    "day": {"day", "dy", "dd", "dom", "tag", "jour", "día", "dia", "giorno", "dag", "mday"},
    "day of year": {"doy", "yday", "dayofyear", "day_of_year"},
    "hour": {"hour", "hr", "hh", "hours", "stunde", "std", "heure", "hora", "ora", "uur", "uhr"},
    "minute": {"minute", "min", "mi", "minutes", "minuten"},
    "second": {"second", "sec", "ss", "seconds", "sekunde"},
}
_COMPONENT_RANGES = {
    "year": (1000, 2999), "quarter": (1, 4), "month": (1, 12), "week": (1, 53), "day": (1, 31),
    "day of year": (1, 366), "hour": (0, 24), "minute": (0, 59), "second": (0, 60),
}  # fmt: skip


@dataclass
class RowTimes:
    """The time of each row.

    micros: (N,), int64, microseconds since 1970, or millionths of the unit of a column.
    is_known: (N,), bool. texts: (N,), as the file writes it.
    columns, patterns: as in `brique.schema.time_index.TimeIndex`.
    has_offset: whether timestamps have an offset from UTC; None if only some have.
    ambiguity: how days and months are read, and whether that is sure; or None.
    unused_columns: columns of timestamps that are not used.
    """

    micros: np.ndarray
    is_known: np.ndarray
    texts: np.ndarray
    columns: tuple[str, ...]
    patterns: tuple[str, ...]
    has_offset: bool | None = False
    ambiguity: tuple[str, bool] | None = None
    unused_columns: list[str] = field(default_factory=list[str])

    @property
    def is_calendar(self) -> bool:
        """Whether these are dates and times, not numbers."""
        return bool(self.columns) and self.patterns != ("number",)


def raw_columns_of(cells: Cells, name: str, decimal: str | None = None) -> dict[str, RawColumn]:
    """Return the raw columns of a table.

    name: of the source, for messages. decimal: the decimal sign, if --decimal gives it.
    """
    frame = Frame(name, Path(), {}, [f"row {row}" for row in cells.rows.tolist()])
    frame.delimiter, frame.decimal = cells.delimiter, cast("Decimal | None", decimal)
    frame.columns = {key: trim(values) for key, values in cells.columns.items()}
    return {key: frame.raw_column(key) for key in frame.columns}


def read_times(
    raw_columns: Mapping[str, RawColumn], columns: Sequence[str], patterns: Sequence[str]
) -> RowTimes:
    """Return the time of each row, by the pattern of each column."""
    count = len(next(iter(raw_columns.values())).values)
    micros, is_known = np.zeros(count, np.int64), np.ones(count, bool)
    components: dict[str, np.ndarray] = {}
    has_offset: bool | None = False
    has_pair = len(columns) > 1
    for column, pattern in zip(columns, patterns, strict=True):
        raw_column = raw_columns[column]
        if pattern in _COMPONENT_NAMES:
            components[pattern] = _component_values(raw_column, pattern)
        elif pattern in ("time", "hhmm", "number") or pattern.startswith("1/"):
            values = clock_values(raw_column, pattern)
            is_known &= ~np.isnan(values)
            micros += np.where(np.isnan(values), 0, values).astype(np.int64)
        else:
            timestamps = parse_timestamps(raw_column, None if pattern == ISO else pattern)
            is_known &= timestamps.is_known
            rounded = timestamps.micros // DAY * DAY if has_pair else timestamps.micros
            micros += rounded
            has_offset = timestamps.offset
    if components:
        component_micros, is_complete = _combine_components(components)
        micros, is_known = micros + component_micros, is_known & is_complete
    texts = _row_texts(raw_columns, columns) if "year" not in patterns else np.char.replace(
        np.datetime_as_string(micros.astype("datetime64[us]"), unit="m"), "T", " "
    ).astype(object)  # fmt: skip
    return RowTimes(micros, is_known, texts, tuple(columns), tuple(patterns), has_offset)


def component_named(name: str) -> str | None:
    """Return the component of a timestamp in the name of a column, or None."""
    plain_name = name.strip().casefold()
    return next(
        (component for component, names in _COMPONENT_NAMES.items() if plain_name in names), None
    )


def is_component(column: RawColumn, component: str) -> bool:
    """Tell whether all cells may be a component of a timestamp: days of a month are 1 to 31."""
    if component == "month" and all(month_number(cell) for cell in column.sample) and column.sample:
        return True
    values, (low, high) = _integer_values(column), _COMPONENT_RANGES[component]
    return values is not None and bool(((values >= low) & (values <= high)).all())


def is_time_of_day(column: RawColumn) -> bool:
    """Tell whether nearly all cells are times of day."""
    sample = column.sample
    count = sum(parse_time_of_day(cell) is not None for cell in sample)
    return column.is_text and bool(sample) and count >= _MIN_SHARE * len(sample)


def is_hhmm(column: RawColumn) -> bool:
    """Tell whether all cells are times of day as numbers: 1330."""
    values = _integer_values(column)
    if values is None or not len(values):
        return False
    return bool(values.max() <= 2400 and values.min() >= 0 and (values % 100 < 60).all())


def period_of_day(column: RawColumn) -> str | None:
    """Return the fraction of a day that a column counts, such as "1/48" for half-hours."""
    values = _integer_values(column)
    if values is None or not len(values) or values.min() not in (0, 1):
        return None
    last = int(values.max() - values.min()) + 1
    count = next(
        (period for period in _PERIODS_PER_DAY if period <= last <= period + period // 24), None
    )
    is_full = count is not None and len(np.unique(values)) == last
    return f"1/{count}" if is_full else None


def clock_values(column: RawColumn, pattern: str) -> np.ndarray:
    """Return a time of day, or a number, in microseconds (N,), float64, NaN where missing."""
    if pattern == "time":
        coded = column.codes()
        times = [parse_time_of_day(cell) for cell in coded.names]
        return np.array([*(np.nan if time is None else time for time in times), np.nan])[
            coded.codes
        ]
    values = column.numbers.values if are_numbers(column.sample) or not column.is_text else None
    if values is None or not (np.abs(values[~np.isnan(values)]) < 9e12).all():
        return np.full(len(column.values), np.nan)
    if pattern == "number":
        return values * SECOND
    if pattern.startswith("1/"):
        first = 0 if (values == 0).any() else 1
        return (values - first) * (DAY // int(pattern[2:]))
    return (values // 100 * 3600 + values % 100 * 60) * SECOND


def ticks(micros: np.ndarray, *, is_calendar: bool) -> tuple[np.ndarray, bool]:
    """Return times in even units (N,), float64: months if all are the start of a month."""
    timestamps = micros.astype("datetime64[us]")
    months = timestamps.astype("datetime64[M]")
    if is_calendar and len(micros) and (months.astype("datetime64[us]") == timestamps).all():
        return months.astype(np.float64), True
    first = int(micros.min()) // SECOND * SECOND if len(micros) else 0
    return (micros - first) / SECOND, False


def evenness(micros: np.ndarray, *, is_calendar: bool = True) -> float:
    """Return the share of the commonest step between distinct times."""
    steps = np.diff(ticks(np.unique(micros), is_calendar=is_calendar)[0])
    if not len(steps):
        return 0.0
    return float(np.unique(np.round(steps, 6), return_counts=True)[1].max() / len(steps))


def unread_error(column: RawColumn, name: str) -> DataError:
    """Return the error for a time column without timestamps. name: of the file."""
    row = int(np.flatnonzero(column.is_known)[0]) if column.is_known.any() else 0
    cell = column.values[row].as_py() or ""
    has_words = any(len(word) > 2 for word in name_words(str(cell)))
    hint = (
        " (months are read by their English names, and no names of time zones)" if has_words else ""
    )
    return DataError(
        f"{name}: {column.name}: expected timestamps such as 2024-03-01 17:30, got '{cell}' in"
        f" {column.row_names[row]}{hint}; write them so, name another column with --time, or"
        " take the rows as even with --time none"
    )


def check_unread(raw_columns: Mapping[str, RawColumn], name: str) -> None:
    """Raise DataError if a time column, by its name, holds texts that are not timestamps."""
    for column in raw_columns.values():
        is_text = column.is_text and not are_numbers(column.sample)
        digits = sum(any(character.isdigit() for character in cell) for cell in column.sample)
        if is_time_name(column.name) and is_text and 2 * digits > len(column.sample):
            raise unread_error(column, name)


def _component_values(column: RawColumn, component: str) -> np.ndarray:
    """Return whole numbers (N,), float64, NaN where missing."""
    if component == "month" and column.sample and not are_numbers(column.sample):
        coded = column.codes()
        months = [month_number(cell) or np.nan for cell in coded.names]
        return np.array([*months, np.nan])[coded.codes]
    low, high = _COMPONENT_RANGES[component]
    values = column.numbers.values
    return np.where((values >= low) & (values <= high), values, np.nan)


def _integer_values(column: RawColumn) -> np.ndarray | None:
    """Return the known numbers of a column (M,) if all are integers."""
    if "timestamp" in str(column.values.type) or not are_numbers(column.sample):
        return None
    values = column.numbers.values
    values = values[~np.isnan(values)]
    return values if (values == np.rint(values)).all() else None


def _combine_components(components: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return timestamps from components, in microseconds, and which are known."""
    is_known = np.all([np.isfinite(values) for values in components.values()], axis=0)
    integers = {
        name: np.where(is_known, values, 1).astype(np.int64) for name, values in components.items()
    }
    micros = np.zeros(len(is_known), np.int64)
    if "year" in integers:
        month = integers.get("month", 3 * integers.get("quarter", 1) - 2)
        months = ((integers["year"] - 1970) * 12 + month - 1).astype("datetime64[M]")
        first = months.astype("datetime64[D]").astype(np.int64)
        if "week" in integers:  # January 4 is in the first week
            days = first + 3 - (first + 6) % 7 + 7 * (integers["week"] - 1)
        else:
            days = first + integers.get("day", integers.get("day of year", 1)) - 1
        if "day" in integers:  # there is no February 30
            is_known = is_known & (days.astype("datetime64[D]").astype("datetime64[M]") == months)
        micros += days * DAY
    for component, unit in (("hour", 3600), ("minute", 60), ("second", 1)):
        micros += integers.get(component, 0) * np.int64(unit * SECOND)
    return micros, is_known


def _row_texts(raw_columns: Mapping[str, RawColumn], columns: Sequence[str]) -> np.ndarray:
    import pyarrow as pa

    texts = [
        raw_columns[name].values.cast(pa.string()).fill_null("").to_pylist() for name in columns
    ]
    return np.array([" ".join(cells).strip() for cells in zip(*texts, strict=True)], object)
