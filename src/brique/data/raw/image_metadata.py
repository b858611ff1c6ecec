"""Originals: what is known of picture files as they are, before they are fitted to one size."""

from dataclasses import dataclass, field

import numpy as np

from brique.data.near_duplicates import images
from brique.schema.pictures import PictureInfo


@dataclass
class ImageMetadata:
    """What is known of the picture files of a source, in order.

    infos: mode, size and what else is odd.
    thumbs: (N, 1152), uint8, by which nearly equal pictures are found.
    """

    infos: list[PictureInfo] = field(default_factory=list[PictureInfo])
    thumbs: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    _pairs: np.ndarray | None = None

    def near_pairs(self) -> np.ndarray:
        """Return the pairs of pictures that are nearly the same (P, 2), int64; sought once."""
        if self._pairs is None:
            sides = [min(info.height, info.width) for info in self.infos]
            self._pairs = images.near_pairs(self.thumbs, side=int(np.median(sides)))
        return self._pairs
