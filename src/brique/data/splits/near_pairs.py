"""Near-duplicate examples of a source, which a split keeps together."""

from collections.abc import Sequence

import numpy as np

from brique.data.core.ragged import Ragged
from brique.data.near_duplicates import audio, minhash
from brique.data.raw.column import Texts
from brique.data.raw.source import Source
from brique.schema import Signal


def near_pairs(source: Source) -> np.ndarray:
    """Return the pairs of near-duplicate examples (P, 2), int64; computed once.

    Only picture files, texts and sounds are compared, if they are the only input. One of several
    equal texts represents all.
    """
    if source.near_pairs is None:
        source.near_pairs = _find_near_pairs(source)
    return source.near_pairs


def _find_near_pairs(source: Source) -> np.ndarray:
    if source.image_metadata is not None:
        return source.image_metadata.near_pairs()
    inputs = [name for name in source.fields if name not in source.targets]
    if len(inputs) == 1:
        value, kind = source.fields[inputs[0]], source.kinds.get(inputs[0])
        if isinstance(value, Texts):
            return _near_text_pairs(source, [value.text(row) for row in range(len(value))])
        if isinstance(value, Ragged) and isinstance(kind, Signal) and kind.rate is not None:
            return audio.near_pairs(value)
    return np.empty((0, 2), np.int64)


def _near_text_pairs(source: Source, texts: Sequence[str]) -> np.ndarray:
    """Return the pairs of near-duplicate texts, without equal ones of one part."""
    n = len(texts)
    parts = [0] * n if source.part is None else source.part.tolist()
    times = [0.0] * n if source.times is None else source.times.tolist()
    first: dict[tuple[str, int, float], int] = {}
    for row, key in enumerate(zip(texts, parts, times, strict=True)):
        first.setdefault(key, row)
    rows = np.fromiter(first.values(), np.int64, len(first))
    pairs = rows[minhash.near_pairs([text for text, *_ in first])]
    return np.sort(pairs, axis=1)
