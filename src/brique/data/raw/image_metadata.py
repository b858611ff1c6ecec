"""Metadata of picture files before resizing."""

from dataclasses import dataclass, field

import numpy as np

from brique.data.near_duplicates import images
from brique.schema.pictures import PictureInfo


@dataclass
class ImageMetadata:
    """Metadata of the picture files of a source, in order.

    infos: mode, size and other properties.
    thumbs: (N, 1152), uint8, thumbnails to find near-duplicates.
    """

    infos: list[PictureInfo] = field(default_factory=list[PictureInfo])
    thumbs: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    _pairs: np.ndarray | None = None

    def near_pairs(self) -> np.ndarray:
        """Return the pairs of near-duplicate pictures (P, 2), int64; computed once."""
        if self._pairs is None:
            sides = [min(info.height, info.width) for info in self.infos]
            self._pairs = images.near_pairs(self.thumbs, side=int(np.median(sides)))
        return self._pairs
