"""Whether equal examples are equal by chance, as in a survey, or copies."""

import numpy as np
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.near_duplicates.minhash import mix64
from brique.data.raw.column import Column
from brique.data.raw.source import Source

_MAX_RATIO = (
    3.0  # ratio of equal pairs to those of independent columns, up to which they are chance
)
_UNIQUE_SHARE = 0.5  # share of distinct values of a column that identifies rows
_FEW_VALUES, _ROWS_PER_VALUE = (
    20,
    10,
)  # a column's values, rows of each different input: few, and many
_FEW_SINGLE_VALUES = 100  # different values of a single column that may be few
_MIN_REPEATED_SHARE = (
    0.05  # share of examples that repeat another, below which they stay together anyhow
)


def equal_by_chance(source: Source) -> bool:
    """Return whether the equal examples of a source are equal by chance; computed once.

    They are if independent columns of the same frequencies would give about as many equal pairs.
    Equal pictures, sounds and measured numbers are copies.
    """
    if source.are_equal_by_chance is None:
        source.are_equal_by_chance = _are_equal_by_chance(source)
    return source.are_equal_by_chance


def leaked_by_chance(source: Source, is_inside: np.ndarray) -> bool:
    """Return whether two parts share about as many examples as independent columns would.

    is_inside: (N,), bool, of one part. Agreements of columns across parts are counted without the
    equal examples, so that copies do not count.
    """
    columns = [_codes(value, len(source)) for key, value in source.fields.items()
               if key not in source.targets]  # fmt: skip
    coded_columns = [codes for codes in columns if codes is not None]
    if source.image_metadata is not None or len(coded_columns) < max(2, len(columns)):
        return False
    total_pairs = float(is_inside.sum()) * float((~is_inside).sum())
    equal = _equal_pairs(
        np.unique(np.stack(coded_columns, 1), axis=0, return_inverse=True)[1], is_inside
    )
    expected = total_pairs
    for codes in coded_columns:
        expected *= (_equal_pairs(codes, is_inside) - equal) / total_pairs
    return equal <= _MAX_RATIO * expected


def _equal_pairs(codes: np.ndarray, inside: np.ndarray) -> float:
    """Return the number of pairs, one inside and one outside, with equal codes (N,)."""
    size = int(codes.max()) + 1
    sides = [np.bincount(codes[side], minlength=size) for side in (inside, ~inside)]
    return float((sides[0].astype(np.float64) * sides[1]).sum())


def distinct_digests(source: Source, digests: np.ndarray) -> np.ndarray:
    """Return a number for each example (M,), uint64, different for equal ones too."""
    _, codes = np.unique(digests, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    firsts = np.flatnonzero(np.r_[True, np.diff(codes[order]) > 0])
    earlier_counts = np.empty(len(digests), np.uint64)  # equal ones before
    earlier_counts[order] = np.arange(len(order)) - np.repeat(
        firsts, np.diff(np.r_[firsts, len(order)])
    )
    note = (
        f"{source.name}: the inputs take few values, so that examples are equal by chance"
        f" ({len(firsts):,} different ones among {len(digests):,}): each is drawn into a part by"
        " itself."
    )
    if not any("equal by chance" in existing for existing in source.notes):
        source.notes.append(note)
    return mix64(digests + mix64(earlier_counts))


def _are_equal_by_chance(source: Source) -> bool:
    code_columns: list[np.ndarray] = []
    n = len(source)
    if source.image_metadata is not None or n < _ROWS_PER_VALUE:
        return False
    for name, value in source.fields.items():
        if name in source.targets:
            continue
        codes = _codes(value, n)
        if codes is None or int(codes.max()) + 1 > _UNIQUE_SHARE * n:
            return False
        code_columns.append(codes)
    if not code_columns:
        return False
    counts = np.unique(np.stack(code_columns, 1), axis=0, return_counts=True)[1]
    if n - len(counts) < _MIN_REPEATED_SHARE * n:
        return False
    if n >= _ROWS_PER_VALUE * len(counts):
        limit = _FEW_SINGLE_VALUES if len(code_columns) == 1 else _FEW_VALUES
        if max(int(codes.max()) for codes in code_columns) < limit:
            return True
    shares = [float(np.square(np.bincount(codes) / n).sum()) for codes in code_columns]
    expected = float(np.prod(shares)) * n * n / 2
    observed = float((counts * (counts - 1)).sum()) / 2
    return len(code_columns) > 1 and observed <= _MAX_RATIO * expected


def _codes(value: Values | Column, n: int) -> np.ndarray | None:
    """Return a number for each distinct value (N,), or None for fields of several values."""
    if isinstance(value, Column):
        code_of: dict[bytes, int] = {}
        return np.array([code_of.setdefault(value.content(row), len(code_of)) for row in range(n)])
    if isinstance(value, Tensor) and value.ndim == 1:
        return np.unique(value.numpy(), return_inverse=True)[1]
    return None
