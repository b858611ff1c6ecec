"""Windows: pieces of series, each a past and the future that is to be foretold from it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from brique.errors import DataError

TEST, VALID = 0.2, 0.1  # share of the moments; share of those before the test
LIMIT = 8 << 30  # bytes that the windows may take
_RARE = 0.05  # share of the steps that may differ from the commonest: gaps in an even series
_BLOCK = 1 << 16  # windows cut together


@dataclass
class Track:
    """Series, one behind the other, each in the order of time.

    values: (T, C), float32, nothing missing.
    future: (T, K), float32: the targets, NaN where missing.
    times: (T,), seconds, or what else time is counted in. ticks: (T,), the same in even units.
    series: (T,), int64, which of them a row is of.
    """

    values: np.ndarray
    future: np.ndarray
    times: np.ndarray
    ticks: np.ndarray
    series: np.ndarray


def borders(times: np.ndarray) -> tuple[float, float]:
    """Return the first times of valid and of test: test is the last 20% of the moments.

    Valid is the last tenth of those before.
    """
    known = np.unique(times)
    test = round(len(known) * (1 - TEST))
    valid = round(test * (1 - VALID))
    return float(known[min(valid, len(known) - 1)]), float(known[min(test, len(known) - 1)])


def sides(times: np.ndarray) -> np.ndarray:
    """Return the part in which each row is (T,), int64."""
    valid, test = borders(times)
    return (times >= valid).astype(np.int64) + (times >= test)


def gaps(track: Track) -> tuple[np.ndarray, float | None]:
    """Return the rows before which moments lack (G,), and the step; None if steps are uneven."""
    steps = np.diff(track.ticks)
    inside = np.diff(track.series) == 0
    if not inside.any():
        return np.empty(0, np.int64), None
    lengths, counts = np.unique(np.round(steps[inside], 6), return_counts=True)
    step = float(lengths[counts.argmax()])
    odd = inside & (np.abs(steps - step) > 0.5 * step)
    if odd.sum() > _RARE * inside.sum():
        return np.empty(0, np.int64), None
    return np.flatnonzero(odd) + 1, step


def starts(track: Track, broken: np.ndarray, length: int, ahead: int) -> np.ndarray:
    """Return the rows at which whole windows begin (N,), that go over no gap and into one part.

    broken: rows before which moments lack. The future of a window lies in one part, which is that
    of the window; its past may lie before the border, as it does when a forecast is made.
    Windows whose future has a missing number are left out.
    """
    count = len(track.values) - length - ahead + 1
    if count < 1:
        return np.empty(0, np.int64)
    rows = np.arange(count)
    cuts = np.zeros(len(track.values), np.int64)
    cuts[1:] = np.diff(track.series) != 0
    cuts[broken] = 1
    before = np.cumsum(cuts)
    lost = np.r_[0, np.cumsum(np.isnan(track.future).any(1))]
    part = sides(track.times)
    first, last = rows + length, rows + length + ahead - 1
    good = (before[last] == before[rows]) & (part[first] == part[last])
    good &= lost[last + 1] == lost[first]
    return rows[good]


def cut(values: np.ndarray, rows: np.ndarray, length: int, name: str) -> Tensor:
    """Return the pieces that begin at `rows`: (N, length, C), float32. Raises DataError."""
    channels = values.shape[1]
    size = 4 * len(rows) * length * channels
    if size > LIMIT:
        raise DataError(
            f"{name}: {len(rows):,} windows of {length} x {channels} numbers take"
            f" {size / 2**30:.1f} GiB, more than {LIMIT >> 30}; choose a smaller --length, or leave"
            " columns out with --types"
        )
    source = torch.from_numpy(np.ascontiguousarray(values, np.float32))
    pieces = torch.empty(len(rows), length, channels)
    steps = torch.arange(length)
    for start in range(0, len(rows), _BLOCK):
        some = torch.from_numpy(rows[start : start + _BLOCK])
        at = (some[:, None] + steps).flatten()
        torch.index_select(source, 0, at, out=pieces[start : start + _BLOCK].view(-1, channels))
    return pieces


def filled(values: np.ndarray, series: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """Return values (T, C) with what is missing taken from the last row that has it.

    lead: (C,), what stands before the first.
    """
    rows = np.arange(len(values))[:, None]
    first = np.r_[True, np.diff(series) != 0]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(values)), 0))[:, None]
    known = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    found = np.take_along_axis(values, np.maximum(known, 0), axis=0)
    return np.where(known >= begin, found, lead)
