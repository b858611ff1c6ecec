"""Shingles: runs of three words, by which texts that are nearly the same are found.

Source: Broder 1997, "On the resemblance and containment of documents"; Indyk, Motwani 1998,
"Approximate nearest neighbors: towards removing the curse of dimensionality", for the bands.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from brique import keys

_MIN_SIMILARITY = 0.8  # least share of the shingles of two texts that both have
_SHINGLE_WORDS = 3  # words of a shingle
_MAX_WORDS = 500  # words of a text that are looked at
_BANDS, _ROWS = 16, 4  # a pair of 0.8 shares a band with a chance of 0.9998
_WORD = re.compile(r"\w+")
_SHINGLES_AT_ONCE = 1 << 16  # shingles looked at at a time
_PAIRS_AT_ONCE = 1 << 14  # pairs compared at a time
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)


def near_pairs(texts: Sequence[str]) -> np.ndarray:
    """Return pairs of texts that are nearly the same (P, 2), int64, first before second.

    Near are texts that have four fifths of their runs of three words in common, in small letters
    and without marks; of texts of fewer words, those whose words are equal. In a group of many each
    is paired with some others, not with all. Equal texts are near.
    """
    text, shingle = _shingles(texts)
    if not len(text):
        return np.empty((0, 2), np.int64)
    pairs = _candidates(text, shingle, len(texts))
    return pairs[_jaccard(text, shingle, pairs, len(texts)) >= _MIN_SIMILARITY]


def mix64(numbers: np.ndarray) -> np.ndarray:
    """Return 64-bit numbers well mixed, one to one (the end of SplitMix64)."""
    numbers = numbers + _INCREMENT
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _shingles(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the different shingles of texts: places (S,), rising, and numbers (S,), uint64."""
    index_of: defaultdict[str, int] = defaultdict()
    index_of.default_factory = index_of.__len__
    words, lengths = array("q"), np.zeros(len(texts), np.int64)
    for row, text in enumerate(texts):
        text_words = _WORD.findall(text.casefold())[:_MAX_WORDS]
        words.extend(map(index_of.__getitem__, text_words))
        lengths[row] = len(text_words)
    if not words:
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    flat = mix64(np.frombuffer(words, np.int64).astype(np.uint64))
    owner = np.repeat(np.arange(len(texts)), lengths)
    runs = np.minimum(lengths, _SHINGLE_WORDS)[owner]
    position = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    starts = np.flatnonzero(position + runs <= lengths[owner])
    numbers = np.zeros(len(starts), np.uint64)
    for offset in range(_SHINGLE_WORDS):
        inside = runs[starts] > offset
        positions = starts[inside] + offset
        numbers[inside] = mix64(numbers[inside] * np.uint64(31) + flat[positions])
    owner = owner[starts]
    _, once = np.unique(mix64(numbers + mix64(owner.astype(np.uint64))), return_index=True)
    once.sort()
    return owner[once], numbers[once]


def _candidates(text: np.ndarray, shingle: np.ndarray, n: int) -> np.ndarray:
    """Return pairs that agree in a band of least numbers (P, 2), unlike and each once."""
    starts = np.flatnonzero(np.r_[True, text[1:] != text[:-1]])
    rows = text[starts]
    band_pairs: list[np.ndarray] = []
    for band in range(_BANDS):
        key = np.zeros(len(rows), np.uint64)
        for row in range(_ROWS):
            key = mix64(key + _min_hashes(shingle, starts, 2 * keys.mix(band, row) + 1))
        order = np.argsort(key, kind="stable")
        key, ordered = key[order], rows[order]
        same = key[1:] == key[:-1]
        group_start = np.maximum.accumulate(np.where(np.r_[True, ~same], np.arange(len(key)), 0))
        band_pairs.append(np.stack([ordered[:-1][same], ordered[1:][same]], 1))
        band_pairs.append(np.stack([ordered[group_start[1:]][same], ordered[1:][same]], 1))
    pairs = np.sort(np.concatenate(band_pairs), axis=1)
    codes = np.unique(pairs[:, 0] * n + pairs[:, 1])
    return np.stack([codes // n, codes % n], 1)


def _min_hashes(shingle: np.ndarray, starts: np.ndarray, factor: int) -> np.ndarray:
    """Return the least of the shingles of each text, in an order that `factor` (odd) decides."""
    ends = np.r_[starts[1:], len(shingle)]
    minima = np.empty(len(starts), np.uint64)
    first = 0
    while first < len(starts):  # as many texts as a processor's cache holds
        last = max(
            first + 1, int(np.searchsorted(ends, starts[first] + _SHINGLES_AT_ONCE, side="right"))
        )
        hashed = shingle[starts[first] : ends[last - 1]] * np.uint64(factor)
        minima[first:last] = np.minimum.reduceat(hashed, starts[first:last] - starts[first])
        first = last
    return minima


def _jaccard(text: np.ndarray, shingle: np.ndarray, pairs: np.ndarray, n: int) -> np.ndarray:
    """Return the share of shingles that each pair has in common (P,)."""
    from scipy.sparse import csr_array

    is_paired = np.zeros(n, bool)
    is_paired[pairs] = True
    text, shingle = text[is_paired[text]], shingle[is_paired[text]]
    _, column = np.unique(shingle, return_inverse=True)
    ones = np.ones(len(text), np.float32)
    incidence = csr_array((ones, (text, column)), shape=(n, len(text) + 1))
    sizes = np.bincount(text, minlength=n)
    intersections = np.zeros(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        block = pairs[start : start + _PAIRS_AT_ONCE]
        common = incidence[block[:, 0]].multiply(incidence[block[:, 1]])
        intersections[start : start + len(block)] = np.asarray(common.sum(axis=1)).ravel()
    return intersections / (sizes[pairs].sum(axis=1) - intersections)
