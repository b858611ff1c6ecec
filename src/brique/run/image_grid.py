"""Grids of pictures as PNG, still or animated."""

import io
import math

import numpy
from torch import Tensor

from brique.errors import ShapeError

MARGIN = 1  # pixels between pictures
MIN_SIDE = 28  # pixels; smaller pictures are enlarged by a whole factor
FRAME_MILLISECONDS = 250
LAST_FRAME_MILLISECONDS = 1500


def grid(pixels: Tensor, where: str) -> bytes:
    """Return a PNG of a nearly square grid of pictures.

    pixels: (N, C, H, W) or one (C, H, W), C = 1 or 3, float in [0, 1] (clamped) or uint8;
        (T, N, C, H, W) becomes an animation of T frames.
    where: name of the caller, for errors.
    Raises ShapeError for other shapes.
    """
    from PIL import Image

    if pixels.ndim == 3:
        pixels = pixels[None]
    if pixels.ndim not in (4, 5) or pixels.shape[-3] not in (1, 3) or not pixels.numel():
        raise ShapeError(
            f"{where}: expected pictures (N, 1 or 3, H, W), got shape {tuple(pixels.shape)}; "
            "reshape them."
        )
    pixels = pixels.detach().cpu()
    if pixels.is_floating_point():
        pixels = (pixels.float().nan_to_num(0.0).clamp(0, 1) * 255).round().byte()
    first, *others = [_tile(frame) for frame in (pixels if pixels.ndim == 5 else pixels[None])]
    file = io.BytesIO()
    images = [Image.fromarray(tiled) for tiled in others]
    durations = [FRAME_MILLISECONDS] * len(others) + [LAST_FRAME_MILLISECONDS]
    animation = {"save_all": True, "append_images": images, "duration": durations, "loop": 0}
    Image.fromarray(first).save(file, "PNG", optimize=True, **(animation if images else {}))
    return file.getvalue()


def _tile(pixels: Tensor) -> numpy.ndarray:
    """Return pictures (N, C, H, W), uint8, as one grid, (H, W) or (H, W, 3)."""
    factor = max(1, math.ceil(MIN_SIDE / max(pixels.shape[2:])))
    array = pixels.permute(0, 2, 3, 1).numpy().repeat(factor, 1).repeat(factor, 2)  # (N, H, W, C)
    n, height, width, channels = array.shape
    columns = math.ceil(math.sqrt(n * height / width))
    rows = math.ceil(n / columns)
    tiled = numpy.full(
        (rows * (height + MARGIN) - MARGIN, columns * (width + MARGIN) - MARGIN, channels),
        128,
        dtype=numpy.uint8,
    )
    for number, picture in enumerate(array):
        top = number // columns * (height + MARGIN)
        left = number % columns * (width + MARGIN)
        tiled[top : top + height, left : left + width] = picture
    return tiled[:, :, 0] if channels == 1 else tiled
