"""EXIF orientation of picture files: how to rotate or mirror them upright."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

_ORIENTATION, _WIDTH, _HEIGHT = 0x0112, 0x0100, 0x0101  # tags of EXIF and TIFF
_TRANSPOSES = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation -> PIL Transpose
_METADATA_KEYS = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")


@dataclass(frozen=True)
class Orientation:
    """EXIF orientation of a picture file.

    number: 1 to 8; 1 is upright.
    stored_size, upright_size: (height, width) in the file, and upright.
    """

    number: int
    stored_size: tuple[int, int]
    upright_size: tuple[int, int]


def orientation_of(image: "Image.Image") -> Orientation:
    """Return the orientation of an image that need not be decoded yet."""
    number = _exif_orientation(image)
    tags = getattr(image, "tag_v2", {})  # Pillow swaps the size of a TIFF, and rotates it in load()
    is_swapped = tags.get(_ORIENTATION) is not None
    sides = (tags[_HEIGHT], tags[_WIDTH]) if is_swapped else (image.height, image.width)
    stored_size = cast("tuple[int, int]", sides)
    height, width = stored_size
    return Orientation(number, stored_size, (width, height) if number >= 5 else stored_size)


def exif_transpose(image: "Image.Image") -> "Image.Image":
    """Return an upright copy of an image, without its EXIF orientation."""
    from PIL import Image

    _load(image)
    transpose = _TRANSPOSES.get(_exif_orientation(image))  # after load(), which rotates a TIFF
    transposed = image.copy() if transpose is None else image.transpose(Image.Transpose(transpose))
    for key in _METADATA_KEYS:
        transposed.info.pop(key, None)
    return transposed


def transpose_pixels(pixels: "np.ndarray[Any, Any]", number: int) -> "np.ndarray[Any, Any]":
    """Return stored pixels (h, w), uint8, upright by an EXIF orientation of 1 to 8."""
    import numpy as np
    from PIL import Image

    transpose = _TRANSPOSES.get(number)
    image = Image.fromarray(pixels)
    return pixels if transpose is None else np.asarray(image.transpose(Image.Transpose(transpose)))


def _load(image: "Image.Image") -> None:
    """Decode an image without its file name: Pillow would memory-map a TIFF with sides swapped."""
    name = getattr(image, "filename", "")
    if name:
        image.filename = ""  # pyright: ignore[reportAttributeAccessIssue]
    try:
        image.load()
    finally:
        if name:
            image.filename = name  # pyright: ignore[reportAttributeAccessIssue]


def _exif_orientation(image: "Image.Image") -> int:
    """Return the EXIF orientation, 1 if it is missing or damaged."""
    try:
        number = int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF is no reason to lose the picture
        return 1
    return number if number in _TRANSPOSES else 1
