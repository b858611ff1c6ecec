"""Deep pictures, of more than 8 bits or of floats: stretched by the range of the training part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import torch
from torch import Tensor

from brique.data.column import Column
from brique.errors import DataError
from brique.schema import Picture
from brique.schema.depth import shallow, stretched
from brique.schema.fitting import fit_planes


@dataclass
class Depths(Column):
    """Pictures of which some are deep; their kind gets its range from the training part.

    values: (N, C, H, W), float32: brightness as in the files where they are deep, NaN round what
        lies inside; [0, 1] elsewhere.
    tops: (N,), float64, what is white in each where nothing else is known; 0 of 8 bits.
    kind: what the pictures are, nothing fitted yet.
    """

    values: Tensor
    tops: np.ndarray
    kind: Picture

    @classmethod
    def of(
        cls, pixels: Tensor, deep: Mapping[int, tuple[np.ndarray, float]], kind: Picture, name: str
    ) -> "Depths":
        """Return pictures of which some are deep.

        pixels: (N, C, H, W), uint8, the others. deep: by place, as `Picture.fitted` returns them.
        Raises DataError where floats and whole numbers are mixed: their brightness has no scale in
        common.
        """
        values, tops = kind.to_float(pixels), np.zeros(len(pixels))
        values = values.clone() if values is pixels else values
        for place, (planes, top) in deep.items():
            values[place], tops[place] = torch.from_numpy(planes), top
        if len(set(tops.tolist()) - {0.0}) > 1:
            raise DataError(
                f"{name}: some pictures hold floats and some whole numbers of 16 bits, whose"
                " brightness has no scale in common; save all alike"
            )
        return cls(values, tops, kind)

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, rows: Tensor) -> "Depths": ...
    @overload
    def __getitem__(self, rows: np.ndarray) -> "Depths": ...
    def __getitem__(self, rows: Tensor | np.ndarray) -> "Depths":
        index = torch.as_tensor(rows)
        return Depths(self.values[index], self.tops[index.numpy()], self.kind)

    @property
    def shape(self) -> Sequence[int]:
        """N, C, H, W."""
        return self.values.shape

    def grey(self) -> "Depths":
        """Return the first channel."""
        kind = replace(self.kind, shape=(1, *self.kind.shape[1:]))
        return Depths(self.values[:, :1].contiguous(), self.tops, kind)

    def said(self, row: int) -> str:
        """Return what stands for a picture in a sentence."""
        return f"picture {row}"

    def content(self, row: int) -> bytes:
        """Return what equal pictures have in common."""
        return self.values[row].numpy().tobytes()

    def fitted(self, train: np.ndarray, where: str) -> tuple[Picture, Tensor]:
        """Return the kind with the range of the training part, and all pictures stretched by it.

        Where the training part has none that is deep, what is white in the others is their range.
        """
        deep = train[self.tops[train] > 0]
        span = (0.0, float(self.tops.max()))
        if len(deep):
            values = self.values[torch.from_numpy(deep)].numpy()
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            span = (low, high if high > low else low + 1)
        return replace(self.kind, range=span), self.stretched(span)

    def stretched(self, span: tuple[float, float]) -> Tensor:
        """Return all pictures in [0, 1]: the deep ones stretched by a range."""
        values = self.values.clone()
        for row in np.flatnonzero(self.tops).tolist():
            values[row] = torch.from_numpy(stretched(values[row].numpy(), span))
        return values

    def told(self, kind: Picture) -> Tensor:
        """Return all pictures (N, ...), float32, as another kind prepares them."""
        found: list[Tensor] = []
        for planes, top in zip(self.values.numpy(), self.tops.tolist(), strict=True):
            if planes.shape != kind.shape:
                grey = np.nan if top else 0.5
                planes = fit_planes(planes, kind.shape, inside=kind.inside, grey=grey)
            if top:
                span = kind.range
                planes = shallow(planes, top) if span is None else stretched(planes, span)
            found.append(kind.to_float(torch.from_numpy(planes.copy())))
        return torch.stack(found)

    def outside(self, span: tuple[float, float]) -> np.ndarray:
        """Tell which pictures are cut by a range: (N,), bool."""
        rows = self.values.flatten(1).numpy()
        low, high = np.nanmin(rows, axis=1), np.nanmax(rows, axis=1)
        return (self.tops > 0) & ((low < span[0]) | (high > span[1]))
