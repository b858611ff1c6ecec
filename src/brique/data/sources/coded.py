"""Columns of tables: classes and moments as numbers already, and digests of rows by columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.column import Column, Numbers
from brique.data.splitting import digest
from brique.errors import DataError
from brique.schema import MISSING, Category, Field, Moment, natural


@dataclass
class Codes(Column):
    """Classes of an input, as places in a list of names.

    codes: (N,), int64; -1 is missing.
    """

    codes: np.ndarray
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def said(self, row: int) -> str:
        """Return the class of an example."""
        code = int(self.codes[row])
        return self.names[code] if code >= 0 else ""

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the classes of the training part, naturally sorted, and numbers (N,), int64."""
        names = [MISSING, *self.names]
        counts = np.bincount(self.codes[train] + 1, minlength=len(names))
        kept = sorted({names[place] for place in np.flatnonzero(counts)}, key=natural)
        place = {name: number for number, name in enumerate(kept)}
        numbers = np.array([place.get(name, len(kept)) for name in names], np.int64)
        return Category(tuple(kept), others=True), torch.from_numpy(numbers[self.codes + 1])


def joined(codes: np.ndarray, names: Sequence[str]) -> Codes:
    """Return classes of which those that have one name are one.

    codes: as in `Codes`. names: of each code, some perhaps several times.
    """
    kept = list(dict.fromkeys(names))
    places = {name: place for place, name in enumerate(kept)}
    moved = np.array([*(places[name] for name in names), -1], np.int64)
    return Codes(moved[codes], kept)


@dataclass
class Moments(Column):
    """Moments in whole seconds since 1970-01-01 UTC.

    seconds: (N,), int64. is_missing: (N,), bool.
    pattern, offset: as in `brique.schema.Moment`.
    """

    seconds: np.ndarray
    is_missing: np.ndarray
    pattern: str | None = None
    offset: bool | None = None

    def __len__(self) -> int:
        return len(self.seconds)

    def said(self, row: int) -> str:
        """Return the moment of an example, in ISO 8601."""
        return "" if self.is_missing[row] else str(np.datetime64(int(self.seconds[row]), "s"))

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return mean, spread and fill of the training part, and numbers (N,), int64."""
        known = self.seconds[train][~self.is_missing[train]]
        if not len(known):
            raise DataError(f"{where}: no training example has a moment; leave the column out")
        fill, optional = float(np.floor(np.median(known))), bool(self.is_missing.any())
        kind = Moment(float(known.mean()), float(known.std()), self.pattern, fill, optional)
        kind = replace(kind, offset=self.offset)
        values = np.where(self.is_missing, int(fill), self.seconds)
        return kind, torch.from_numpy(values)


def row_digests(columns: Mapping[str, Column]) -> np.ndarray:
    """Return a number for each row (N,), uint64, equal for equal ones, whatever the columns' order.

    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", for `_mixed`.
    """
    total = np.zeros(len(next(iter(columns.values()))), np.uint64)
    for name, column in columns.items():
        total += _mixed(_keys(column) ^ np.uint64(digest(name.encode())))
    return _mixed(total)


def _keys(column: Column) -> np.ndarray:
    """Return a number for the value of each row (N,), uint64."""
    if isinstance(column, Numbers):
        return np.where(np.isnan(column.values), np.nan, column.values + 0.0).view(np.uint64)
    if isinstance(column, Codes):
        known = [digest(name.encode()) for name in ("", *column.names)]
        return np.array(known, np.uint64)[column.codes + 1]
    if isinstance(column, Moments):
        return np.where(column.is_missing, -1, column.seconds).astype(np.uint64)
    found = [digest(column.content(row)) for row in range(len(column))]
    return np.array(found, np.uint64)


def _mixed(keys: np.ndarray) -> np.ndarray:
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
