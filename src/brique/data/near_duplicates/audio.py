"""Near-duplicate sounds: another volume, trimmed or re-encoded."""

from itertools import pairwise

import numpy as np

from brique.data.core.ragged import Ragged

_TIME_BINS, _BANDS = 16, 12  # of time and frequency, for energies
_MIN_SAMPLES = 512  # of a sound, after resampling
_SILENCE = 0.02  # of the peak; quieter ends are silence
_MIN_ENERGY_CORRELATION = 0.97  # of energies, for candidates
_MIN_CORRELATION = 0.95  # of waveforms at the best shift
MAX_SOUNDS = 20_000  # more are not compared
_MAX_PAIRS = 2_000  # most similar first
_BLOCK = 1024


def near_pairs(sounds: Ragged) -> np.ndarray:
    """Return the pairs of near-duplicate sounds (P, 2), int64, lower index first.

    sounds: N of shape (T, C); none are returned for more than 20,000.
    """
    if not 1 < len(sounds) <= MAX_SOUNDS:
        return np.empty((0, 2), np.int64)
    offsets = sounds.offsets.tolist()
    values = sounds.values.numpy()
    trimmed = [_trim(values[start:stop].mean(1)) for start, stop in pairwise(offsets)]
    rows = np.array(
        [row for row, sound in enumerate(trimmed) if len(sound) >= _MIN_SAMPLES], np.int64
    )
    if len(rows) < 2:
        return np.empty((0, 2), np.int64)
    pairs = _candidates(np.stack([_log_energies(trimmed[row]) for row in rows.tolist()]))
    matches = [
        pair
        for pair in rows[pairs].tolist()
        if _max_correlation(trimmed[pair[0]], trimmed[pair[1]]) >= _MIN_CORRELATION
    ]
    return np.array(sorted(matches), np.int64).reshape(-1, 2)


def _trim(sound: np.ndarray) -> np.ndarray:
    """Return a sound (T,) without the silence at its ends."""
    loud = np.flatnonzero(np.abs(sound) > _SILENCE * np.abs(sound).max(initial=0))
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]


def _log_energies(sound: np.ndarray) -> np.ndarray:
    """Return log energies by time and frequency, centered, with unit norm."""
    spans = sound[: len(sound) // _TIME_BINS * _TIME_BINS].reshape(_TIME_BINS, -1)
    power = np.square(np.abs(np.fft.rfft(spans, axis=1)))
    edges = np.geomspace(1, power.shape[1], _BANDS + 1).astype(np.int64)
    edges = np.minimum(np.maximum(edges[:-1], np.arange(1, _BANDS + 1)), power.shape[1] - 1)
    bands = np.add.reduceat(power, edges, axis=1)
    levels = np.log(bands + 1e-4 * bands.mean() + 1e-30).ravel().astype(np.float32)
    levels -= levels.mean()
    return levels / max(float(np.linalg.norm(levels)), 1e-9)


def _candidates(levels: np.ndarray) -> np.ndarray:
    """Return the pairs (P, 2) whose energies correlate, most similar first."""
    pairs, products = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for start in range(0, len(levels), _BLOCK):
        block = levels[start : start + _BLOCK] @ levels[start:].T
        first, second = np.nonzero(np.triu(block, 1) >= _MIN_ENERGY_CORRELATION)
        pairs.append(np.stack([first, second], 1) + start)
        products.append(block[first, second])
    order = np.argsort(-np.concatenate(products), kind="stable")[:_MAX_PAIRS]
    return np.concatenate(pairs)[order]


def _max_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the maximum cross-correlation of two sounds."""
    size = 1 << (len(first) + len(second) - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    norms = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float(np.abs(product).max()) / max(norms, 1e-12)
