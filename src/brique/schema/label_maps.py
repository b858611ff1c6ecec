"""Label maps: picture files whose pixels are numbers of classes, or colors that stand for them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brique.errors import DataError
from brique.schema.orientation import exif_transpose
from brique.schema.pictures import Readable, open_picture, read_picture

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

_MID_RANGE, _NOISY_RANGE = (
    (64, 192),
    (32, 224),
)  # between black and white; what compression seldom reaches
_MAX_MID_RATIO, _MAX_NOISY_RATIO = (
    0.3,
    3.0,
)  # so many pixels of these for each at an edge are left by compression
_MAX_SPARSE_NUMBERS = 3  # numbers that may be meant wherever they lie
_MIN_UNIFORM_SHARE = 0.5  # share of the pixels between the extremes that lie in areas of one number
_GRAY_FACTORS = {";2": 85, ";4": 17}  # of 2 or 4 bits, which Pillow spreads over 8


@dataclass(frozen=True)
class LabelMap:
    """The numbers in a label map.

    numbers: (h, w), upright, whole numbers of 0 or more.
    colors: what a palette shows for each number that is held, 65536 R + 256 G + B.
    is_binarized: whether noise of compression was taken away from a map of black and white.
    """

    numbers: "np.ndarray[Any, Any]"
    colors: dict[int, int] = field(default_factory=dict[int, int])
    is_binarized: bool = False


def read_label_map(
    path: "str | Path | Readable", known_numbers: frozenset[int] = frozenset()
) -> LabelMap:
    """Return the number of each pixel in a file.

    Those of a palette are its places, but of a GIF in greys, whose writers order them anew, the
    greys. known: numbers that may lie anywhere; a file of others is looked through for a blur.
    Raises DataError for colors, and for what a blur or lossy compression left.
    """
    import numpy as np

    with open_picture(path) as (image, raw_mode):
        is_lossy, is_gif = image.format in ("JPEG", "MPO"), image.format == "GIF"
        factor = _gray_factor(image, raw_mode)
        image = exif_transpose(image)
        numbers = _single_channel(path, image)
        if numbers.dtype == np.bool_:
            numbers = numbers.astype(np.uint8)
        numbers = numbers // factor if factor > 1 else numbers
        colors = _palette_colors(image, numbers)
        grays = {number: color & 255 for number, color in colors.items()}
        if is_gif and all(gray * 0x010101 == colors[number] for number, gray in grays.items()):
            lookup = np.array([grays.get(number, 0) for number in range(256)], np.uint8)
            numbers, colors = lookup[numbers], {}
        if is_lossy or _is_blurred(numbers, known_numbers):
            return LabelMap(_binarize(path, numbers, is_lossy=is_lossy), is_binarized=True)
        return LabelMap(numbers, colors)


def read_colors(path: "str | Path | Readable") -> "np.ndarray[Any, Any]":
    """Return the color of each pixel in a file (h, w), int32, as 65536 R + 256 G + B."""
    import numpy as np

    red, green, blue = np.moveaxis(np.asarray(read_picture(path).convert("RGB")), 2, 0)
    return (red.astype(np.int32) << 16) | (green.astype(np.int32) << 8) | blue


def _gray_factor(image: "Image.Image", raw_mode: str) -> int:
    """Return by what Pillow multiplies grey in samples of 2 or 4 bits."""
    factors = (
        factor
        for suffix, factor in _GRAY_FACTORS.items()
        if image.mode == "L" and f"L{suffix}" in raw_mode
    )
    return next(factors, 1)


def _single_channel(path: "str | Path | Readable", image: "Image.Image") -> "np.ndarray[Any, Any]":
    """Return the numbers of an image of one channel, or of grey that was saved as color."""
    import numpy as np

    numbers = np.asarray(image)
    if image.mode in ("RGBA", "LA"):
        numbers = _drop_alpha(path, numbers)
    if numbers.ndim == 3 and (numbers == numbers[..., :1]).all():
        numbers = numbers[..., 0]
    if numbers.ndim != 2:
        colors = ", ".join(str(tuple(color)) for color in _first_colors(numbers))
        raise DataError(
            f"picture {path}: expected a class number for each pixel (a grey or palette PNG), got"
            f" colors ({image.mode}), such as {colors}; save it so, or name the colors in"
            " class_dict.csv (name,r,g,b)"
        )
    if numbers.dtype.kind not in "bui" or numbers.min() < 0:
        raise DataError(
            f"picture {path}: expected a class number of 0 or more for each pixel, got"
            f" {numbers.min():g} to {numbers.max():g} ({image.mode}); choose a threshold, and save"
            " whole numbers"
        )
    return numbers


def _drop_alpha(
    path: "str | Path | Readable", layers: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any]":
    """Return the colors of pixels that are opaque, or clear and black."""
    colors, alpha = layers[..., :-1], layers[..., -1]
    has_content = len(set(colors.ravel().tolist())) > 1 or (alpha == 255).all()
    if not has_content or not ((alpha == 255) | ((alpha == 0) & (colors == 0).all(2))).all():
        raise DataError(
            f"picture {path}: is transparent in places, which may or may not mean a class; save it"
            " without transparency"
        )
    return colors


def _first_colors(pixels: "np.ndarray[Any, Any]") -> "list[list[int]]":
    import numpy as np

    return np.unique(pixels[..., :3].reshape(-1, min(3, pixels.shape[2])), axis=0)[:4].tolist()


def _palette_colors(image: "Image.Image", numbers: "np.ndarray[Any, Any]") -> dict[int, int]:
    """Return the colors that a palette shows for the numbers that a label map holds."""
    import numpy as np

    if image.mode != "P":
        return {}
    palette = image.getpalette("RGB") or []
    entries = [palette[3 * number : 3 * number + 3] for number in np.unique(numbers).tolist()]
    pairs = zip(np.unique(numbers).tolist(), entries, strict=True)
    return {
        number: (rgb[0] << 16) | (rgb[1] << 8) | rgb[2] for number, rgb in pairs if len(rgb) == 3
    }


def _is_blurred(numbers: "np.ndarray[Any, Any]", known_numbers: frozenset[int]) -> bool:
    """Tell whether numbers with gaps between them are seldom two of a kind beside each other."""
    import numpy as np

    present = np.unique(numbers)
    classes = present[present != 255]
    is_contiguous = len(present) <= _MAX_SPARSE_NUMBERS or len(classes) == int(classes[-1]) + 1
    if is_contiguous or known_numbers.issuperset(classes.tolist()):
        return False
    between = (numbers > present[0]) & (numbers < present[-1])
    uniform = between & _has_equal_neighbor(numbers) & _has_equal_neighbor(numbers.T).T
    return bool(uniform.sum() < _MIN_UNIFORM_SHARE * between.sum())


def _has_equal_neighbor(numbers: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Tell which pixels have one of the same number to the left or right."""
    import numpy as np

    same = numbers[:, 1:] == numbers[:, :-1]
    has_equal = np.zeros(numbers.shape, bool)
    has_equal[:, 1:] |= same
    has_equal[:, :-1] |= same
    return has_equal


def _binarize(
    path: "str | Path | Readable", numbers: "np.ndarray[Any, Any]", *, is_lossy: bool
) -> "np.ndarray[Any, Any]":
    """Return 0 and 255 where black and white are clear but for noise at edges, else raise."""
    import numpy as np

    is_white = numbers >= 128
    edges = (is_white[:, 1:] != is_white[:, :-1]).sum() + (is_white[1:] != is_white[:-1]).sum()
    mid_count, noisy_count = (
        int(((numbers >= low) & (numbers < high)).sum()) for low, high in (_MID_RANGE, _NOISY_RANGE)
    )
    if (
        numbers.max() > 255
        or mid_count > _MAX_MID_RATIO * edges
        or noisy_count > _MAX_NOISY_RATIO * edges
    ):
        actual = "a JPEG, which blurs numbers" if is_lossy else "a blurred or scaled one"
        raise DataError(
            f"picture {path}: expected a class number for each pixel (a grey or palette PNG), got"
            f" {actual}: {len(np.unique(numbers))} numbers from {numbers.min()} to {numbers.max()};"
            " choose a threshold and save it as PNG, or scale it by the nearest pixel"
        )
    return is_white.astype(np.uint8) * np.uint8(255)
