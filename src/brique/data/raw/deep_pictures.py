"""Pictures of high bit depth (over 8 bits, or floats), rescaled by the training part's range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import torch
from torch import Tensor

from brique.data.raw.column import Column
from brique.errors import DataError
from brique.schema import Picture
from brique.schema.bit_depth import rescale_intensity, to_uint8
from brique.schema.resizing import resize_planes


@dataclass
class DeepPictures(Column):
    """Pictures, some of high bit depth; their range is fitted on the training part.

    values: (N, C, H, W), float32: brightness as in the files for high bit depth, with NaN as
        letterbox padding; otherwise in [0, 1].
    white_levels: (N,), float64, default white level of each; 0 for 8 bits.
    kind: of the pictures, not fitted yet.
    """

    values: Tensor
    white_levels: np.ndarray
    kind: Picture

    @classmethod
    def from_pixels(
        cls, pixels: Tensor, deep: Mapping[int, tuple[np.ndarray, float]], kind: Picture, name: str
    ) -> "DeepPictures":
        """Return pictures, some of high bit depth.

        pixels: (N, C, H, W), uint8, the others. deep: by index, as `Picture.decode` returns them.
        Raises DataError if floats and integers are mixed, which have no common scale.
        """
        values, white_levels = kind.to_float(pixels), np.zeros(len(pixels))
        values = values.clone() if values is pixels else values
        for index, (planes, white) in deep.items():
            values[index], white_levels[index] = torch.from_numpy(planes), white
        if len(set(white_levels.tolist()) - {0.0}) > 1:
            raise DataError(
                f"{name}: some pictures hold floats and some whole numbers of 16 bits, whose"
                " brightness has no scale in common; save all alike"
            )
        return cls(values, white_levels, kind)

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, rows: Tensor) -> "DeepPictures": ...
    @overload
    def __getitem__(self, rows: np.ndarray) -> "DeepPictures": ...
    def __getitem__(self, rows: Tensor | np.ndarray) -> "DeepPictures":
        index = torch.as_tensor(rows)
        return DeepPictures(self.values[index], self.white_levels[index.numpy()], self.kind)

    @property
    def shape(self) -> Sequence[int]:
        """N, C, H, W."""
        return self.values.shape

    def grey(self) -> "DeepPictures":
        """Return the first channel."""
        kind = replace(self.kind, shape=(1, *self.kind.shape[1:]))
        return DeepPictures(self.values[:, :1].contiguous(), self.white_levels, kind)

    def text(self, row: int) -> str:
        """Return what stands for a picture in a sentence."""
        return f"picture {row}"

    def content(self, row: int) -> bytes:
        """Return the bytes that equal pictures share."""
        return self.values[row].numpy().tobytes()

    def fit(self, train: np.ndarray, where: str) -> tuple[Picture, Tensor]:
        """Return the kind with the range of the training part, and all pictures rescaled by it.

        Without high bit depth in the training part, the range is the white level of the others.
        """
        deep = train[self.white_levels[train] > 0]
        span = (0.0, float(self.white_levels.max()))
        if len(deep):
            values = self.values[torch.from_numpy(deep)].numpy()
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            span = (low, high if high > low else low + 1)
        return replace(self.kind, value_range=span), self.stretch(span)

    def stretch(self, span: tuple[float, float]) -> Tensor:
        """Return all pictures in [0, 1]: high bit depth is rescaled by a range."""
        values = self.values.clone()
        for row in np.flatnonzero(self.white_levels).tolist():
            values[row] = torch.from_numpy(rescale_intensity(values[row].numpy(), span))
        return values

    def prepare(self, kind: Picture) -> Tensor:
        """Return all pictures (N, ...), float32, as another kind prepares them."""
        pictures: list[Tensor] = []
        for planes, white in zip(self.values.numpy(), self.white_levels.tolist(), strict=True):
            if planes.shape != kind.shape:
                grey = np.nan if white else 0.5
                planes = resize_planes(planes, kind.shape, letterbox=kind.letterbox, fill=grey)
            if white:
                span = kind.value_range
                planes = (
                    to_uint8(planes, white) if span is None else rescale_intensity(planes, span)
                )
            pictures.append(kind.to_float(torch.from_numpy(planes.copy())))
        return torch.stack(pictures)

    def exceeds(self, span: tuple[float, float]) -> np.ndarray:
        """Return which pictures a range clips: (N,), bool."""
        rows = self.values.flatten(1).numpy()
        low, high = np.nanmin(rows, axis=1), np.nanmax(rows, axis=1)
        return (self.white_levels > 0) & ((low < span[0]) | (high > span[1]))
