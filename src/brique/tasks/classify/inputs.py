"""Inputs as plain numbers, as the baselines take them."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Split
from brique.schema import Field, Number, Picture, Schema

if TYPE_CHECKING:
    import numpy as np

SIDE = 32
_PIXELS = 3072  # numbers of a picture at most: 32 x 32 in three colors
_NUMBERS = 1 << 26  # of all examples together at most: 256 MiB
_AT_ONCE = 500
_PARTS = 200  # principal parts
_SMALL = 64  # numbers that need none
_SEEN = 4_000  # examples that they are found on


def can_be_numbers(schema: Schema) -> bool:
    """Tell whether the baselines can read the inputs of a schema: one picture, or plain numbers."""
    if len(schema.inputs) != 1:
        return False
    field = schema[schema.inputs[0]]
    is_plain = isinstance(field, Number) and not field.varies and math.prod(field.shape) > 0
    return is_plain or isinstance(field, Picture)


def numbers_of(values: Tensor, field: Field) -> Tensor:
    """Return inputs as numbers (N, F), float32.

    values: pictures (N, C, H, W), uint8 or in [0, 1], which come to 32 x 32 pixels at most by the
        mean over areas, to fewer where channels are many; or numbers (N, ...).
    """
    if not isinstance(field, Picture):
        return values.float().flatten(1) if values.ndim > 1 else values.float().unsqueeze(1)
    pixels, size = Picture.to_float(values), _size(field)
    if size != field.shape[1:]:
        pixels = functional.adaptive_avg_pool2d(pixels, size)
    return pixels.flatten(1)


def inputs_of(split: Split, ids: Tensor) -> Tensor:
    """Return the inputs of some examples of a split as numbers (M, F), some at a time."""
    name = split.schema.inputs[0]
    parts: list[Tensor] = []
    for some in ids.split(_AT_ONCE):
        values = split.select(some)[name]
        assert isinstance(values, Tensor)
        parts.append(numbers_of(values, split.schema[name]))
    return torch.cat(parts)


def smaller(numbers: Tensor, field: Field, side: int) -> Tensor:
    """Return what `numbers_of` returned with pictures of `side` x `side` pixels at most: (N, F)."""
    if not isinstance(field, Picture):
        return numbers
    height, width = _size(field)
    pixels = numbers.view(len(numbers), field.shape[0], height, width)
    return functional.adaptive_avg_pool2d(pixels, (min(height, side), min(width, side))).flatten(1)


def most(field: Field) -> int:
    """Return of how many examples the numbers can be held at once."""
    shape = (field.shape[0], *_size(field)) if isinstance(field, Picture) else ()
    shape = field.shape if isinstance(field, Number) else shape
    return max(1, _NUMBERS // math.prod(shape))


class Parts:
    """Numbers (N, F) brought to principal parts (N, P) that are found on the training examples.

    Columns of a table are first brought to mean 0 and spread 1; pixels keep their spread, so that
    distances between pictures stay what they are.
    """

    def __init__(self, train: Tensor, field: Field) -> None:
        from sklearn.decomposition import PCA

        self._mean = train.mean(dim=0)
        self._spread = torch.ones_like(self._mean)
        if isinstance(field, Number):
            spread = train.std(dim=0, correction=0)
            self._spread = torch.where(spread > 0, spread, 1.0)
        self._turn = None
        if train.shape[1] > _SMALL:
            seen = self._centered(train[:_SEEN])
            count = min(_PARTS, *seen.shape)
            self._turn = PCA(count, svd_solver="randomized", random_state=0).fit(seen)

    def of(self, numbers: Tensor) -> "np.ndarray":
        """Return the parts (N, P), float32, those that vary most first."""
        import numpy as np

        parts: list[np.ndarray] = []
        for some in numbers.split(_AT_ONCE):
            given = self._centered(some)
            turn = self._turn if len(given) else None
            parts.append(given if turn is None else turn.transform(given))
        return np.concatenate(parts)

    def _centered(self, numbers: Tensor) -> "np.ndarray":
        return ((numbers - self._mean) / self._spread).numpy()


def _size(field: Picture) -> tuple[int, int]:
    """Return the height and width that pictures are brought to."""
    channels, height, width = field.shape
    side = max(1, min(SIDE, math.isqrt(_PIXELS // channels)))
    return min(height, side), min(width, side)
