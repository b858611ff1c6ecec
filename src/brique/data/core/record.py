"""The record of a data set, which a run stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from brique.schema import Schema


@dataclass(eq=False)
class DataRecord:
    """What a run stores about a data set; its parts and their streams carry it.

    notes, skipped: as in Data.
    roots: as in Source.
    test_reads: number of streams of its test part.
    """

    name: str
    schema: Schema
    fingerprint: str
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    roots: Mapping[str, Path] = field(default_factory=dict[str, Path])
    test_reads: int = 0
