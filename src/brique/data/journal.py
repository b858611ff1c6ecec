"""What data this process opened, and how often a test part was gone through: runs write it down."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from brique.schema import Schema


@dataclass
class Entry:
    """A data set that was opened.

    used: `time.perf_counter()` when it was opened or last gone through.
    notes, skipped: as in Data.
    roots: as in Source.
    test_reads: how often batches of its test part were asked for.
    """

    name: str
    schema: Schema
    fingerprint: str
    used: float
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    test_reads: int = 0
    is_told: bool = False
    roots: Mapping[str, Path] = field(default_factory=dict[str, Path])

    def visit(self, *, is_test: bool) -> None:
        """Take note that a part is gone through."""
        self.used = time.perf_counter()
        self.test_reads += is_test


_entries: deque[Entry] = deque(maxlen=64)


def enter(entry: Entry) -> Entry:
    """Take note of a data set that was opened; returns the entry."""
    _entries.append(entry)
    return entry


def since(moment: float) -> list[Entry]:
    """Return the data sets used since a moment of `time.perf_counter()`, in order of opening."""
    return [entry for entry in _entries if entry.used >= moment]
