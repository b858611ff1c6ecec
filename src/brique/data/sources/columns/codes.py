"""Columns of tables: classes as codes, timestamps as seconds, and digests of rows by columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from brique.data.core.batch import Values
from brique.data.raw.column import Column, Numbers
from brique.data.raw.digests import content_digest
from brique.errors import DataError
from brique.schema import MISSING, Category, Field, Timestamp, natural_key


@dataclass
class Codes(Column):
    """Classes of an input, as indices into a list of names.

    codes: (N,), int64; -1 is missing.
    """

    codes: np.ndarray
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def text(self, row: int) -> str:
        """Return the class of an example."""
        code = int(self.codes[row])
        return self.names[code] if code >= 0 else ""

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the classes of the training part, naturally sorted, and numbers (N,), int64."""
        names = [MISSING, *self.names]
        counts = np.bincount(self.codes[train] + 1, minlength=len(names))
        class_names = sorted({names[index] for index in np.flatnonzero(counts)}, key=natural_key)
        index = {name: number for number, name in enumerate(class_names)}
        new_codes = np.array([index.get(name, len(class_names)) for name in names], np.int64)
        return Category(tuple(class_names), has_other=True), torch.from_numpy(
            new_codes[self.codes + 1]
        )


def merge_codes(codes: np.ndarray, names: Sequence[str]) -> Codes:
    """Return classes in which equal names share one code.

    codes: as in `Codes`. names: the name of each code; a name may repeat.
    """
    unique_names = list(dict.fromkeys(names))
    index_by_name = {name: index for index, name in enumerate(unique_names)}
    new_codes = np.array([*(index_by_name[name] for name in names), -1], np.int64)
    return Codes(new_codes[codes], unique_names)


@dataclass
class TimestampColumn(Column):
    """Timestamps in whole seconds since 1970-01-01 UTC.

    seconds: (N,), int64. is_missing: (N,), bool.
    pattern, has_offset: as in `brique.schema.Timestamp`.
    """

    seconds: np.ndarray
    is_missing: np.ndarray
    pattern: str | None = None
    has_offset: bool | None = None

    def __len__(self) -> int:
        return len(self.seconds)

    def text(self, row: int) -> str:
        """Return the timestamp of an example, in ISO 8601."""
        return "" if self.is_missing[row] else str(np.datetime64(int(self.seconds[row]), "s"))

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return mean, std and fill of the training part, and seconds (N,), int64."""
        known_seconds = self.seconds[train][~self.is_missing[train]]
        if not len(known_seconds):
            raise DataError(f"{where}: no training example has a timestamp; leave the column out")
        fill, optional = float(np.floor(np.median(known_seconds))), bool(self.is_missing.any())
        kind = Timestamp(
            float(known_seconds.mean()), float(known_seconds.std()), self.pattern, fill, optional
        )
        kind = replace(kind, has_offset=self.has_offset)
        values = np.where(self.is_missing, int(fill), self.seconds)
        return kind, torch.from_numpy(values)


def row_digests(columns: Mapping[str, Column]) -> np.ndarray:
    """Return a hash of each row (N,), uint64, independent of the order of columns.

    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", for `_mix`.
    """
    total = np.zeros(len(next(iter(columns.values()))), np.uint64)
    for name, column in columns.items():
        total += _mix(_row_keys(column) ^ np.uint64(content_digest(name.encode())))
    return _mix(total)


def _row_keys(column: Column) -> np.ndarray:
    """Return a hash of the value in each row (N,), uint64."""
    if isinstance(column, Numbers):
        return np.where(np.isnan(column.values), np.nan, column.values + 0.0).view(np.uint64)
    if isinstance(column, Codes):
        name_digests = [content_digest(name.encode()) for name in ("", *column.names)]
        return np.array(name_digests, np.uint64)[column.codes + 1]
    if isinstance(column, TimestampColumn):
        return np.where(column.is_missing, -1, column.seconds).astype(np.uint64)
    digests = [content_digest(column.content(row)) for row in range(len(column))]
    return np.array(digests, np.uint64)


def _mix(keys: np.ndarray) -> np.ndarray:
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
