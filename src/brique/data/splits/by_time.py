"""Splits by time: the last examples are for test, those before them for validation."""

from datetime import UTC, datetime

import numpy as np

from brique.data.raw.source import PARTS, Source
from brique.errors import DataError

_FIRST_SECONDS = 1e8  # numbers from here on are seconds since 1970, not years or counts


def assign_by_time(
    source: Source, times: np.ndarray, rows: np.ndarray, test: float, valid: float
) -> np.ndarray:
    """Return the part of each example, uint8: the last are for test, those before them for valid.

    Examples of equal times stay together: a cut lies between two times, nearest to the share.
    """
    untimed = np.flatnonzero(~np.isfinite(times))
    if len(untimed):
        row = int(rows[untimed[0]])
        raise DataError(
            f"{source.name}: {source.example_name(row)} has no time, and the split is by time; give"
            f" it one, or leave it out ({len(untimed):,} such in all)"
        )
    order = np.sort(times)
    cuts = np.flatnonzero(np.append(order[1:] != order[:-1], True)) + 1  # between times
    if len(cuts) < 1 + (test > 0) + (valid > 0):
        raise DataError(
            f"{source.name}: examples have {len(cuts)} different time{'s' * (len(cuts) > 1)}, too"
            " few for parts that follow each other; choose another --time"
        )
    total = len(times)
    before_test = (
        _nearest_cut(cuts, total * (1 - test), min_index=(valid > 0) + 0) if test else total
    )
    earlier_cuts = cuts[cuts <= before_test]
    before_valid = (
        _nearest_cut(earlier_cuts, before_test * (1 - valid), min_index=0) if valid else before_test
    )
    parts = np.zeros(total, np.uint8)
    if before_valid < total:
        parts[times >= order[before_valid]] = PARTS.index("valid")
    if before_test < total:
        parts[times >= order[before_test]] = PARTS.index("test")
    source.notes.append(_describe_spans(source.name, times, parts))
    return parts


def _nearest_cut(cuts: np.ndarray, position: float, *, min_index: int) -> int:
    """Return the cut nearest to a position, except the first `min_index` and the last."""
    inner = cuts[min_index:-1]
    return int(inner[np.abs(inner - position).argmin()])


def _describe_spans(name: str, times: np.ndarray, parts: np.ndarray) -> str:
    spans: list[str] = []
    for number, part in enumerate(PARTS):
        part_times = times[parts == number]
        if len(part_times):
            span = f"{_format_time(part_times.min())} to {_format_time(part_times.max())}"
            spans.append(f"{part} is {span} ({len(part_times):,})")
    return f"{name}: split by time: {', '.join(spans)}."


def _format_time(time: float) -> str:
    """Return a time as a date, or as a number."""
    if abs(time) < _FIRST_SECONDS or abs(time) > 1e11:
        return f"{time:.15g}"
    written = datetime.fromtimestamp(float(time), UTC).strftime("%Y-%m-%d %H:%M:%S")
    return written.removesuffix(":00").removesuffix(" 00:00")
