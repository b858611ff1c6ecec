"""Windows of series: a past and the future to forecast."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from brique.errors import DataError

TEST_SHARE, VALID_SHARE = 0.2, 0.1  # share of all time steps; share of the rest
MAX_BYTES = 8 << 30  # bytes that the windows may take
_MAX_GAP_SHARE = 0.05  # share of steps that may be gaps in an even series
_BLOCK_SIZE = 1 << 16  # windows per batch


@dataclass
class SeriesArrays:
    """Concatenated series, each in the order of time.

    values: (T, C), float32, nothing missing.
    future: (T, K), float32: the targets, NaN where missing.
    times: (T,), seconds or another unit. ticks: (T,), the same in even units.
    series: (T,), int64, the series of each row.
    """

    values: np.ndarray
    future: np.ndarray
    times: np.ndarray
    ticks: np.ndarray
    series: np.ndarray


def part_starts(times: np.ndarray) -> tuple[float, float]:
    """Return the first times of valid and of test: test is the last 20% of the time steps.

    Valid is the last tenth of the rest.
    """
    unique_times = np.unique(times)
    test = round(len(unique_times) * (1 - TEST_SHARE))
    valid = round(test * (1 - VALID_SHARE))
    return float(unique_times[min(valid, len(unique_times) - 1)]), float(
        unique_times[min(test, len(unique_times) - 1)]
    )


def row_parts(times: np.ndarray) -> np.ndarray:
    """Return the part of each row (T,), int64."""
    valid, test = part_starts(times)
    return (times >= valid).astype(np.int64) + (times >= test)


def find_gaps(arrays: SeriesArrays) -> tuple[np.ndarray, float | None]:
    """Return the rows after a gap in time (G,), and the step; None if steps are uneven."""
    steps = np.diff(arrays.ticks)
    is_same_series = np.diff(arrays.series) == 0
    if not is_same_series.any():
        return np.empty(0, np.int64), None
    lengths, counts = np.unique(np.round(steps[is_same_series], 6), return_counts=True)
    step = float(lengths[counts.argmax()])
    is_gap = is_same_series & (np.abs(steps - step) > 0.5 * step)
    if is_gap.sum() > _MAX_GAP_SHARE * is_same_series.sum():
        return np.empty(0, np.int64), None
    return np.flatnonzero(is_gap) + 1, step


def window_starts(
    arrays: SeriesArrays, gap_rows: np.ndarray, length: int, horizon: int
) -> np.ndarray:
    """Return the first rows of whole windows (N,), without a gap and with a future in one part.

    gap_rows: rows after a gap in time. The future of a window lies in one part, the part
    of the window; its past may lie in the part before, as in inference.
    Windows whose future has a missing number are left out.
    """
    count = len(arrays.values) - length - horizon + 1
    if count < 1:
        return np.empty(0, np.int64)
    rows = np.arange(count)
    is_break = np.zeros(len(arrays.values), np.int64)
    is_break[1:] = np.diff(arrays.series) != 0
    is_break[gap_rows] = 1
    break_counts = np.cumsum(is_break)
    missing_counts = np.r_[0, np.cumsum(np.isnan(arrays.future).any(1))]
    part = row_parts(arrays.times)
    first, last = rows + length, rows + length + horizon - 1
    is_whole = (break_counts[last] == break_counts[rows]) & (part[first] == part[last])
    is_whole &= missing_counts[last + 1] == missing_counts[first]
    return rows[is_whole]


def cut_windows(values: np.ndarray, rows: np.ndarray, length: int, name: str) -> Tensor:
    """Return the windows that begin at `rows`: (N, length, C), float32. Raises DataError."""
    channels = values.shape[1]
    size = 4 * len(rows) * length * channels
    if size > MAX_BYTES:
        raise DataError(
            f"{name}: {len(rows):,} windows of {length} x {channels} numbers take"
            f" {size / 2**30:.1f} GiB, more than {MAX_BYTES >> 30}; choose a smaller --length,"
            " or leave columns out with --types"
        )
    source = torch.from_numpy(np.ascontiguousarray(values, np.float32))
    windows = torch.empty(len(rows), length, channels)
    offsets = torch.arange(length)
    for start in range(0, len(rows), _BLOCK_SIZE):
        block_rows = torch.from_numpy(rows[start : start + _BLOCK_SIZE])
        indices = (block_rows[:, None] + offsets).flatten()
        torch.index_select(
            source, 0, indices, out=windows[start : start + _BLOCK_SIZE].view(-1, channels)
        )
    return windows


def fill_forward(values: np.ndarray, series: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """Return values (T, C) with missing values filled forward from the last known row.

    initial: (C,), the fill before the first known value.
    """
    rows = np.arange(len(values))[:, None]
    is_first = np.r_[True, np.diff(series) != 0]
    series_start = np.maximum.accumulate(np.where(is_first, np.arange(len(values)), 0))[:, None]
    last_known = np.maximum.accumulate(np.where(np.isnan(values), -1, rows), axis=0)
    carried = np.take_along_axis(values, np.maximum(last_known, 0), axis=0)
    return np.where(last_known >= series_start, carried, initial)
