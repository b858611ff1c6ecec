"""Label maps: picture files whose pixels are numbers of classes, or colors that stand for them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brique.errors import DataError
from brique.schema.pictures import Readable, opened, read_picture
from brique.schema.upright import upright

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

_MIDDLE, _EDGE = (64, 192), (32, 224)  # between black and white; what compression seldom reaches
_NOISE, _RIPPLE = 0.3, 3.0  # so many pixels of these for each at an edge are left by compression
_FEW = 3  # numbers that may be meant wherever they lie
_CLEAR = 0.5  # share of the pixels between the extremes that lie in areas of one number
_SAMPLES = {";2": 85, ";4": 17}  # of 2 or 4 bits, which Pillow spreads over 8


@dataclass(frozen=True)
class LabelMap:
    """The numbers in a label map.

    numbers: (h, w), upright, whole numbers of 0 or more.
    colors: what a palette shows for each number that is held, 65536 R + 256 G + B.
    is_snapped: whether noise of compression was taken away from a map of black and white.
    """

    numbers: "np.ndarray[Any, Any]"
    colors: dict[int, int] = field(default_factory=dict[int, int])
    is_snapped: bool = False


def read_label_map(path: "str | Path | Readable", known: frozenset[int] = frozenset()) -> LabelMap:
    """Return the number of each pixel in a file.

    Those of a palette are its places, but of a GIF in greys, whose writers order them anew, the
    greys. known: numbers that may lie anywhere; a file of others is looked through for a blur.
    Raises DataError for colors, and for what a blur or lossy compression left.
    """
    import numpy as np

    with opened(path) as (image, samples):
        lossy, is_gif = image.format in ("JPEG", "MPO"), image.format == "GIF"
        spread = _spread(image, samples)
        image = upright(image)
        numbers = _channel(path, image)
        if numbers.dtype == np.bool_:
            numbers = numbers.astype(np.uint8)
        numbers = numbers // spread if spread > 1 else numbers
        colors = _palette(image, numbers)
        greys = {number: color & 255 for number, color in colors.items()}
        if is_gif and all(grey * 0x010101 == colors[number] for number, grey in greys.items()):
            table = np.array([greys.get(number, 0) for number in range(256)], np.uint8)
            numbers, colors = table[numbers], {}
        if lossy or _is_blurred(numbers, known):
            return LabelMap(_snapped(path, numbers, lossy=lossy), is_snapped=True)
        return LabelMap(numbers, colors)


def read_colors(path: "str | Path | Readable") -> "np.ndarray[Any, Any]":
    """Return the color of each pixel in a file (h, w), int32, as 65536 R + 256 G + B."""
    import numpy as np

    red, green, blue = np.moveaxis(np.asarray(read_picture(path).convert("RGB")), 2, 0)
    return (red.astype(np.int32) << 16) | (green.astype(np.int32) << 8) | blue


def _spread(image: "Image.Image", samples: str) -> int:
    """Return by what Pillow multiplies grey in samples of 2 or 4 bits."""
    few = (by for end, by in _SAMPLES.items() if image.mode == "L" and f"L{end}" in samples)
    return next(few, 1)


def _channel(path: "str | Path | Readable", image: "Image.Image") -> "np.ndarray[Any, Any]":
    """Return the numbers of an image of one channel, or of grey that was saved as color."""
    import numpy as np

    numbers = np.asarray(image)
    if image.mode in ("RGBA", "LA"):
        numbers = _opaque(path, numbers)
    if numbers.ndim == 3 and (numbers == numbers[..., :1]).all():
        numbers = numbers[..., 0]
    if numbers.ndim != 2:
        colors = ", ".join(str(tuple(one)) for one in _first_colors(numbers))
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


def _opaque(
    path: "str | Path | Readable", layers: "np.ndarray[Any, Any]"
) -> "np.ndarray[Any, Any]":
    """Return the colors of pixels that are opaque, or clear and black."""
    colors, alpha = layers[..., :-1], layers[..., -1]
    is_told = len(set(colors.ravel().tolist())) > 1 or (alpha == 255).all()
    if not is_told or not ((alpha == 255) | ((alpha == 0) & (colors == 0).all(2))).all():
        raise DataError(
            f"picture {path}: is transparent in places, which may or may not mean a class; save it"
            " without transparency"
        )
    return colors


def _first_colors(pixels: "np.ndarray[Any, Any]") -> "list[list[int]]":
    import numpy as np

    return np.unique(pixels[..., :3].reshape(-1, min(3, pixels.shape[2])), axis=0)[:4].tolist()


def _palette(image: "Image.Image", numbers: "np.ndarray[Any, Any]") -> dict[int, int]:
    """Return the colors that a palette shows for the numbers that a label map holds."""
    import numpy as np

    if image.mode != "P":
        return {}
    listed = image.getpalette("RGB") or []
    entries = [listed[3 * number : 3 * number + 3] for number in np.unique(numbers).tolist()]
    pairs = zip(np.unique(numbers).tolist(), entries, strict=True)
    return {number: (c[0] << 16) | (c[1] << 8) | c[2] for number, c in pairs if len(c) == 3}


def _is_blurred(numbers: "np.ndarray[Any, Any]", known: frozenset[int]) -> bool:
    """Tell whether numbers with gaps between them are seldom two of a kind beside each other."""
    import numpy as np

    held = np.unique(numbers)
    plain = held[held != 255]
    is_whole = len(held) <= _FEW or len(plain) == int(plain[-1]) + 1
    if is_whole or known.issuperset(plain.tolist()):
        return False
    between = (numbers > held[0]) & (numbers < held[-1])
    clear = between & _has_equal(numbers) & _has_equal(numbers.T).T
    return bool(clear.sum() < _CLEAR * between.sum())


def _has_equal(numbers: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Tell which pixels have one of the same number to the left or right."""
    import numpy as np

    same = numbers[:, 1:] == numbers[:, :-1]
    found = np.zeros(numbers.shape, bool)
    found[:, 1:] |= same
    found[:, :-1] |= same
    return found


def _snapped(
    path: "str | Path | Readable", numbers: "np.ndarray[Any, Any]", *, lossy: bool
) -> "np.ndarray[Any, Any]":
    """Return 0 and 255 where black and white are clear but for noise at edges, else raise."""
    import numpy as np

    is_white = numbers >= 128
    edges = (is_white[:, 1:] != is_white[:, :-1]).sum() + (is_white[1:] != is_white[:-1]).sum()
    middle, ripple = (
        int(((numbers >= low) & (numbers < high)).sum()) for low, high in (_MIDDLE, _EDGE)
    )
    if numbers.max() > 255 or middle > _NOISE * edges or ripple > _RIPPLE * edges:
        came = "a JPEG, which blurs numbers" if lossy else "a blurred or scaled one"
        raise DataError(
            f"picture {path}: expected a class number for each pixel (a grey or palette PNG), got"
            f" {came}: {len(np.unique(numbers))} numbers from {numbers.min()} to {numbers.max()};"
            " choose a threshold and save it as PNG, or scale it by the nearest pixel"
        )
    return is_white.astype(np.uint8) * np.uint8(255)
