"""Date patterns: how the timestamps of a column are written, guessed from its distinct cells."""

import re
from collections.abc import Iterable, Sequence

from brique.schema.timestamp_patterns import DATE_PATTERNS, NUMBER_PATTERNS, parse_timestamp

SAMPLE_SIZE = 200
_MAX_LENGTH = 80  # of a timestamp
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_TIME_NAMES = {
    "time", "timestamp", "date", "datetime", "ts", "epoch", "unix", "unixtime", "utc", "when",
    "moment", "period", "datum", "zeit", "zeitpunkt", "zeitstempel", "fecha", "tiempo", "heure",
    "horodatage", "tijd", "created", "updated",
}  # fmt: skip
_YEAR_NAMES = {"year", "years", "yr", "jahr", "annee", "année", "ano", "año", "anno", "jaar"}
_EPOCH_RANGES = {
    "@s": (1e8, 4.2e9),
    "@ms": (1e11, 4.2e12),
    "@us": (1e14, 4.2e15),
    "@ns": (1e17, 4.2e18),
}
_DIGIT_COUNTS = {"%Y%m%d": (8, 10, 12, 14), "%Y%m": (6,), "%Y": (4,)}  # digits
_YEAR_RANGE = (1800, 2200)  # years of compact dates
_SERIAL_RANGE = (1.0, 110_000.0)  # days of a spreadsheet up to 2201


def name_words(name: str) -> set[str]:
    """Return the words of a column's name, in lower case: "EventTime_UTC" -> event, time, utc.

    >>> sorted(name_words("EventTime_UTC"))
    ['event', 'time', 'utc']
    """
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", " ", name)
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", spaced)}


def is_time_name(name: str) -> bool:
    """Tell whether the name of a column suggests timestamps."""
    return bool(name_words(name) & _TIME_NAMES)


def is_year_name(name: str) -> bool:
    """Tell whether the name of a column suggests years."""
    return bool(name_words(name) & _YEAR_NAMES)


def are_numbers(cells: Iterable[str]) -> bool:
    """Tell whether all cells are digits alone, with a point or without."""
    return all(_NUMBER.fullmatch(cell) for cell in cells)


def are_mostly_numbers(cells: Sequence[str]) -> bool:
    """Tell whether more than half of the cells are digits alone, with a point or without."""
    return 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in cells) > len(cells)


def pattern_of(cells: Sequence[str]) -> tuple[str | None, str | None] | None:
    """Return the pattern of timestamps (None for ISO 8601), and its best alternative.

    Returns None if the cells are not timestamps, or are numbers.
    """
    patterns = patterns_of(cells)
    return (patterns[0], next(iter(patterns[1:]), None)) if patterns else None


def patterns_of(cells: Sequence[str]) -> list[str | None]:
    """Return all text patterns that match every cell, the likeliest first."""
    sample = list(cells[:SAMPLE_SIZE])
    if not sample or are_numbers(sample) or not all(map(_may_be_time, sample)):
        return []
    matching: list[str | None] = [None, *DATE_PATTERNS]
    for subset in (sample[:1], sample, cells):
        matching = [
            pattern
            for pattern in matching
            if all(parse_timestamp(cell, pattern) is not None for cell in subset)
        ]
    return matching[:1] if matching[:1] == [None] else _rank_patterns(matching, sample)


def _rank_patterns(patterns: list[str | None], sample: Sequence[str]) -> list[str | None]:
    """Return patterns reordered by where the year is likely to stand.

    In 24/03/15 either end may be the year: it is the one that takes fewer values.
    """
    if patterns == ["%B %y"] and all(int(cell.strip()[-2:]) <= 31 for cell in sample):
        return ["%B %y", "%B %d"]  # the year is missing
    year_first = [pattern for pattern in patterns if (pattern or "").startswith("%y")]
    others = [pattern for pattern in patterns if pattern not in year_first]
    if not year_first or not others:
        return patterns
    digit_groups = [re.findall(r"\d+", cell)[:3] for cell in sample]
    is_year_first = len({group[0] for group in digit_groups}) < len(
        {group[2] for group in digit_groups}
    )
    return [*year_first, *others] if is_year_first else others


def best_patterns(cells: Sequence[str], name: str = "") -> tuple[list[str | None], float]:
    """Return the patterns that match the most cells, and the share of cells that they match.

    name: of the column; numbers need a name that suggests timestamps.
    """
    sample = list(cells[:SAMPLE_SIZE])
    candidates: list[str | None] = [None, *DATE_PATTERNS]
    if are_mostly_numbers(sample):
        candidates = list(number_patterns([one for one in sample if _NUMBER.fullmatch(one)], name))
    counts = [
        sum(parse_timestamp(cell, pattern) is not None for cell in sample) for pattern in candidates
    ]
    best = max(counts, default=0)
    if not best:
        return [], 0.0
    best_matches = [
        pattern for pattern, count in zip(candidates, counts, strict=True) if count == best
    ]
    return (best_matches[:1] if best_matches[0] is None else best_matches), best / len(sample)


def number_patterns(cells: Sequence[str], name: str = "") -> list[str]:
    """Return the patterns that fit cells of digits by their size, the likeliest first.

    name: of the column; years need a name that suggests them, unless nothing else fits.
    """
    if not cells or not are_numbers(cells):
        return []
    matching = [
        pattern
        for pattern in NUMBER_PATTERNS
        if all(_fits_pattern(cell, pattern) for cell in cells)
    ]
    order = ["%Y", "%Y%m%d", "%Y%m", "@s", "@ms", "@us", "@ns", "@excel"]
    return sorted(matching, key=order.index)


def timestamp_pattern(cells: Sequence[str], name: str) -> str | None:
    """Return the pattern of a column of numbers whose name and size suggest timestamps.

    Only seconds and smaller units since 1970, and compact dates: most numbers are numbers.
    """
    if not is_time_name(name) or not cells or not _is_number(cells[0]):
        return None
    patterns = number_patterns(cells, name)
    return next((pattern for pattern in patterns if pattern not in ("%Y", "@excel", "%Y%m")), None)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _may_be_time(cell: str) -> bool:
    return len(cell) < _MAX_LENGTH and any(character.isdigit() for character in cell)


def _fits_pattern(cell: str, pattern: str) -> bool:
    """Tell whether a number matches a pattern and has a plausible size."""
    if pattern in _EPOCH_RANGES:
        low, high = _EPOCH_RANGES[pattern]
        return low <= float(cell) <= high
    if pattern == "@excel":
        return _SERIAL_RANGE[0] <= float(cell) <= _SERIAL_RANGE[1]
    if len(cell) not in _DIGIT_COUNTS[pattern] or not cell.isdecimal():
        return False
    low, high = (1000, 2999) if pattern == "%Y" else _YEAR_RANGE
    return low <= int(cell[:4]) <= high and parse_timestamp(cell, pattern) is not None
