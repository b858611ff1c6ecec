"""Thumbnails embedded in the report, up to a size limit."""

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from brique.data import Data, Split
from brique.page.markup import text
from brique.schema import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 96  # maximum of the longer side, in pixels
MAX_SHARP_SIDE = 40  # smaller images stay lossless and are scaled without smoothing
DISPLAY_SIDE = 64  # CSS pixels of a thumbnail


class Gallery:
    """Thumbnails of the examples of a data set, up to `budget` characters in total.

    is_open: whether the data have images.
    num_omitted: number of images left out once the budget was spent.
    """

    def __init__(self, data: Data | None, budget: int) -> None:
        self._field = _picture_field(data)
        self._remaining = budget
        self.is_open: bool = self._field is not None
        self.num_omitted: int = 0

    def show(self, split: Split, number: int, alt: str) -> str:
        """Return example `number` of a split as <img>, or nothing without images or budget.

        alt: alternative text; escaped here.
        """
        if self._field is None:
            return ""
        pixels = split.select(torch.tensor([number]))[self._field]
        assert isinstance(pixels, Tensor)
        url = thumbnail(pixels[0])
        if len(url) > self._remaining:
            self.num_omitted += 1
            return ""
        self._remaining -= len(url)
        height, width = pixels.shape[2:]
        return img(url, alt, (width, height), is_sharp=max(height, width) <= MAX_SHARP_SIDE)

    def add(self, pixels: Tensor, alt: str, side: int) -> str:
        """Return an image as <img> with a longer side of `side`, or nothing.

        pixels: (C, H, W), uint8 or float in [0, 1]. alt: alternative text; escaped here.
        """
        url = thumbnail(pixels, side)
        if len(url) > self._remaining:
            self.num_omitted += 1
            return ""
        self._remaining -= len(url)
        height, width = pixels.shape[1:]
        return img(url, alt, (width, height), is_sharp=False, side=side)

    def annotated(self, pixels: Tensor, shapes: str, alt: str, side: int) -> str:
        """Return an image with shapes drawn over it, or nothing.

        pixels: (C, H, W), uint8 or float in [0, 1]. shapes: SVG, in pixels of the image.
        alt: alternative text; escaped here. side: displayed longer side.
        """
        url = thumbnail(pixels if len(pixels) in (1, 3) else pixels[:1], side)
        if len(url) + len(shapes) > self._remaining:
            self.num_omitted += 1
            return ""
        self._remaining -= len(url) + len(shapes)
        height, width = pixels.shape[1:]
        factor = side / max(height, width)
        return (
            f'<svg viewBox="0 0 {width} {height}" width="{round(width * factor)}"'
            f' height="{round(height * factor)}" role="img" aria-label="{text(alt, 200)}">'
            f'<image href="{url}" width="{width}" height="{height}"/>{shapes}</svg>'
        )


def img(
    url: str, alt: str, size: tuple[int, int], *, is_sharp: bool, side: int = DISPLAY_SIDE
) -> str:
    """Return <img> with a longer side of `side`."""
    factor = side / max(size)
    width, height = (max(1, round(side * factor)) for side in size)
    sharp = ' class="sharp"' if is_sharp else ""
    return f'<img{sharp} src="{url}" alt="{text(alt, 200)}" width="{width}" height="{height}">'


def thumbnail(pixels: Tensor, side: int = SIDE) -> str:
    """Return an image (C, H, W), uint8 or float in [0, 1], as a data URL.

    side: maximum of the longer side, in pixels.
    """
    from PIL import Image, features

    if pixels.is_floating_point():
        pixels = (pixels.float().nan_to_num(0.0).clamp(0, 1) * 255).round().byte()
    array = pixels.permute(1, 2, 0).numpy()
    picture = Image.fromarray(
        np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array)
    )
    file = io.BytesIO()
    if max(picture.size) <= MAX_SHARP_SIDE:
        return png(picture)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    file_format = "webp" if features.check("webp") else "jpeg"
    picture.save(file, file_format, quality=70)
    return data_url(file.getvalue(), file_format)


def png(picture: "Image") -> str:
    """Return a Pillow image as a data URL, lossless."""
    file = io.BytesIO()
    picture.save(file, "png", optimize=True)
    return data_url(file.getvalue(), "png")


def data_url(content: bytes, file_format: str) -> str:
    """Return image bytes as a data URL."""
    return f"data:image/{file_format};base64,{base64.b64encode(content).decode()}"


def _picture_field(data: Data | None) -> str | None:
    """Return the first image field, or None."""
    if data is None:
        return None
    fields = [name for name in data.schema.inputs if isinstance(data.schema[name], Picture)]
    return fields[0] if fields and data.schema[fields[0]].shape[0] in (1, 3) else None
