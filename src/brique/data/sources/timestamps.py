"""Timestamps: the cells of a column read as moments, in tables and in series."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brique.data.finding import Finding, Severity
from brique.data.sources.coded import Moments
from brique.data.sources.guess import Cut, finding, more, rows_said
from brique.data.sources.patterns import commonest, is_named_so, number_patterns, pattern_of
from brique.errors import DataError
from brique.schema.written import SECOND, read_moment

_RARE = 0.1  # share of cells that are no moments, below which they may be slips


@dataclass(frozen=True)
class Stamps:
    """A column of moments.

    micros: (N,), int64, microseconds since 1970, 0 where unknown. is_known: (N,), bool.
    pattern: how they are written. rival: how else they could be meant.
    has_time: (N,), bool, whether a cell says a time of day.
    has_offset: (N,), bool, whether it says its offset from UTC. named: what cells have said it.
    """

    micros: np.ndarray
    is_known: np.ndarray
    pattern: str | None
    rival: str | None
    has_time: np.ndarray
    has_offset: np.ndarray

    @property
    def offset(self) -> bool | None:
        """Whether all are written with their offset; None where some are."""
        said = self.has_offset[self.is_known]
        return bool(said.all()) if said.all() or not said.any() else None


def stamps(cut: Cut, pattern: str | None, rival: str | None = None) -> Stamps:
    """Return the cells of a column as moments of a pattern."""
    if not cut.is_text and "timestamp" in str(cut.values.type):
        micros = cut.values.cast("timestamp[us]").cast("int64").fill_null(0)
        every = np.ones(len(cut.values), bool)
        return Stamps(
            micros.to_numpy(zero_copy_only=False).astype(np.int64), cut.is_known.copy(), None, None,
            every, ~every,
        )  # fmt: skip
    coded = cut.raw()
    read = [read_moment(cell, pattern) for cell in coded.names]
    known = np.array([*(one is not None for one in read), False])[coded.codes]
    micros = np.array([*(0 if one is None else one.micros for one in read), 0], np.int64)
    timed = np.array([*(one is not None and one.has_time for one in read), False])
    zoned = np.array([*(one is not None and one.has_offset for one in read), False])
    codes = coded.codes
    return Stamps(micros[codes], known, pattern, rival, timed[codes], zoned[codes])


def checked_moments(cut: Cut, *, is_told: bool) -> tuple[Moments, list[Finding]]:
    """Return the cells of a table's column as moments, and what is odd about them.

    Raises DataError where a person says that they are moments, and one is none.
    """
    pattern, rival = written(cut)
    found = stamps(cut, pattern, rival)
    strange = np.flatnonzero(~found.is_known & cut.is_known)
    if len(strange) and is_told:
        row = int(strange[0])
        raise DataError(
            f"{cut.where}: expected moments such as 2024-03-01 17:30:00, got"
            f" '{cut.values[row].as_py()}' in {cut.called[row]}{more(len(strange))}; write all"
            " alike"
        )
    findings = said_of_dates(cut, found)
    if len(strange):
        reason = (
            f"'{cut.name}' holds moments, and texts that cannot be read as such in"
            f" {rows_said(len(strange))}, the first '{cut.values[int(strange[0])].as_py()}' in"
            f" {cut.called[int(strange[0])]}."
        )
        remedy = "Write them as the others; now they count as missing."
        is_rare = len(strange) < _RARE * int(cut.is_known.sum())
        severity: Severity = "warning" if is_rare else "error"
        findings.append(finding("mixed types", severity, cut, (reason, remedy), strange))
    seconds = np.where(found.is_known, found.micros // SECOND, 0)
    offset = None if not cut.is_text and pattern is None else found.offset
    return Moments(seconds, ~found.is_known, pattern, offset), findings


def written(cut: Cut) -> tuple[str | None, str | None]:
    """Return how most moments of a column are written, and how else they could be meant."""
    if "timestamp" in str(cut.values.type):
        return None, None
    found = pattern_of(cut.distinct)
    if found is not None:
        return found
    numbers: Sequence[str | None] = number_patterns(cut.distinct, cut.name)
    best = numbers or commonest(cut.distinct, cut.name)[0]
    return (best[0], next(iter(best[1:]), None)) if best else (None, None)


def unread(cut: Cut) -> list[Finding]:
    """Return a finding where a column is called as moments are, and its texts are none."""
    is_like = [len(re.findall(r"\d+", cell)) > 1 for cell in cut.sample]
    if not is_named_so(cut.name) or not is_like or not all(is_like):
        return []
    reason = (
        f"'{cut.name}' is called as moments are, and its cells, such as '{cut.sample[0]}', cannot"
        " be read as such: they are taken for words, without their order."
    )
    remedy = "Write them as 2024-03-01 17:30; months are read by their English names."
    return [finding("moments not read", "warning", cut, (reason, remedy), np.empty(0, int))]


def said_of_dates(cut: Cut, found: Stamps) -> list[Finding]:
    """Return what a person should know of how dates were read."""
    said: list[Finding] = []
    pattern = found.pattern
    if found.offset is None:
        bare = np.flatnonzero(found.is_known & ~found.has_offset)
        reason = (
            f"'{cut.name}' holds moments with their offset from UTC, and others without in"
            f" {rows_said(len(bare))}, which are taken for UTC."
        )
        remedy = "Write the offset everywhere, as 2024-03-01T17:30+01:00, or nowhere."
        said.append(finding("mixed offsets", "error", cut, (reason, remedy), bare))
    if pattern is None:
        return said
    severity: Severity = "warning" if found.rival else "note"
    first = next(iter(cut.distinct), "")
    reason = f"'{cut.name}' holds dates as text, such as {first}, read {order_of(pattern)}."
    if pattern.startswith("@") or pattern in ("%Y", "%Y%m", "%Y%m%d"):
        severity = "note"
        reason = f"'{cut.name}' holds numbers such as {first}, read as {order_of(pattern)}."
    elif found.rival:
        reason += " The other order would fit all of them too: make sure."
    remedy = "Write dates as 2024-03-01, which can be read in one way only."
    return [*said, finding("date as text", severity, cut, (reason, remedy), np.empty(0, int))]


def order_of(pattern: str | None) -> str:
    """Return how a pattern is read, in words.

    >>> order_of("%d/%m/%Y"), order_of("@ms")
    ('with the day before the month', 'milliseconds since 1970')
    """
    units = {
        "@s": "seconds since 1970", "@ms": "milliseconds since 1970",
        "@us": "microseconds since 1970", "@ns": "nanoseconds since 1970",
        "@excel": "days of a spreadsheet, since 1899-12-30",
        "%Y": "years", "%Y%m": "year and month", "%Y%m%d": "year, month and day",
    }  # fmt: skip
    if pattern is None or pattern in units:
        return units.get(pattern or "", "as ISO 8601")
    places = {mark: pattern.find(mark) for mark in ("%d", "%m", "%y")}
    if places["%d"] < 0 or ("%m" not in pattern and "%B" not in pattern):
        names = {"%Y": "year", "%y": "year", "%m": "month", "%B": "month", "%q": "quarter"}
        names |= {"%G": "year", "%V": "week", "%j": "day of the year"}
        return "as " + " and ".join(names[mark] for mark in _marks(pattern) if mark in names)
    month = max(places["%m"], pattern.find("%B"))
    first = "day before the month" if places["%d"] < month else "month before the day"
    return f"with the {first}" + (", the year first" if pattern.startswith(("%Y", "%y")) else "")


def _marks(pattern: str) -> list[str]:
    return [pattern[i : i + 2] for i in range(len(pattern) - 1) if pattern[i] == "%"]
