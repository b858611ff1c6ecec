"""Pictures that come one by one, of any size and mode, resized and stored."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brique.data.raw.deep_pictures import DeepPictures
from brique.data.raw.digests import content_digest
from brique.errors import BriqueError, DataError
from brique.options import Options
from brique.schema import Picture
from brique.schema.pictures import image_shape

_DEFAULT_SIDE, _MAX_NATIVE_SIDE = (
    64,
    128,
)  # for pictures of many sizes, or of a longer side
_CHANNEL_COUNTS = (1, 3, 4)  # channels of a picture


@dataclass
class PreparedPictures:
    """Pictures (N, C, H, W), uint8, or float32 in [0, 1] for floats, and their kind.

    digests: (N,), uint64, of the original pictures.
    is_readable: (N,), bool; skipped has the reasons for the others.
    deep_pictures: by row, the pictures of more than 8 bits, as `Picture.fitted` returns them.
    """

    pixels: Tensor
    kind: Picture
    digests: np.ndarray
    is_readable: np.ndarray
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    deep: dict[int, tuple[np.ndarray, float]] = field(
        default_factory=dict[int, tuple[np.ndarray, float]]
    )

    def add(self, row: int, value: Any) -> None:  # noqa: ANN401
        """Store a picture as its kind prepares it. Raises DataError if it is not a picture."""
        planes, top = self.kind.decode(_channels_first(value))
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
        self.digests[row] = content_digest(np.asarray(value).tobytes())
        self.is_readable[row] = True

    def values(self, where: str) -> Tensor | DeepPictures:
        """Return the pictures, as a column that is fitted on train if some are deep."""
        return (
            DeepPictures.from_pixels(self.pixels, self.deep, self.kind, where)
            if self.deep
            else self.pixels
        )


class _ShapeMismatch(Exception):
    """A picture does not have the shape that the ones before it had."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape


def read(
    values: Callable[[], Iterable[Any]], count: int, where: str, options: Options
) -> PreparedPictures:
    """Return pictures as they are prepared for a net.

    values: gives the pictures, `count` of them, anew at each call: of Pillow, arrays or tensors.
    They keep their size if all have one of at most 128 pixels a side; else they are fitted to
    64 x 64, or to the size asked for. Raises DataError when none can be read.
    """
    requested_size = (options.size, options.size) if isinstance(options.size, int) else options.size
    shape: tuple[int, int, int] | None = None
    notes: list[str] = []
    for _ in range(4):  # of pictures of one kind, once is enough
        try:
            result = _read_once(
                values(),
                count,
                where,
                shape=shape,
                requested_size=requested_size,
                channels=options.channels,
            )
        except _ShapeMismatch as mismatch:
            shape = mismatch.shape
            continue
        if result is None or not result.is_readable.any():
            raise DataError(f"{where}: not one of {count:,} pictures can be read; look at them")
        if (
            requested_size is None
            and result.kind.shape[1:] == (_DEFAULT_SIDE, _DEFAULT_SIDE)
            and shape is not None
        ):
            notes.append(
                f"{where}: pictures of several sizes, or large ones, are fitted to"
                f" {_DEFAULT_SIDE} x {_DEFAULT_SIDE}; choose another size with --size."
            )
        result.notes = notes
        return result
    raise AssertionError(where)


def _read_once(
    values: Iterable[Any],
    count: int,
    where: str,
    *,
    shape: tuple[int, int, int] | None,
    requested_size: tuple[int, int] | None,
    channels: int | None,
) -> PreparedPictures | None:
    """Return the pictures in a shape, by default the shape of the first.

    Raises _OtherShape when another shape would be better.
    """
    result: PreparedPictures | None = None
    skipped: list[tuple[str, str]] = []
    keeps_native_shape = shape is None  # the shape of the pictures themselves
    first_shape: tuple[int, int, int] | None = None
    for row, value in enumerate(values):
        try:
            own_shape = _picture_shape(value)
            if result is None or not result.is_readable.any():
                first_shape = own_shape
                shape = shape or _target_shape(own_shape, requested_size, channels)
                keeps_native_shape = (
                    keeps_native_shape and requested_size is None and shape[1:] == own_shape[1:]
                )
                result = _empty_pictures(count, shape)
            assert shape is not None
            if keeps_native_shape and first_shape is not None and own_shape[1:] != first_shape[1:]:
                raise _ShapeMismatch(
                    (channels or max(shape[0], own_shape[0]), _DEFAULT_SIDE, _DEFAULT_SIDE)
                )
            if not channels and own_shape[0] > shape[0]:
                raise _ShapeMismatch((3, *shape[1:]))
            result.add(row, value)
        except (BriqueError, OSError, ValueError) as error:
            skipped.append((f"{where} {row}", str(error)))
    if result is not None:
        result.skipped = skipped
    return result


def _empty_pictures(count: int, shape: tuple[int, int, int]) -> PreparedPictures:
    pixels = torch.zeros(count, *shape, dtype=torch.uint8)
    return PreparedPictures(
        pixels, Picture(shape), np.zeros(count, np.uint64), np.zeros(count, bool)
    )


def _target_shape(
    own_shape: tuple[int, int, int], requested_size: tuple[int, int] | None, channels: int | None
) -> tuple[int, int, int]:
    """Return the shape to resize pictures to, from the first one."""
    own_size = (
        own_shape[1:] if max(own_shape[1:]) <= _MAX_NATIVE_SIDE else (_DEFAULT_SIDE, _DEFAULT_SIDE)
    )
    height, width = own_size if requested_size is None else requested_size
    return channels or own_shape[0], height, width


def _channels_first(value: Any) -> Any:  # noqa: ANN401
    """Return the array of a picture, channels first."""
    if hasattr(value, "getbands") or np.ndim(value) != 3 or not _is_channels_last(value):
        return value
    return np.moveaxis(np.asarray(value), 2, 0)


def _is_channels_last(value: Any) -> bool:  # noqa: ANN401
    """Tell whether the channels of a 3-axis array are its last axis; never for a tensor."""
    first, _, last = np.shape(value)
    return not isinstance(value, Tensor) and (last in (1, 3) or first not in _CHANNEL_COUNTS)


def _picture_shape(value: Any) -> tuple[int, int, int]:  # noqa: ANN401
    """Return channels (1 or 3), height and width of a picture. Raises DataError."""
    if hasattr(value, "getbands"):  # of Pillow
        return image_shape(value)
    shape = tuple(int(n) for n in np.shape(value))
    if len(shape) == 2:
        return (1, shape[0], shape[1])
    if len(shape) != 3 or not {shape[0], shape[2]} & set(_CHANNEL_COUNTS):
        raise DataError(
            f"expected a picture (H, W), (H, W, C) or (C, H, W), got {shape}; correct it"
        )
    axes = (2, 0, 1) if _is_channels_last(value) else (0, 1, 2)
    channels, height, width = shape[axes[0]], shape[axes[1]], shape[axes[2]]
    return (1 if channels == 1 else 3, height, width)
