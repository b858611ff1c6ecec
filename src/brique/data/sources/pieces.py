"""Pieces: columns that say a moment, one alone or each a part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from brique.data.sources.delimited import Cells
from brique.data.sources.frame import Frame
from brique.data.sources.guess import Cut, trimmed
from brique.data.sources.patterns import are_numbers
from brique.data.sources.timestamps import stamps
from brique.schema.numerals import Decimal
from brique.schema.written import SECOND, month_of, time_of_day

ISO = "ISO 8601"
DAY = 86_400 * SECOND
_PERIODS = (24, 48, 96, 144, 288, 1440)  # of a day; more on the day when an hour comes twice
_SHARE = 0.9  # of the cells that are there must be times of day
_PIECES = {
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
_RANGES = {
    "year": (1000, 2999), "quarter": (1, 4), "month": (1, 12), "week": (1, 53), "day": (1, 31),
    "day of year": (1, 366), "hour": (0, 24), "minute": (0, 59), "second": (0, 60),
}  # fmt: skip


@dataclass
class When:
    """When each row was.

    micros: (N,), int64, microseconds since 1970, or a millionth of what a column counts.
    is_known: (N,), bool. said: (N,), as the file writes it.
    columns, ways: as in `brique.schema.clock.Clock`.
    offset: whether moments are written with their offset from UTC; None where some are.
    doubt: what should be said of how days and months are read, and how grave that is.
    others: columns of moments that are not used.
    """

    micros: np.ndarray
    is_known: np.ndarray
    said: np.ndarray
    columns: tuple[str, ...]
    ways: tuple[str, ...]
    offset: bool | None = False
    doubt: tuple[str, bool] | None = None
    others: list[str] = field(default_factory=list[str])

    @property
    def is_calendar(self) -> bool:
        """Whether these are dates and times, and no numbers."""
        return bool(self.columns) and self.ways != ("number",)


def cuts_of(cells: Cells, name: str, decimal: str | None = None) -> dict[str, Cut]:
    """Return the columns of a table, as tables read them.

    name: of the source, for sentences. decimal: the sign before decimals, where a person says it.
    """
    frame = Frame(name, Path(), {}, [f"row {row}" for row in cells.rows.tolist()])
    frame.delimiter, frame.decimal = cells.delimiter, cast("Decimal | None", decimal)
    frame.columns = {key: trimmed(values) for key, values in cells.columns.items()}
    return {key: frame.cut(key) for key in frame.columns}


def read_as(cuts: Mapping[str, Cut], columns: Sequence[str], ways: Sequence[str]) -> When:
    """Return when each row was, the way of each column known."""
    count = len(next(iter(cuts.values())).values)
    micros, known = np.zeros(count, np.int64), np.ones(count, bool)
    pieces: dict[str, np.ndarray] = {}
    offset: bool | None = False
    has_pair = len(columns) > 1
    for column, way in zip(columns, ways, strict=True):
        cut = cuts[column]
        if way in _PIECES:
            pieces[way] = _piece(cut, way)
        elif way in ("time", "hhmm", "number") or way.startswith("1/"):
            values = clock_of(cut, way)
            known &= ~np.isnan(values)
            micros += np.where(np.isnan(values), 0, values).astype(np.int64)
        else:
            found = stamps(cut, None if way == ISO else way)
            known &= found.is_known
            whole = found.micros // DAY * DAY if has_pair else found.micros
            micros += whole
            offset = found.offset
    if pieces:
        more, there = _of_pieces(pieces)
        micros, known = micros + more, known & there
    said = _said(cuts, columns) if "year" not in ways else np.char.replace(
        np.datetime_as_string(micros.astype("datetime64[us]"), unit="m"), "T", " "
    ).astype(object)  # fmt: skip
    return When(micros, known, said, tuple(columns), tuple(ways), offset)


def piece_named(name: str) -> str | None:
    """Return the piece of a moment that a column is called after."""
    plain = name.strip().casefold()
    return next((piece for piece, names in _PIECES.items() if plain in names), None)


def is_piece(cut: Cut, piece: str) -> bool:
    """Tell whether all cells may be a piece of a moment: days of a month are from 1 to 31."""
    if piece == "month" and all(month_of(cell) for cell in cut.sample) and cut.sample:
        return True
    values, (low, high) = _whole(cut), _RANGES[piece]
    return values is not None and bool(((values >= low) & (values <= high)).all())


def is_clock(cut: Cut) -> bool:
    """Tell whether nearly all cells are times of day."""
    sample = cut.sample
    good = sum(time_of_day(cell) is not None for cell in sample)
    return cut.is_text and bool(sample) and good >= _SHARE * len(sample)


def is_hhmm(cut: Cut) -> bool:
    """Tell whether all cells are times of day as numbers: 1330."""
    values = _whole(cut)
    if values is None or not len(values):
        return False
    return bool(values.max() <= 2400 and values.min() >= 0 and (values % 100 < 60).all())


def period_of(cut: Cut) -> str | None:
    """Return the share of a day that a column counts, such as "1/48" for half-hours."""
    values = _whole(cut)
    if values is None or not len(values) or values.min() not in (0, 1):
        return None
    last = int(values.max() - values.min()) + 1
    count = next((one for one in _PERIODS if one <= last <= one + one // 24), None)
    is_full = count is not None and len(np.unique(values)) == last
    return f"1/{count}" if is_full else None


def clock_of(cut: Cut, way: str) -> np.ndarray:
    """Return a time of day, or a number, in microseconds (N,), float64, NaN where there is none."""
    if way == "time":
        coded = cut.codes()
        known = [time_of_day(cell) for cell in coded.names]
        return np.array([*(np.nan if k is None else k for k in known), np.nan])[coded.codes]
    values = cut.numbers.values if are_numbers(cut.sample) or not cut.is_text else None
    if values is None or not (np.abs(values[~np.isnan(values)]) < 9e12).all():
        return np.full(len(cut.values), np.nan)
    if way == "number":
        return values * SECOND
    if way.startswith("1/"):
        first = 0 if (values == 0).any() else 1
        return (values - first) * (DAY // int(way[2:]))
    return (values // 100 * 3600 + values % 100 * 60) * SECOND


def _piece(cut: Cut, piece: str) -> np.ndarray:
    """Return whole numbers (N,), float64, NaN where there is none."""
    if piece == "month" and cut.sample and not are_numbers(cut.sample):
        coded = cut.codes()
        known = [month_of(cell) or np.nan for cell in coded.names]
        return np.array([*known, np.nan])[coded.codes]
    low, high = _RANGES[piece]
    values = cut.numbers.values
    return np.where((values >= low) & (values <= high), values, np.nan)


def _whole(cut: Cut) -> np.ndarray | None:
    """Return the numbers of a column (M,) if all that are there are whole."""
    if "timestamp" in str(cut.values.type) or not are_numbers(cut.sample):
        return None
    values = cut.numbers.values
    values = values[~np.isnan(values)]
    return values if (values == np.rint(values)).all() else None


def _of_pieces(pieces: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return moments made of pieces, in microseconds, and which are known."""
    known = np.all([np.isfinite(one) for one in pieces.values()], axis=0)
    whole = {name: np.where(known, one, 1).astype(np.int64) for name, one in pieces.items()}
    micros = np.zeros(len(known), np.int64)
    if "year" in whole:
        month = whole.get("month", 3 * whole.get("quarter", 1) - 2)
        months = ((whole["year"] - 1970) * 12 + month - 1).astype("datetime64[M]")
        first = months.astype("datetime64[D]").astype(np.int64)
        if "week" in whole:  # January 4 is in the first
            days = first + 3 - (first + 6) % 7 + 7 * (whole["week"] - 1)
        else:
            days = first + whole.get("day", whole.get("day of year", 1)) - 1
        if "day" in whole:  # there is no February 30
            known = known & (days.astype("datetime64[D]").astype("datetime64[M]") == months)
        micros += days * DAY
    for piece, unit in (("hour", 3600), ("minute", 60), ("second", 1)):
        micros += whole.get(piece, 0) * np.int64(unit * SECOND)
    return micros, known


def _said(cuts: Mapping[str, Cut], columns: Sequence[str]) -> np.ndarray:
    import pyarrow as pa

    texts = [cuts[one].values.cast(pa.string()).fill_null("").to_pylist() for one in columns]
    return np.array([" ".join(cells).strip() for cells in zip(*texts, strict=True)], object)
