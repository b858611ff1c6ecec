"""Pictures that come one by one, of any size and mode, brought to one size and stored."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brique.data.depths import Depths
from brique.data.splitting import digest
from brique.errors import BriqueError, DataError
from brique.options import Options
from brique.schema import Picture
from brique.schema.pictures import image_shape

_SIDE, _LARGEST = 64, 128  # what pictures of many sizes, or of a longer side, are fitted to
_COLORS = (1, 3, 4)  # channels of a picture


@dataclass
class Pixels:
    """Pictures (N, C, H, W), uint8, or float32 in [0, 1] where floats came, and their kind.

    digests: (N,), uint64, of the pictures as they came.
    good: (N,), bool, those that could be read; skipped says why others could not.
    deep: those that are, by place, as `Picture.fitted` returns them.
    """

    pixels: Tensor
    kind: Picture
    digests: np.ndarray
    good: np.ndarray
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    deep: dict[int, tuple[np.ndarray, float]] = field(
        default_factory=dict[int, tuple[np.ndarray, float]]
    )

    def put(self, row: int, value: Any) -> None:  # noqa: ANN401
        """Keep a picture as its kind prepares it. Raises DataError where it is none."""
        planes, top = self.kind.fitted(_planes(value))
        if top:
            self.deep[row] = planes, top
        else:
            if planes.dtype != np.uint8:
                self.pixels = self.kind.to_float(self.pixels)
            self.pixels[row] = (
                self.kind.to_float(torch.from_numpy(planes))
                if (self.pixels.is_floating_point())
                else torch.from_numpy(planes)
            )
        self.digests[row] = digest(np.asarray(value).tobytes())
        self.good[row] = True

    def values(self, where: str) -> Tensor | Depths:
        """Return the pictures, as a column that is fitted on train where some are deep."""
        return Depths.of(self.pixels, self.deep, self.kind, where) if self.deep else self.pixels


class _OtherShape(Exception):
    """A picture does not have the shape that the ones before it had."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape


def read(values: Callable[[], Iterable[Any]], count: int, where: str, asked: Options) -> Pixels:
    """Return pictures as they are prepared for a net.

    values: gives the pictures, `count` of them, anew at each call: of Pillow, arrays or tensors.
    They keep their size if all have one of at most 128 pixels a side; else they are fitted to
    64 x 64, or to the size asked for. Raises DataError when none can be read.
    """
    sides = (asked.size, asked.size) if isinstance(asked.size, int) else asked.size
    shape: tuple[int, int, int] | None = None
    notes: list[str] = []
    for _ in range(4):  # of pictures of one kind, once is enough
        try:
            made = _read(values(), count, where, shape=shape, sides=sides, channels=asked.channels)
        except _OtherShape as other:
            shape = other.shape
            continue
        if made is None or not made.good.any():
            raise DataError(f"{where}: not one of {count:,} pictures can be read; look at them")
        if sides is None and made.kind.shape[1:] == (_SIDE, _SIDE) and shape is not None:
            notes.append(
                f"{where}: pictures of several sizes, or large ones, are fitted to {_SIDE} x"
                f" {_SIDE}; choose another size with --size."
            )
        made.notes = notes
        return made
    raise AssertionError(where)


def _read(
    values: Iterable[Any],
    count: int,
    where: str,
    *,
    shape: tuple[int, int, int] | None,
    sides: tuple[int, int] | None,
    channels: int | None,
) -> Pixels | None:
    """Return the pictures in a shape, by default that of the first one.

    Raises _OtherShape when another would be better.
    """
    made: Pixels | None = None
    skipped: list[tuple[str, str]] = []
    is_own = shape is None  # the shape is that of the pictures themselves
    own: tuple[int, int, int] | None = None
    for row, value in enumerate(values):
        try:
            came = _shape(value)
            if made is None or not made.good.any():
                own = came
                shape = shape or _wanted(came, sides, channels)
                is_own = is_own and sides is None and shape[1:] == came[1:]
                made = _empty(count, shape)
            assert shape is not None
            if is_own and own is not None and came[1:] != own[1:]:
                raise _OtherShape((channels or max(shape[0], came[0]), _SIDE, _SIDE))
            if not channels and came[0] > shape[0]:
                raise _OtherShape((3, *shape[1:]))
            made.put(row, value)
        except (BriqueError, OSError, ValueError) as error:
            skipped.append((f"{where} {row}", str(error)))
    if made is not None:
        made.skipped = skipped
    return made


def _empty(count: int, shape: tuple[int, int, int]) -> Pixels:
    pixels = torch.zeros(count, *shape, dtype=torch.uint8)
    return Pixels(pixels, Picture(shape), np.zeros(count, np.uint64), np.zeros(count, bool))


def _wanted(
    came: tuple[int, int, int], sides: tuple[int, int] | None, channels: int | None
) -> tuple[int, int, int]:
    """Return the shape that pictures are brought to, from the first one."""
    own = came[1:] if max(came[1:]) <= _LARGEST else (_SIDE, _SIDE)
    height, width = own if sides is None else sides
    return channels or came[0], height, width


def _planes(value: Any) -> Any:  # noqa: ANN401
    """Return an array of a picture with its channels first."""
    if hasattr(value, "getbands") or np.ndim(value) != 3 or not _is_last(value):
        return value
    return np.moveaxis(np.asarray(value), 2, 0)


def _is_last(value: Any) -> bool:  # noqa: ANN401
    """Tell whether the channels of an array of 3 axes are its last axis; a tensor's never are."""
    first, _, last = np.shape(value)
    return not isinstance(value, Tensor) and (last in (1, 3) or first not in _COLORS)


def _shape(value: Any) -> tuple[int, int, int]:  # noqa: ANN401
    """Return channels (1 or 3), height and width of a picture. Raises DataError when it is none."""
    if hasattr(value, "getbands"):  # of Pillow
        return image_shape(value)
    shape = tuple(int(n) for n in np.shape(value))
    if len(shape) == 2:
        return (1, shape[0], shape[1])
    if len(shape) != 3 or not {shape[0], shape[2]} & set(_COLORS):
        raise DataError(f"expected a picture (H, W), (H, W, C) or (C, H, W), got {shape}; mend it")
    order = (2, 0, 1) if _is_last(value) else (0, 1, 2)
    channels, height, width = shape[order[0]], shape[order[1]], shape[order[2]]
    return (1 if channels == 1 else 3, height, width)
