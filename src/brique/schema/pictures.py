"""One way for a picture of any file, array or tensor to become pixels of a wanted shape."""

import re
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, cast

from brique.errors import DataError
from brique.schema.damage import check_damage
from brique.schema.depth import deep_plane, is_deep, shallow, top_of
from brique.schema.upright import Orientation, orientation_of, upright
from brique.schema.words import short

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
PIXEL_LIMIT = 50_000_000

_CONTENTS = {  # what a file begins with that Pillow does not know for a picture
    "a damaged JPEG": rb"\xff\xd8",
    "a damaged PNG": rb"\x89PNG",
    "a damaged GIF": rb"GIF8",
    "a damaged WebP or other RIFF": rb"RIFF",
    "a damaged BMP": rb"BM",
    "a damaged TIFF": rb"II\*\0|MM\0\*",
    "a damaged PGM or PPM": rb"P[1-6]\s",
    "HEIC, AVIF or a film": rb"(?s:.{4})ftyp",
    "JPEG 2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "JPEG XL": rb"\0\0\0\x0cJXL |\xff\x0a",
    "a zip archive": rb"PK\x03\x04",
    "what gzip packed": rb"\x1f\x8b",
    "a PDF": rb"%PDF",
    "a web page": rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype )?html",
    "an SVG drawing": rb"(?is)\s*(<\?xml.*)?<svg",
}


class Readable(Protocol):
    """A file on the disk or in an archive."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """Return its content as a file of bytes."""
        ...


_lock = threading.Lock()  # warnings.catch_warnings is not safe in threads


def picture_shape(path: "str | Path | Readable") -> tuple[int, int, int]:
    """Return the upright (C, H, W) of a picture file, 1 or 3 channels, from its header.

    Raises DataError when it has none that can be read.
    """
    with _reading(path), _file(path) as file:
        return image_shape(_open(file, f"picture {path}")[0])


def picture_orientation(path: "str | Path | Readable") -> Orientation:
    """Return how a picture file is turned by its note (EXIF), its stored size and its seen size.

    Raises DataError when its header cannot be read.
    """
    with _reading(path), _file(path) as file:
        return orientation_of(_open(file, f"picture {path}")[0])


def image_shape(image: "Image.Image") -> tuple[int, int, int]:
    """Return the upright (C, H, W) of an image that need not be decoded yet, 1 or 3 channels."""
    channels = 1 if image.mode[0] in "1LIF" and image.mode != "LAB" else 3
    return (channels, *orientation_of(image).seen)


def _file(path: "str | Path | Readable") -> IO[bytes]:
    path = Path(path) if isinstance(path, str) else path
    if isinstance(path, Path) and path.exists() and not (path.is_file() or path.is_dir()):
        raise DataError(f"picture {path}: expected a file, got a pipe or device; leave it out")
    return path.open("rb")


def read_picture(path: "str | Path | Readable") -> "Image.Image":
    """Return the picture in a file: upright, its first frame, 8-bit grey ("L") or "RGB".

    Raises DataError when the file is missing, damaged, too large or of another format, or deep with
    brightness beyond that of 16 bits.
    """
    from PIL import Image

    image = examined(path)[0]
    if not is_deep(image):
        return image
    with _reading(path):
        return Image.fromarray(shallow(deep_plane(image), top_of(image))[0])


@contextmanager
def opened(path: "str | Path | Readable") -> "Generator[tuple[Image.Image, str]]":
    """Give the image in a file, perhaps to be turned yet, and Pillow's word for its samples.

    Raises DataError, which names the file, for whatever goes wrong.
    """
    with _reading(path), _file(path) as file:
        image, samples = _open(file, f"picture {path}")
        check_damage(file, image.format, f"picture {path}")
        yield image, samples


@dataclass(frozen=True)
class Look:
    """What a picture file is like before it is read as brique reads it.

    mode: Pillow's word for its pixels, such as "RGB", "CMYK", "P", "I;16".
    height, width: upright, in pixels.
    orientation: how a note in the file (EXIF) turns or mirrors it.
    is_animated: whether it has several frames.
    is_see_through: whether some of it is transparent.
    is_cut: whether its colors have 16 bits each, of which Pillow reads the upper 8.
    """

    mode: str
    height: int
    width: int
    orientation: Orientation
    is_animated: bool
    is_see_through: bool = False
    is_cut: bool = False


def examined(path: "str | Path | Readable") -> "tuple[Image.Image, Look]":
    """Return the picture in a file as `flat` does, upright, and what the file is like."""
    with opened(path) as (image, samples):
        orientation = orientation_of(image)
        shown = flat(upright(image))
        if is_deep(shown):
            deep_plane(shown)  # whose brightness is looked at where the file's name is known
        mode, is_see_through = image.mode, _is_see_through(image)
        is_animated = _is_animated(image)
        white = re.search(r"(\d+)\)$", samples) if image.format == "PPM" else None
        is_wide = ";16" in samples or (white is not None and int(white[1]) > 255)
        is_cut = is_wide and not is_deep(shown)
        look = Look(mode, shown.height, shown.width, orientation, is_animated, is_see_through,
                    is_cut)  # fmt: skip
        return shown, look


def checked(image: "Image.Image", where: str) -> "Image.Image":
    """Return an image that a caller made as `flat` does, upright, first frame."""
    check_pixels(where, image.height, image.width)
    try:
        return flat(upright(image))
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{where}: cannot be decoded ({error}); pass another") from error


def flat(image: "Image.Image") -> "Image.Image":
    """Return any image as 8-bit "L" (grey) or "RGB", transparency over white; deep ones stay."""
    from PIL import Image

    if is_deep(image):
        return image
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        flat = Image.alpha_composite(white, layers).convert("RGB")
        return flat.convert("L") if image.mode in ("1", "L", "LA", "La") else flat
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def pixels_of(source: object, shape: tuple[int, int, int]) -> "np.ndarray[Any, Any]":
    """Return an array or tensor as (c, h, w), uint8, uint16 or float32 in [0, 1]."""
    import numpy as np

    is_tensor = hasattr(source, "detach")
    try:
        array = np.asarray(cast("Any", source).detach().cpu() if is_tensor else source)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"picture: expected a file, a picture or an array, got {short(source)}; pass one"
        ) from error
    if array.ndim == 2:
        array = array[None]
    elif array.ndim == 3 and not is_tensor and array.shape[1:] != shape[1:] and array.shape[2] <= 4:
        array = array.transpose(2, 0, 1)
    if array.ndim != 3 or not array.size:
        raise DataError(
            f"picture: expected an array (height, width) or {shape}, got shape {array.shape}; "
            "pass one picture"
        )
    check_pixels("picture", *array.shape[1:])
    return scaled_pixels(array, "picture")


def scaled_pixels(array: "np.ndarray[Any, Any]", where: str) -> "np.ndarray[Any, Any]":
    """Return pixels as uint8, uint16 or float32 in [0, 1], from these, bool or other floats.

    Raises DataError for other numbers, or floats outside [0, 1].
    """
    import numpy as np

    if array.dtype in (np.uint8, np.uint16):
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "f":
        low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 1.0)
        if low >= 0 and high <= 1:  # false for NaN too
            return array.astype(np.float32)
        came = f"floats from {low:g} to {high:g}"
    else:
        came = str(array.dtype)
    raise DataError(
        f"{where}: expected uint8 from 0 to 255 or floats in [0, 1], got {came}; "
        "convert or divide them"
    )


def original_size(source: object, shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return (height, width) of a picture before it is prepared: a file, an image or an array.

    shape: (C, H, W) as it is prepared, by which the axes of an array are told.
    Raises DataError when it is no picture.
    """
    from PIL import Image

    if isinstance(source, str | Path):
        return picture_shape(source)[1:]
    if isinstance(source, Image.Image):
        return image_shape(source)[1:]
    _, height, width = pixels_of(source, shape).shape
    return height, width


def check_pixels(where: str, height: int, width: int) -> None:
    """Raise DataError for a picture with more pixels than are decoded."""
    if height * width > PIXEL_LIMIT:
        raise DataError(
            f"{where}: {width} x {height} is over the limit of 50 million pixels; shrink it"
        )


@contextmanager
def _reading(path: "str | Path | Readable") -> Generator[None]:
    """Turn whatever goes wrong in a picture file into a DataError that names it."""
    try:
        yield
    except FileNotFoundError as error:
        if isinstance(path, str | Path) and Path(path).is_symlink():
            raise DataError(
                f"picture {path}: is a link that leads nowhere; mend or remove it"
            ) from error
        raise DataError(f"picture {path}: there is no such file; check the path") from error
    except IsADirectoryError as error:
        raise DataError(
            f"picture {path}: expected a file, got a folder of that name; rename it"
        ) from error
    except DataError as error:
        said = str(error)
        if not said.startswith("picture: "):
            raise
        raise DataError(f"picture {path}: {said.removeprefix('picture: ')}") from error
    except Exception as error:  # decoders raise anything on damaged files
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise DataError(
            f"picture {path}: cannot be decoded ({reason}); replace it or leave it out"
        ) from error


def _open(file: IO[bytes], where: str) -> "tuple[Image.Image, str]":
    """Read a picture's header: the image, and Pillow's word for its samples, such as "L;4"."""
    from PIL import Image

    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=FORMATS)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise DataError(
                f"{where}: is over the limit of 50 million pixels; shrink it"
            ) from error
        except Image.UnidentifiedImageError as error:
            raise DataError(
                f"{where}: expected a picture (JPEG, PNG, WebP, BMP, GIF, TIFF, PGM or PPM), got "
                f"{_content(file)}; convert it or leave it out"
            ) from error
        check_pixels(where, image.height, image.width)
        samples = str(next((tile[3] for tile in getattr(image, "tile", ())), ""))
        orientation_of(image)  # a damaged note may warn once; a PNG is decoded to look for it
    return image, samples


def _content(file: IO[bytes]) -> str:
    """Say what a file holds that Pillow does not know for a picture."""
    file.seek(0)
    start = file.read(512)
    if not start:
        return "an empty file"
    for name, beginning in _CONTENTS.items():
        if re.match(beginning, start):
            return name
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in start):
        return "a text"
    return "none of these"


def _is_see_through(image: "Image.Image") -> bool:
    if not image.has_transparency_data:
        return False
    lowest, _ = cast("tuple[int, int]", image.convert("RGBA").getchannel("A").getextrema())
    return lowest < 255


def _is_animated(image: "Image.Image") -> bool:
    """Tell whether a file holds more frames than the first, which has been read."""
    try:
        image.seek(1)
    except Exception:  # the end of the file, or damage behind the frame that counts
        return False
    return True
