"""Near-duplicate texts by MinHash of their word triples.

Source: Broder 1997, "On the resemblance and containment of documents"; Indyk, Motwani 1998,
"Approximate nearest neighbors: towards removing the curse of dimensionality", for the bands.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from brique import keys

_MIN_SIMILARITY = 0.8  # Jaccard similarity of near-duplicates
_SHINGLE_WORDS = 3  # words of an n-gram
_MAX_WORDS = 500  # used of a text
_BANDS, _ROWS = 16, 4  # a pair of similarity 0.8 shares a band with probability 0.9998
_WORD = re.compile(r"\w+")
_NGRAMS_AT_ONCE = 1 << 16  # n-grams per block
_PAIRS_AT_ONCE = 1 << 14  # pairs per block
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)


def near_pairs(texts: Sequence[str]) -> np.ndarray:
    """Return the pairs of near-duplicate texts (P, 2), int64, lower index first.

    Near-duplicates share four fifths of their word triples, in lowercase and without punctuation;
    shorter texts must have equal words. Equal texts are near-duplicates too. In a large group, each
    text is paired with some others only.
    """
    text, shingle = _word_ngrams(texts)
    if not len(text):
        return np.empty((0, 2), np.int64)
    pairs = _candidates(text, shingle, len(texts))
    return pairs[_jaccard(text, shingle, pairs, len(texts)) >= _MIN_SIMILARITY]


def mix64(numbers: np.ndarray) -> np.ndarray:
    """Return 64-bit numbers mixed one to one (the finalizer of SplitMix64)."""
    numbers = numbers + _INCREMENT
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _word_ngrams(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct n-grams of texts: text indices (S,), sorted, and hashes (S,), uint64."""
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
    """Return pairs that agree in a band of minimum hashes (P, 2), each once."""
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
    """Return the minimum hash of the n-grams of each text, in an order set by `factor` (odd)."""
    ends = np.r_[starts[1:], len(shingle)]
    minima = np.empty(len(starts), np.uint64)
    first = 0
    while first < len(starts):  # as many texts as fit into a CPU cache
        last = max(
            first + 1, int(np.searchsorted(ends, starts[first] + _NGRAMS_AT_ONCE, side="right"))
        )
        hashed = shingle[starts[first] : ends[last - 1]] * np.uint64(factor)
        minima[first:last] = np.minimum.reduceat(hashed, starts[first:last] - starts[first])
        first = last
    return minima


def _jaccard(text: np.ndarray, shingle: np.ndarray, pairs: np.ndarray, n: int) -> np.ndarray:
    """Return the Jaccard similarity of each pair (P,)."""
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
