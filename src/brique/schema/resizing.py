"""Resizing of pictures, and the transform of their coordinates."""

from typing import TYPE_CHECKING, Any

from brique.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

GRAY = 128  # uint8, of letterbox padding


def resize_transform(
    original_size: tuple[int, int], shape: tuple[int, int], *, letterbox: bool
) -> tuple[float, float, float]:
    """Return (scale, dx, dy): a point x, y moves to scale * x + dx, scale * y + dy.

    original_size, shape: (height, width) before and after.
    letterbox: whether the picture fits inside the shape, otherwise it covers it. Inside, sides are
        rounded to whole pixels, and points may be off by half a pixel.
    """
    (h, w), (height, width) = original_size, shape
    if letterbox:
        scale = min(height / h, width / w)
        return scale, (width - scale * w) / 2, (height - scale * h) / 2
    left, top, *_ = crop_box(original_size, shape)
    scale = max(height / h, width / w)
    return scale, 0.0 - scale * left, 0.0 - scale * top


def crop_box(
    original_size: tuple[int, int], shape: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return the center crop x0, y0, x1, y1 of a picture that covers a shape."""
    (h, w), (height, width) = original_size, shape
    scale = max(height / h, width / w)
    x, y = max((w - width / scale) / 2, 0.0), max((h - height / scale) / 2, 0.0)
    return x, y, w - x, h - y


def resize_image(
    image: "Image.Image", shape: tuple[int, int, int], *, letterbox: bool = False
) -> "np.ndarray[Any, Any]":
    """Return an "L" or "RGB" image as uint8 of `shape` (C, H, W)."""
    import numpy as np

    if shape[0] not in (1, 3):
        raise DataError(
            f"picture: expected {shape[0]} channels, got {len(image.getbands())}; "
            "pass an array of that many"
        )
    mode = "L" if shape[0] == 1 else "RGB"
    image = image if image.mode == mode else image.convert(mode)
    pixels = np.array(_resize(image, shape[1:], letterbox=letterbox))  # (H, W) or (H, W, 3)
    return pixels[None] if shape[0] == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def resize_planes(
    pixels: "np.ndarray[Any, Any]",
    shape: tuple[int, int, int],
    *,
    letterbox: bool = False,
    fill: float = 0.5,
) -> "np.ndarray[Any, Any]":
    """Return float pixels, or uint8 of unusual channels, as `shape`, plane by plane.

    fill: padding of letterboxed float pixels.
    """
    import numpy as np
    from PIL import Image

    if pixels.shape[0] != shape[0]:
        if {pixels.shape[0], shape[0]} != {1, 3}:
            raise DataError(
                f"picture: expected {shape[0]} channels, got {pixels.shape[0]}; convert it"
            )
        luma = np.array([[0.299, 0.587, 0.114]], np.float32)  # ITU-R 601, as Pillow's
        pixels = np.repeat(pixels, 3, 0) if shape[0] == 3 else np.tensordot(luma, pixels, 1)
    planes = (
        _resize(Image.fromarray(plane), shape[1:], letterbox=letterbox, fill=fill)
        for plane in pixels
    )
    return np.stack([np.asarray(plane) for plane in planes])


def resize_mask(classes: "np.ndarray[Any, Any]", shape: tuple[int, int]) -> "np.ndarray[Any, Any]":
    """Return classes of pixels (h, w) as (H, W): of the nearest pixel, cropped as a picture."""
    import numpy as np

    if classes.shape == shape:
        return classes
    x0, y0, x1, y1 = crop_box((classes.shape[0], classes.shape[1]), shape)
    rows = y0 + (np.arange(shape[0]) + 0.5) * ((y1 - y0) / shape[0])
    columns = x0 + (np.arange(shape[1]) + 0.5) * ((x1 - x0) / shape[1])
    return classes[rows.astype(np.int64)[:, None], columns.astype(np.int64)]


def _resize(
    image: "Image.Image", shape: tuple[int, int], *, letterbox: bool, fill: float = 0.5
) -> "Image.Image":
    """Scale, bilinear with antialiasing, to cover the shape or to fit inside.

    All pictures are resized here; a picture of the right size stays as it is.
    """
    from PIL import Image

    height, width = shape
    if image.size == (width, height):
        return image
    original_size = (image.height, image.width)
    if not letterbox:
        box = crop_box(original_size, shape)
        return image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    _, dx, dy = resize_transform(original_size, shape, letterbox=True)
    x, y = (min(round(offset), (side - 1) // 2) for offset, side in ((dx, width), (dy, height)))
    background = fill if image.mode == "F" else GRAY if image.mode == "L" else (GRAY,) * 3
    canvas = Image.new(image.mode, (width, height), background)
    inner_size = (width - 2 * x, height - 2 * y)
    canvas.paste(image.resize(inner_size, Image.Resampling.BILINEAR), (x, y))
    return canvas
