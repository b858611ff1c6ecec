"""Instants: the moments of a series' rows, from what their columns say."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from brique.data.asked import Asked
from brique.data.sources.delimited import Cells
from brique.errors import DataError
from brique.schema.kinds import ABSENT
from brique.schema.words import instead

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y")
_HOURS = ("", " %H:%M:%S", "T%H:%M:%S", " %H:%M", "T%H:%M", "T%H:%M:%SZ")
_PATTERNS = tuple(day + hour for day in _DAYS for hour in _HOURS)
_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_PIECES = ("year", "month", "day", "hour", "minute", "second")
_SHARE = 0.9  # of the cells that are there must be moments, or numbers


@dataclass(frozen=True)
class Instants:
    """When each row was.

    times: (N,), float64: seconds since 1970, or what a column of numbers says; NaN if unknown.
    said: (N,), as the file writes it. columns: that say it.
    """

    times: np.ndarray
    said: np.ndarray
    columns: tuple[str, ...]

    def ticks(self) -> np.ndarray:
        """Return the times in even units: months, if all are the first moment of one."""
        moments = self.times.astype("datetime64[s]")
        months = moments.astype("datetime64[M]")
        if self.columns and (months.astype("datetime64[s]") == moments).all():
            return months.astype(np.float64)
        return self.times


def instants(cells: Cells, asked: Asked, name: str) -> Instants:
    """Return when each row was: by time=, else the first column of moments, else years to hours.

    Without any of them the rows are taken as even moments. Raises DataError.
    """
    if asked.time is not None:
        if asked.time not in cells.columns:
            raise DataError(
                f"{name}: --time names no column '{asked.time}'{instead(asked.time, cells.columns)}"
            )
        times = moments(cells.columns[asked.time])
        times = numbers(cells.columns[asked.time]) if times is None else times
        if times is None:
            first = cells.columns[asked.time][0].as_py()
            raise DataError(
                f"{name}: {asked.time}: expected moments such as 2024-03-01 17:30, got '{first}' in"
                f" row {int(cells.rows[0])}; write them so, or choose another column with --time"
            )
        return Instants(times, _said(cells.columns[asked.time]), (asked.time,))
    for column, values in cells.columns.items():
        times = moments(values)
        if times is not None:
            return Instants(times, _said(values), (column,))
    return _pieced(cells) or Instants(
        np.arange(len(cells.rows), dtype=np.float64), cells.rows.astype(str), ()
    )


def moments(values: Any) -> np.ndarray | None:  # noqa: ANN401 - a pyarrow array
    """Return moments as seconds since 1970 (N,), NaN where there is none; None if they are none."""
    import pyarrow as pa

    pc = _arrow()
    if pa.types.is_timestamp(values.type):
        seconds = pc.cast(values.cast(pa.timestamp("s"), safe=False), pa.int64())
        return np.asarray(seconds.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if not pa.types.is_string(values.type) or not len(values):
        return None
    texts = pc.utf8_trim_whitespace(values)
    known = int(pc.sum(pc.invert(is_absent(texts))).as_py() or 0)
    monthly = pc.match_substring_regex(texts, r"^\d{4}-\d{2}$")
    texts = pc.if_else(monthly, pc.binary_join_element_wise(texts, "01", "-"), texts)
    sample = texts.slice(0, 100)
    rated = [(_read(sample, one).null_count, place) for place, one in enumerate(_PATTERNS)]
    for lost, place in sorted(rated)[:3]:  # the best on the first rows, of equals the first
        found = _read(texts, _PATTERNS[place])
        if lost < len(sample) and len(found) - found.null_count >= _SHARE * max(known, 1):
            seconds = found.cast(pa.int64()).cast(pa.float64())
            return np.asarray(seconds.to_numpy(zero_copy_only=False))
    return None


def numbers(values: Any) -> np.ndarray | None:  # noqa: ANN401 - a pyarrow array
    """Return numbers as float64 (N,), NaN where there is none; None if most are no numbers."""
    import pyarrow as pa

    pc = _arrow()
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return np.array(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    if not pa.types.is_string(values.type):
        return None
    texts = pc.utf8_trim_whitespace(values)
    known = int(pc.sum(pc.invert(is_absent(texts))).as_py() or 0)
    good = pc.fill_null(pc.match_substring_regex(texts, _NUMBER), False)
    if not known or int(pc.sum(good).as_py()) < _SHARE * known:
        return None
    plain = pc.replace_substring_regex(pc.if_else(good, texts, None), r"^\+", "")
    found = np.array(plain.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    found[~np.isfinite(found)] = np.nan
    return found


def is_absent(texts: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return which cells are marks of what is missing."""
    import pyarrow as pa

    pc = _arrow()
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return pc.or_(pc.is_null(lower), pc.fill_null(pc.is_in(lower, pa.array(sorted(ABSENT))), True))


def _read(texts: Any, pattern: str) -> Any:  # noqa: ANN401 - pyarrow arrays

    return _arrow().strptime(texts, pattern, "s", error_is_null=True)


def _arrow() -> Any:  # noqa: ANN401 - its functions are made when it is imported
    import pyarrow.compute

    return pyarrow.compute


def _said(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array
    import pyarrow as pa

    return np.array([text or "" for text in values.cast(pa.string()).to_pylist()], object)


def _pieced(cells: Cells) -> Instants | None:
    """Return moments from columns year, month, day, hour, as far as there are such."""
    named = {column.casefold(): column for column in cells.columns}
    used = [named[piece] for piece in _PIECES if piece in named]
    if len(used) < 2 or "year" not in named or "month" not in named:
        return None
    columns = {piece: numbers(cells.columns[named[piece]]) for piece in _PIECES if piece in named}
    if any(column is None for column in columns.values()):
        return None
    there = {piece: column for piece, column in columns.items() if column is not None}
    known = np.isfinite(np.stack(list(there.values()))).all(0)
    whole = {piece: np.where(known, column, 1).astype(np.int64) for piece, column in there.items()}
    months = (whole["year"] - 1970) * 12 + whole["month"] - 1
    seconds = months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
    seconds = seconds + 86_400 * (whole.get("day", 1) - 1) + 3600 * whole.get("hour", 0)
    seconds = seconds + 60 * whole.get("minute", 0) + whole.get("second", 0)
    said = np.datetime_as_string(seconds.astype("datetime64[s]"), unit="m")
    return Instants(
        np.where(known, seconds, np.nan),
        np.char.replace(said, "T", " ").astype(object),
        tuple(used),
    )
