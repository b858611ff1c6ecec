"""Inputs of any kinds as the simple methods read them: numbers, classes and texts."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Ragged, Split
from brique.data.store import rows_of
from brique.inference import rows_of_numbers
from brique.schema import Category, Field, Moment, Number, Picture, Schema, Signal, Text

if TYPE_CHECKING:
    import numpy as np

_SIDE = 12  # pixels a side of a picture
_PICTURES = 500  # that are floats at once
_BANDS = 16  # of the pitches of a sound
_WIDEST = 4_096  # numbers of a field that are read as they are
_DAY, _YEAR = 86_400, 31_556_952  # seconds


@dataclass(frozen=True)
class Matrix:
    """Some examples.

    numbers: (N, F), float32, NaN where missing. classes: (N, C), int64.
    sizes: how many classes each of the C columns has. texts: for each field of texts, N of them as
        pieces with blanks between.
    """

    numbers: "np.ndarray"
    classes: "np.ndarray"
    sizes: tuple[int, ...]
    texts: tuple[list[str], ...]

    def __len__(self) -> int:
        return len(self.numbers)


def can_be_read(schema: Schema) -> bool:
    """Tell whether all inputs of a schema can be read so."""
    return all(_is_known(schema[name]) for name in schema.inputs)


def matrix(split: Split, rows: Tensor) -> Matrix:
    """Return the inputs of some examples of a part. rows: (M,), int64, their places in it."""
    numbers: list[Tensor] = []
    classes: list[Tensor] = []
    sizes: list[int] = []
    texts: list[list[str]] = []
    for name in split.schema.inputs:
        kind, stored = split.schema[name], split[name]
        assert not isinstance(stored, dict)  # one field of all examples
        values = rows_of(stored, rows)
        if isinstance(kind, Category):
            classes.append(torch.as_tensor(values))
            sizes.append(len(kind.names) + kind.others)
        elif isinstance(kind, Text) and isinstance(values, Ragged):
            texts.append([" ".join(map(str, one.tolist())) for one in values])
        else:
            numbers.append(_numbers(kind, values))
    empty = torch.empty(len(rows), 0)
    return Matrix(
        torch.cat([empty, *numbers], dim=1).numpy(),
        torch.stack(classes, dim=1).numpy() if classes else empty.long().numpy(),
        tuple(sizes),
        tuple(texts),
    )


def _is_known(kind: Field) -> bool:
    if isinstance(kind, Number):
        return not kind.varies and math.prod(kind.shape) <= _WIDEST
    return isinstance(kind, Category | Moment | Text | Signal | Picture)


def _numbers(kind: Field, values: Tensor | Ragged) -> Tensor:
    """Return the values of a field as numbers (N, F), float32."""
    if isinstance(values, Ragged):
        if not len(values):
            return torch.empty(0, 0)
        return torch.stack([_summary(kind, one) for one in values])
    if isinstance(kind, Picture):
        pieces = [Picture.to_float(some) for some in values.split(_PICTURES)]
        small = [functional.adaptive_avg_pool2d(pixels, _SIDE).flatten(1) for pixels in pieces]
        return torch.cat(small)
    if isinstance(kind, Moment):
        turns = [values % span / span for span in (_DAY, 7 * _DAY, _YEAR)]
        return torch.stack([values / _YEAR, *turns], dim=1).float()
    return rows_of_numbers(values)


def _summary(kind: Field, signal: Tensor) -> Tensor:
    """Return what a signal (T, C) is like on the whole: (F,)."""
    signal = signal if len(signal) else signal.new_zeros(1, signal.shape[1])
    if isinstance(kind, Signal) and kind.rate is not None and kind.rate >= 1000:
        return _heard(signal.mean(dim=1), kind.rate)
    steps = signal.diff(dim=0).abs().mean(dim=0) if len(signal) > 1 else signal[0] * 0
    ends = [signal[0], signal[-1], signal.amin(dim=0), signal.amax(dim=0)]
    middle = [signal.mean(dim=0), signal.std(dim=0, correction=0), steps]
    thirds = functional.adaptive_avg_pool1d(signal.T[None], 4)[0].flatten()
    return torch.cat([*ends, *middle, thirds, torch.tensor([float(len(signal))])])


def _heard(sound: Tensor, rate: float) -> Tensor:
    """Return how loud bands of pitches are, in four quarters of a sound (T,), and its length."""
    size = round(0.025 * rate)
    sound = functional.pad(sound, (0, max(0, 4 * size - len(sound))))
    power = torch.fft.rfft(sound.unfold(0, size, size // 2)).abs().square()  # (T', F)
    edges = torch.logspace(0, math.log10(power.shape[1]), _BANDS + 1).round().long()
    bands = [power[:, a : max(a + 1, b)].mean(dim=1) for a, b in edges.unfold(0, 2, 1).tolist()]
    loud = (torch.stack(bands, dim=1) + 1e-6).log()  # (T', 16)
    quarters = functional.adaptive_avg_pool1d(loud.T[None], 4)[0].flatten()
    return torch.cat([quarters, loud.std(dim=0), torch.tensor([len(sound) / rate])])
