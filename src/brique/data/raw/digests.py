"""Digests: a 64-bit number for the content of each example, equal for equal examples."""

import hashlib
from collections.abc import Callable

import numpy as np

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.raw.column import Column
from brique.data.raw.source import Source


def all_digests(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return a number for the inputs of each example at `rows`, equal for equal ones: uint64."""
    columns = [
        _content_function(value)
        for name, value in source.fields.items()
        if name not in source.targets
    ]
    words = [content_digest(b"".join([column(row) for column in columns])) for row in rows.tolist()]
    return np.array(words, dtype=np.uint64)


def content_digest(content: bytes) -> int:
    """Return a 64-bit digest of an example's content, which decides its part."""
    word = hashlib.blake2b(content, digest_size=8, key=b"brique split").digest()
    return int.from_bytes(word, "little")


def _content_function(value: Values | Column) -> Callable[[int], bytes]:
    """Return a function from the index of an example to its bytes."""
    if isinstance(value, Column):
        return value.content
    if isinstance(value, Ragged):
        offsets = value.offsets.tolist()
        values = value.values.contiguous().numpy().reshape(len(value.values), -1)
        return lambda row: values[offsets[row] : offsets[row + 1]].tobytes()
    rows = value.contiguous().numpy()
    return lambda row: rows[row].tobytes()
