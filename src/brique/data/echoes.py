"""Echoes: sounds that are nearly the same, made louder, cut at the ends, or written anew."""

from itertools import pairwise

import numpy as np

from brique.data.ragged import Ragged

_SPANS, _BANDS = 16, 12  # of time and of tone, in which energy is compared
_LEAST = 512  # samples of a sound that is compared
_EDGE = 0.02  # of the peak: what is quieter at the ends is no part of a sound
_ALIKE = 0.97  # correlation of energies from which sounds are laid upon each other
_SAME = 0.95  # correlation of the sounds themselves at the best shift
MOST = 20_000  # sounds among which echoes are sought
_LOOKED = 2_000  # pairs that are laid upon each other, the most alike first
_BLOCK = 1024


def echoes(sounds: Ragged) -> np.ndarray:
    """Return the pairs of sounds that are nearly the same (P, 2), int64, each lower first.

    sounds: N of shape (T, C). Of more than 20,000 none are sought.
    """
    if not 1 < len(sounds) <= MOST:
        return np.empty((0, 2), np.int64)
    offsets = sounds.offsets.tolist()
    values = sounds.values.numpy()
    cut = [_trimmed(values[start:stop].mean(1)) for start, stop in pairwise(offsets)]
    rows = np.array([row for row, sound in enumerate(cut) if len(sound) >= _LEAST], np.int64)
    if len(rows) < 2:
        return np.empty((0, 2), np.int64)
    pairs = _candidates(np.stack([_energies(cut[row]) for row in rows.tolist()]))
    kept = [pair for pair in rows[pairs].tolist() if _overlap(cut[pair[0]], cut[pair[1]]) >= _SAME]
    return np.array(sorted(kept), np.int64).reshape(-1, 2)


def _trimmed(sound: np.ndarray) -> np.ndarray:
    """Return a sound (T,) without the silence at its ends."""
    loud = np.flatnonzero(np.abs(sound) > _EDGE * np.abs(sound).max(initial=0))
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]


def _energies(sound: np.ndarray) -> np.ndarray:
    """Return the logarithm of energy by time and tone, centered, of unit length."""
    spans = sound[: len(sound) // _SPANS * _SPANS].reshape(_SPANS, -1)
    power = np.square(np.abs(np.fft.rfft(spans, axis=1)))
    edges = np.geomspace(1, power.shape[1], _BANDS + 1).astype(np.int64)
    edges = np.minimum(np.maximum(edges[:-1], np.arange(1, _BANDS + 1)), power.shape[1] - 1)
    bands = np.add.reduceat(power, edges, axis=1)
    levels = np.log(bands + 1e-4 * bands.mean() + 1e-30).ravel().astype(np.float32)
    levels -= levels.mean()
    return levels / max(float(np.linalg.norm(levels)), 1e-9)


def _candidates(levels: np.ndarray) -> np.ndarray:
    """Return the pairs (P, 2) whose energies correlate, the most alike first."""
    pairs, products = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for start in range(0, len(levels), _BLOCK):
        block = levels[start : start + _BLOCK] @ levels[start:].T
        one, two = np.nonzero(np.triu(block, 1) >= _ALIKE)
        pairs.append(np.stack([one, two], 1) + start)
        products.append(block[one, two])
    order = np.argsort(-np.concatenate(products), kind="stable")[:_LOOKED]
    return np.concatenate(pairs)[order]


def _overlap(one: np.ndarray, two: np.ndarray) -> float:
    """Return the greatest correlation of two sounds over all shifts of one against the other."""
    size = 1 << (len(one) + len(two) - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(two, size)), size)
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(two))
    return float(np.abs(product).max()) / max(lengths, 1e-12)
