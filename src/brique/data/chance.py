"""Whether examples are equal by chance, as answers of a survey are, or are copies of each other."""

import numpy as np
from torch import Tensor

from brique.data.batch import Values
from brique.data.column import Column
from brique.data.shingles import mixed
from brique.data.source import Source

_ABOUT = 3.0  # times as many equal pairs as of independent columns are still about as many
_UNIQUE = 0.5  # share of different values from which a column tells rows apart
_FEW_VALUES, _TIMES = 20, 10  # a column's values, rows of each different input: few, and many
_FEW_TEXTS = 100  # different values of a single column that may be few
_LEAST = 0.05  # share of examples that repeat another, below which they stay together anyhow


def equal_by_chance(source: Source) -> bool:
    """Tell whether the equal examples of a source are so by chance; looked at once.

    They are if the inputs take so few values that independent columns of the same shares would give
    about as many equal pairs. Pictures, sounds and measured numbers are equal as they are copies.
    """
    if source.by_chance is None:
        source.by_chance = _looked(source)
    return source.by_chance


def leaked_by_chance(source: Source, inside: np.ndarray) -> bool:
    """Tell whether two parts share about as many examples as independent columns would give.

    inside: (N,), bool, of the one part. How often columns agree across the parts is counted without
    the equal examples, so that copies do not speak for themselves.
    """
    columns = [_codes(one, len(source)) for key, one in source.fields.items()
               if key not in source.targets]  # fmt: skip
    known = [codes for codes in columns if codes is not None]
    if source.originals is not None or len(known) < max(2, len(columns)):
        return False
    whole = float(inside.sum()) * float((~inside).sum())
    equal = _equal_pairs(np.unique(np.stack(known, 1), axis=0, return_inverse=True)[1], inside)
    expected = whole
    for codes in known:
        expected *= (_equal_pairs(codes, inside) - equal) / whole
    return equal <= _ABOUT * expected


def _equal_pairs(codes: np.ndarray, inside: np.ndarray) -> float:
    """Return how many pairs of an example inside and one outside have equal codes (N,)."""
    size = int(codes.max()) + 1
    sides = [np.bincount(codes[side], minlength=size) for side in (inside, ~inside)]
    return float((sides[0].astype(np.float64) * sides[1]).sum())


def each_by_itself(source: Source, digests: np.ndarray) -> np.ndarray:
    """Return a number for each example (M,), uint64, another for each of those that are equal."""
    _, places = np.unique(digests, return_inverse=True)
    order = np.argsort(places, kind="stable")
    firsts = np.flatnonzero(np.r_[True, np.diff(places[order]) > 0])
    times = np.empty(len(digests), np.uint64)  # how many equal ones come before
    times[order] = np.arange(len(order)) - np.repeat(firsts, np.diff(np.r_[firsts, len(order)]))
    note = (
        f"{source.name}: the inputs take few values, so that examples are equal by chance"
        f" ({len(firsts):,} different ones among {len(digests):,}): each is drawn into a part by"
        " itself."
    )
    if not any("equal by chance" in known for known in source.notes):
        source.notes.append(note)
    return mixed(digests + mixed(times))


def _looked(source: Source) -> bool:
    columns: list[np.ndarray] = []
    n = len(source)
    if source.originals is not None or n < _TIMES:
        return False
    for name, value in source.fields.items():
        if name in source.targets:
            continue
        codes = _codes(value, n)
        if codes is None or int(codes.max()) + 1 > _UNIQUE * n:
            return False
        columns.append(codes)
    if not columns:
        return False
    counts = np.unique(np.stack(columns, 1), axis=0, return_counts=True)[1]
    if n - len(counts) < _LEAST * n:
        return False
    if n >= _TIMES * len(counts):
        most = _FEW_TEXTS if len(columns) == 1 else _FEW_VALUES
        if max(int(codes.max()) for codes in columns) < most:
            return True
    shares = [float(np.square(np.bincount(codes) / n).sum()) for codes in columns]
    expected = float(np.prod(shares)) * n * n / 2
    observed = float((counts * (counts - 1)).sum()) / 2
    return len(columns) > 1 and observed <= _ABOUT * expected


def _codes(value: Values | Column, n: int) -> np.ndarray | None:
    """Return a number for each different value (N,), or None where a value is no single one."""
    if isinstance(value, Column):
        known: dict[bytes, int] = {}
        return np.array([known.setdefault(value.content(row), len(known)) for row in range(n)])
    if isinstance(value, Tensor) and value.ndim == 1:
        return np.unique(value.numpy(), return_inverse=True)[1]
    return None
