"""Which examples are for training, for choosing and for judging: a fixed draw on their content."""

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from brique.data.batch import Values
from brique.data.column import Column, Labels
from brique.data.originals import connected
from brique.data.ragged import Ragged
from brique.data.source import PARTS, Source
from brique.schema import Category


def split(source: Source) -> Tensor:
    """Return the part of each example (N,), uint8: the source's own, else a fixed draw."""
    part = (
        torch.zeros(len(source), dtype=torch.uint8) if source.part is None else source.part.clone()
    )
    given = [bool((part == place).any()) for place in range(3)]
    free = (part == 0).nonzero().flatten().numpy()
    test, valid = (0.0 if given[2] else 0.2), (0.0 if given[1] else 0.1)
    if source.is_final or (not test and not valid):
        return part
    digests = all_digests(source, free) if source.digests is None else source.digests[free]
    if source.originals is not None:
        digests = _joined(digests, source.originals.near_pairs(), free)
    strata = _strata(source, free)
    sides = _draw(digests, strata, test, valid)
    part[torch.from_numpy(free)] = torch.from_numpy(sides)
    if source.part is not None:
        made = [f"{PARTS[p]} is {(sides == p).sum():,}" for p in (1, 2) if not given[p]]
        source.notes.append(
            f"{source.name}: {' and '.join(made)} of its {len(free):,} training examples, held out "
            "by a fixed draw."
        )
    return part


def _draw(digests: np.ndarray, strata: np.ndarray, test: float, valid: float) -> np.ndarray:
    """Return the part of each example (N,), uint8, by its content alone.

    Within a stratum, examples stand in the order of their digests; the first fill test, the next
    valid. Equal examples are one group, counted in the stratum of its first; groups of several
    stand last, so that they go to train as a rule, and always to one part.
    """
    _, first, group, sizes = np.unique(
        digests, return_index=True, return_inverse=True, return_counts=True
    )
    stratum = strata[first]
    order = np.lexsort((np.arange(len(first)), sizes, stratum))  # of groups
    ends = np.cumsum(sizes[order])
    totals = np.bincount(stratum[order], weights=sizes[order]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(totals)[:-1]])
    n, end = totals[stratum[order]], ends - starts[stratum[order]]
    tests = _share(n, test, least=3)
    valids = _share(n - tests, valid, least=2)
    sides = np.where(end <= tests, 2, np.where(end <= tests + valids, 1, 0)).astype(np.uint8)
    of_group = np.empty(len(first), np.uint8)
    of_group[order] = sides
    return of_group[group]


def _joined(digests: np.ndarray, pairs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the digests at `rows` with one number, the lowest, for all that pairs connect.

    pairs: (P, 2), places in the whole source.
    """
    place = {row: i for i, row in enumerate(rows.tolist())}
    linked = [(place[a], place[b]) for a, b in pairs.tolist() if a in place and b in place]
    if not linked:
        return digests
    _, equal = np.unique(digests, return_inverse=True)
    groups = connected(len(digests), linked, equal)
    lowest = np.full(len(digests), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(lowest, groups, digests)
    return lowest[groups]


def _share(n: np.ndarray, share: float, *, least: int) -> np.ndarray:
    """Return round(share * n), but 1 at least where n reaches `least`."""
    if not share:
        return np.zeros_like(n)
    return np.maximum(np.rint(n * share).astype(np.int64), (n >= least).astype(np.int64))


def _strata(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return the class of each example at `rows`, or 0 where there is no class to keep even."""
    for name in source.targets:
        labels = source.fields[name]
        if isinstance(labels, Labels):
            _, places = np.unique([labels.said(row) for row in rows.tolist()], return_inverse=True)
            return places.astype(np.int64)
        if isinstance(source.kinds.get(name), Category):
            assert isinstance(labels, Tensor)
            return labels.numpy()[rows]
    return np.zeros(len(rows), np.int64)


def all_digests(source: Source, rows: np.ndarray) -> np.ndarray:
    """Return a number for the inputs of each example at `rows`, equal for equal ones: uint64."""
    columns = [_bytes(value) for name, value in source.fields.items() if name not in source.targets]
    words = [digest(b"".join([column(row) for column in columns])) for row in rows.tolist()]
    return np.array(words, dtype=np.uint64)


def digest(content: bytes) -> int:
    """Return a 64-bit number for an example's content: its place in the fixed draw of the split."""
    word = hashlib.blake2b(content, digest_size=8, key=b"brique split").digest()
    return int.from_bytes(word, "little")


def _bytes(value: Values | Column) -> Callable[[int], bytes]:
    """Return a function from an example's place to its bytes."""
    if isinstance(value, Column):
        return value.content
    if isinstance(value, Ragged):
        offsets = value.offsets.tolist()
        values = value.values.contiguous().numpy().reshape(len(value.values), -1)
        return lambda row: values[offsets[row] : offsets[row + 1]].tobytes()
    rows = value.contiguous().numpy()
    return lambda row: rows[row].tobytes()
