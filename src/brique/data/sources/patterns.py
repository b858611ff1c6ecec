"""Patterns: how the moments of a column are written, guessed from its different cells."""

import re
from collections.abc import Iterable, Sequence

from brique.schema.written import DATES, NUMBERS, read_moment

SAMPLE = 200
_LONGEST = 80  # of a cell that is a moment
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_NAMED = {
    "time", "timestamp", "date", "datetime", "ts", "epoch", "unix", "unixtime", "utc", "when",
    "moment", "period", "datum", "zeit", "zeitpunkt", "zeitstempel", "fecha", "tiempo", "heure",
    "horodatage", "tijd", "created", "updated",
}  # fmt: skip
_YEARS = {"year", "years", "yr", "jahr", "annee", "année", "ano", "año", "anno", "jaar"}
_SPANS = {"@s": (1e8, 4.2e9), "@ms": (1e11, 4.2e12), "@us": (1e14, 4.2e15), "@ns": (1e17, 4.2e18)}
_LENGTHS = {"%Y%m%d": (8, 10, 12, 14), "%Y%m": (6,), "%Y": (4,)}  # digits
_CENTURIES = (1800, 2200)  # years of compact dates
_SERIALS = (1.0, 110_000.0)  # days of a spreadsheet up to 2201


def words_of(name: str) -> set[str]:
    """Return the words of a column's name, in small letters: "EventTime_UTC" -> event, time, utc.

    >>> sorted(words_of("EventTime_UTC"))
    ['event', 'time', 'utc']
    """
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", " ", name)
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", spaced)}


def is_named_so(name: str) -> bool:
    """Tell whether a column is called as moments are."""
    return bool(words_of(name) & _NAMED)


def is_named_year(name: str) -> bool:
    """Tell whether a column is called as years are."""
    return bool(words_of(name) & _YEARS)


def are_numbers(cells: Iterable[str]) -> bool:
    """Tell whether all cells are digits alone, with a point or without."""
    return all(_NUMBER.fullmatch(cell) for cell in cells)


def are_mostly_numbers(cells: Sequence[str]) -> bool:
    """Tell whether more than half of the cells are digits alone, with a point or without."""
    return 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in cells) > len(cells)


def pattern_of(cells: Sequence[str]) -> tuple[str | None, str | None] | None:
    """Return how moments are written (None for ISO 8601), and how else they could be meant.

    None in place of both where the cells are no moments, or numbers.
    """
    found = patterns_of(cells)
    return (found[0], next(iter(found[1:]), None)) if found else None


def patterns_of(cells: Sequence[str]) -> list[str | None]:
    """Return all patterns of texts by which every cell is a moment, the likeliest first."""
    sample = list(cells[:SAMPLE])
    if not sample or are_numbers(sample) or not all(map(_could_be, sample)):
        return []
    good: list[str | None] = [None, *DATES]
    for some in (sample[:1], sample, cells):
        good = [p for p in good if all(read_moment(cell, p) is not None for cell in some)]
    return good[:1] if good[:1] == [None] else _likeliest(good, sample)


def _likeliest(good: list[str | None], sample: Sequence[str]) -> list[str | None]:
    """Return patterns with those whose year is first put where they belong.

    In 24/03/15 either end may be the year: it is the one that takes fewer values.
    """
    if good == ["%B %y"] and all(int(cell.strip()[-2:]) <= 31 for cell in sample):
        return ["%B %y", "%B %d"]  # of a year that is not said
    early = [one for one in good if (one or "").startswith("%y")]
    late = [one for one in good if one not in early]
    if not early or not late:
        return good
    ends = [re.findall(r"\d+", cell)[:3] for cell in sample]
    is_first = len({end[0] for end in ends}) < len({end[2] for end in ends})
    return [*early, *late] if is_first else late


def commonest(cells: Sequence[str], name: str = "") -> tuple[list[str | None], float]:
    """Return the patterns by which most cells are moments, and of how many they are: a share.

    name: of a column of numbers that is one of moments.
    """
    sample = list(cells[:SAMPLE])
    known: list[str | None] = [None, *DATES]
    if are_mostly_numbers(sample):
        known = list(number_patterns([one for one in sample if _NUMBER.fullmatch(one)], name))
    counts = [sum(read_moment(cell, pattern) is not None for cell in sample) for pattern in known]
    best = max(counts, default=0)
    if not best:
        return [], 0.0
    found = [pattern for pattern, count in zip(known, counts, strict=True) if count == best]
    return (found[:1] if found[0] is None else found), best / len(sample)


def number_patterns(cells: Sequence[str], name: str = "") -> list[str]:
    """Return the patterns that fit cells of digits alone, by their size, the likeliest first.

    name: of the column: years are called so, unless nothing else fits.
    """
    if not cells or not are_numbers(cells):
        return []
    good = [pattern for pattern in NUMBERS if all(_is_of(cell, pattern) for cell in cells)]
    order = ["%Y", "%Y%m%d", "%Y%m", "@s", "@ms", "@us", "@ns", "@excel"]
    return sorted(good, key=order.index)


def stamps_of(cells: Sequence[str], name: str) -> str | None:
    """Return the pattern of a column of numbers that is one of moments by its name and its size.

    Seconds and smaller units since 1970, and compact dates; no others: a number is mostly one.
    """
    if not is_named_so(name) or not cells or not _is_number_of(cells[0]):
        return None
    found = number_patterns(cells, name)
    return next((one for one in found if one not in ("%Y", "@excel", "%Y%m")), None)


def _is_number_of(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _could_be(cell: str) -> bool:
    return len(cell) < _LONGEST and any(letter.isdigit() for letter in cell)


def _is_of(cell: str, pattern: str) -> bool:
    """Tell whether a number is a moment of a pattern, of the size that such have."""
    if pattern in _SPANS:
        low, high = _SPANS[pattern]
        return low <= float(cell) <= high
    if pattern == "@excel":
        return _SERIALS[0] <= float(cell) <= _SERIALS[1]
    if len(cell) not in _LENGTHS[pattern] or not cell.isdecimal():
        return False
    low, high = (1000, 2999) if pattern == "%Y" else _CENTURIES
    return low <= int(cell[:4]) <= high and read_moment(cell, pattern) is not None
