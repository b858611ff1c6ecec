"""Grids of pictures as PNG."""

import io
import math

import numpy
from torch import Tensor

from brique.errors import ShapeError

MARGIN = 1  # pixels between pictures
SMALLEST = 28  # pictures with fewer pixels a side are enlarged by a whole factor


def grid(pixels: Tensor, where: str) -> bytes:
    """Return a PNG that shows pictures side by side, as near to a square as they go.

    pixels: (N, C, H, W) or one (C, H, W), C = 1 or 3, float in [0, 1] (clamped) or uint8.
    where: names the caller in errors.
    Raises ShapeError when it is no such tensor.
    """
    from PIL import Image

    if pixels.ndim == 3:
        pixels = pixels[None]
    if pixels.ndim != 4 or pixels.shape[1] not in (1, 3) or not len(pixels):
        raise ShapeError(
            f"{where}: expected pictures (N, 1 or 3, H, W), got shape {tuple(pixels.shape)}; "
            "reshape them."
        )
    pixels = pixels.detach().cpu()
    if pixels.is_floating_point():
        pixels = (pixels.float().nan_to_num(0.0).clamp(0, 1) * 255).round().byte()
    factor = max(1, math.ceil(SMALLEST / max(pixels.shape[2:])))
    array = pixels.permute(0, 2, 3, 1).numpy().repeat(factor, 1).repeat(factor, 2)  # (N, H, W, C)
    n, height, width, channels = array.shape
    columns = math.ceil(math.sqrt(n * height / width))
    rows = math.ceil(n / columns)
    sheet = numpy.full(
        (rows * (height + MARGIN) - MARGIN, columns * (width + MARGIN) - MARGIN, channels),
        128,
        dtype=numpy.uint8,
    )
    for number, picture in enumerate(array):
        top = number // columns * (height + MARGIN)
        left = number % columns * (width + MARGIN)
        sheet[top : top + height, left : left + width] = picture
    file = io.BytesIO()
    Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet).save(file, "PNG")
    return file.getvalue()
