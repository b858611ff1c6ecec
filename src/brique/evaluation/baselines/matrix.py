"""Inputs of any kind as features of the baselines: numbers, classes and texts."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Ragged, Split
from brique.data.core.store import select_rows
from brique.inference import as_rows
from brique.schema import Category, Field, Number, Picture, Schema, Signal, Text, Timestamp

if TYPE_CHECKING:
    import numpy as np

_SIDE = 12  # side length to which pictures are reduced, in pixels
_PICTURES_AT_ONCE = 500  # converted to float at once
_NUM_BANDS = 16  # frequency bands of a sound
_MAX_WIDTH = 4_096  # values in a field of numbers, at most
_DAY, _YEAR = 86_400, 31_556_952  # seconds


@dataclass(frozen=True)
class Matrix:
    """The inputs of N examples.

    numbers: (N, F), float32, NaN where missing. classes: (N, C), int64.
    sizes: number of classes of each of the C columns. texts: for each text field, N texts, their
        tokens joined by blanks.
    """

    numbers: "np.ndarray"
    classes: "np.ndarray"
    sizes: tuple[int, ...]
    texts: tuple[list[str], ...]

    def __len__(self) -> int:
        return len(self.numbers)


def is_supported(schema: Schema) -> bool:
    """Tell whether the baselines support all inputs of a schema."""
    return all(_is_supported_kind(schema[name]) for name in schema.inputs)


def matrix(split: Split, rows: Tensor) -> Matrix:
    """Return the inputs of some examples of a split. rows: (M,), int64, indices in the split."""
    numbers: list[Tensor] = []
    classes: list[Tensor] = []
    sizes: list[int] = []
    texts: list[list[str]] = []
    for name in split.schema.inputs:
        kind, stored = split.schema[name], split[name]
        assert not isinstance(stored, dict)  # one field
        values = select_rows(stored, rows)
        if isinstance(kind, Category):
            classes.append(torch.as_tensor(values))
            sizes.append(len(kind.names) + kind.has_other)
        elif isinstance(kind, Text) and isinstance(values, Ragged):
            texts.append([" ".join(map(str, tokens.tolist())) for tokens in values])
        else:
            numbers.append(_numbers(kind, values))
    empty = torch.empty(len(rows), 0)
    return Matrix(
        torch.cat([empty, *numbers], dim=1).numpy(),
        torch.stack(classes, dim=1).numpy() if classes else empty.long().numpy(),
        tuple(sizes),
        tuple(texts),
    )


def _is_supported_kind(kind: Field) -> bool:
    if isinstance(kind, Number):
        return not kind.is_sequence and math.prod(kind.shape) <= _MAX_WIDTH
    return isinstance(kind, Category | Timestamp | Text | Signal | Picture)


def _numbers(kind: Field, values: Tensor | Ragged) -> Tensor:
    """Return the values of a field as numbers (N, F), float32."""
    if isinstance(values, Ragged):
        if not len(values):
            return torch.empty(0, 0)
        return torch.stack([_signal_features(kind, signal) for signal in values])
    if isinstance(kind, Picture):
        batches = [Picture.to_float(chunk) for chunk in values.split(_PICTURES_AT_ONCE)]
        resized = [functional.adaptive_avg_pool2d(pixels, _SIDE).flatten(1) for pixels in batches]
        return torch.cat(resized)
    if isinstance(kind, Timestamp):
        phases = [values % period / period for period in (_DAY, 7 * _DAY, _YEAR)]
        return torch.stack([values / _YEAR, *phases], dim=1).float()
    return as_rows(values)


def _signal_features(kind: Field, signal: Tensor) -> Tensor:
    """Return summary features of a signal (T, C): (F,)."""
    signal = signal if len(signal) else signal.new_zeros(1, signal.shape[1])
    if isinstance(kind, Signal) and kind.rate is not None and kind.rate >= 1000:
        return _sound_features(signal.mean(dim=1), kind.rate)
    mean_changes = signal.diff(dim=0).abs().mean(dim=0) if len(signal) > 1 else signal[0] * 0
    extremes = [signal[0], signal[-1], signal.amin(dim=0), signal.amax(dim=0)]
    means = [signal.mean(dim=0), signal.std(dim=0, correction=0), mean_changes]
    quarters = functional.adaptive_avg_pool1d(signal.T[None], 4)[0].flatten()
    return torch.cat([*extremes, *means, quarters, torch.tensor([float(len(signal))])])


def _sound_features(sound: Tensor, rate: float) -> Tensor:
    """Return the log power of frequency bands in four quarters of a sound (T,), and its length."""
    size = round(0.025 * rate)
    sound = functional.pad(sound, (0, max(0, 4 * size - len(sound))))
    power = torch.fft.rfft(sound.unfold(0, size, size // 2)).abs().square()  # (T', F)
    edges = torch.logspace(0, math.log10(power.shape[1]), _NUM_BANDS + 1).round().long()
    bands = [
        power[:, low : max(low + 1, high)].mean(dim=1)
        for low, high in edges.unfold(0, 2, 1).tolist()
    ]
    log_power = (torch.stack(bands, dim=1) + 1e-6).log()  # (T', 16)
    quarters = functional.adaptive_avg_pool1d(log_power.T[None], 4)[0].flatten()
    return torch.cat([quarters, log_power.std(dim=0), torch.tensor([len(sound) / rate])])
