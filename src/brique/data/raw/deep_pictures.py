"""Deep pictures, of more than 8 bits or of floats: stretched by the range of the training part."""

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
    """Pictures of which some are deep; their kind gets its range from the training part.

    values: (N, C, H, W), float32: brightness as in the files where they are deep, NaN round what
        lies inside; [0, 1] elsewhere.
    white_levels: (N,), float64, what is white in each where nothing else is known; 0 of 8 bits.
    kind: what the pictures are, nothing fitted yet.
    """

    values: Tensor
    white_levels: np.ndarray
    kind: Picture

    @classmethod
    def from_pixels(
        cls, pixels: Tensor, deep: Mapping[int, tuple[np.ndarray, float]], kind: Picture, name: str
    ) -> "DeepPictures":
        """Return pictures of which some are deep.

        pixels: (N, C, H, W), uint8, the others. deep: by place, as `Picture.fitted` returns them.
        Raises DataError where floats and whole numbers are mixed: their brightness has no scale in
        common.
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
        """Return what equal pictures have in common."""
        return self.values[row].numpy().tobytes()

    def fit(self, train: np.ndarray, where: str) -> tuple[Picture, Tensor]:
        """Return the kind with the range of the training part, and all pictures stretched by it.

        Where the training part has none that is deep, what is white in the others is their range.
        """
        deep = train[self.white_levels[train] > 0]
        span = (0.0, float(self.white_levels.max()))
        if len(deep):
            values = self.values[torch.from_numpy(deep)].numpy()
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            span = (low, high if high > low else low + 1)
        return replace(self.kind, value_range=span), self.stretch(span)

    def stretch(self, span: tuple[float, float]) -> Tensor:
        """Return all pictures in [0, 1]: the deep ones stretched by a range."""
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
        """Tell which pictures are cut by a range: (N,), bool."""
        rows = self.values.flatten(1).numpy()
        low, high = np.nanmin(rows, axis=1), np.nanmax(rows, axis=1)
        return (self.white_levels > 0) & ((low < span[0]) | (high > span[1]))
