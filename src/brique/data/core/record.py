"""The record of a data set: what a run writes down of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from brique.schema import Schema


@dataclass(eq=False)
class DataRecord:
    """What a run writes down of a data set; its parts and their streams carry it.

    notes, skipped: as in Data.
    roots: as in Source.
    test_reads: how often batches of its test part were asked for.
    """

    name: str
    schema: Schema
    fingerprint: str
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    roots: Mapping[str, Path] = field(default_factory=dict[str, Path])
    test_reads: int = 0
