"""Pixels from picture files, images, arrays and tensors."""

import re
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, cast

from brique.errors import DataError
from brique.schema.bit_depth import intensity_plane, is_high_bit_depth, to_uint8, white_level
from brique.schema.damage import check_damage
from brique.schema.messages import short_repr
from brique.schema.orientation import Orientation, exif_transpose, orientation_of

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
PIXEL_LIMIT = 50_000_000

_FILE_SIGNATURES = {  # first bytes of files that Pillow cannot read
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
        """Return its content as a binary file."""
        ...


_lock = threading.Lock()  # warnings.catch_warnings is not safe in threads


def picture_shape(path: "str | Path | Readable") -> tuple[int, int, int]:
    """Return the upright (C, H, W) of a picture file, 1 or 3 channels, from its header.

    Raises DataError if it cannot be read.
    """
    with _picture_errors(path), _open_file(path) as file:
        return image_shape(_open_image(file, f"picture {path}")[0])


def picture_orientation(path: "str | Path | Readable") -> Orientation:
    """Return the EXIF orientation of a picture file, with its stored and upright size.

    Raises DataError if its header cannot be read.
    """
    with _picture_errors(path), _open_file(path) as file:
        return orientation_of(_open_image(file, f"picture {path}")[0])


def image_shape(image: "Image.Image") -> tuple[int, int, int]:
    """Return the upright (C, H, W) of an image, perhaps not decoded yet, of 1 or 3 channels."""
    channels = 1 if image.mode[0] in "1LIF" and image.mode != "LAB" else 3
    return (channels, *orientation_of(image).upright_size)


def _open_file(path: "str | Path | Readable") -> IO[bytes]:
    path = Path(path) if isinstance(path, str) else path
    if isinstance(path, Path) and path.exists() and not (path.is_file() or path.is_dir()):
        raise DataError(f"picture {path}: expected a file, got a pipe or device; leave it out")
    return path.open("rb")


def read_picture(path: "str | Path | Readable") -> "Image.Image":
    """Return the picture in a file: upright, its first frame, 8-bit gray ("L") or "RGB".

    Raises DataError if the file is missing, damaged, too large or of another format, or if its
    brightness exceeds 16 bits.
    """
    from PIL import Image

    image = read_with_info(path)[0]
    if not is_high_bit_depth(image):
        return image
    with _picture_errors(path):
        return Image.fromarray(to_uint8(intensity_plane(image), white_level(image))[0])


@contextmanager
def open_picture(path: "str | Path | Readable") -> "Generator[tuple[Image.Image, str]]":
    """Yield the image in a file, perhaps not upright, and Pillow's raw mode.

    Raises DataError, with the name of the file, for any problem.
    """
    with _picture_errors(path), _open_file(path) as file:
        image, raw_mode = _open_image(file, f"picture {path}")
        check_damage(file, image.format, f"picture {path}")
        yield image, raw_mode


@dataclass(frozen=True)
class PictureInfo:
    """Properties of a picture file before conversion.

    mode: of Pillow, such as "RGB", "CMYK", "P", "I;16".
    height, width: upright, in pixels.
    orientation: by EXIF.
    is_animated: whether it has several frames.
    is_transparent: whether any pixel is transparent.
    is_truncated: whether it has 16-bit color; Pillow reads the upper 8 bits.
    """

    mode: str
    height: int
    width: int
    orientation: Orientation
    is_animated: bool
    is_transparent: bool = False
    is_truncated: bool = False


def read_with_info(path: "str | Path | Readable") -> "tuple[Image.Image, PictureInfo]":
    """Return the picture in a file, converted and upright, with the properties of the file."""
    with open_picture(path) as (image, raw_mode):
        orientation = orientation_of(image)
        upright_image = to_gray_or_rgb(exif_transpose(image))
        if is_high_bit_depth(upright_image):
            intensity_plane(upright_image)  # checked here, where the name of the file is known
        mode, is_transparent = image.mode, _is_transparent(image)
        is_animated = _is_animated(image)
        maxval = re.search(r"(\d+)\)$", raw_mode) if image.format == "PPM" else None
        is_16_bit = ";16" in raw_mode or (maxval is not None and int(maxval[1]) > 255)
        is_truncated = is_16_bit and not is_high_bit_depth(upright_image)
        height, width = upright_image.height, upright_image.width
        info = PictureInfo(
            mode, height, width, orientation, is_animated, is_transparent, is_truncated
        )
        return upright_image, info


def normalize_image(image: "Image.Image", where: str) -> "Image.Image":
    """Return an image of a caller, converted: upright, first frame."""
    check_pixel_count(where, image.height, image.width)
    try:
        return to_gray_or_rgb(exif_transpose(image))
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{where}: cannot be decoded ({error}); pass another") from error


def to_gray_or_rgb(image: "Image.Image") -> "Image.Image":
    """Return an image as 8-bit "L" (gray) or "RGB", over white; high bit depth stays."""
    from PIL import Image

    if is_high_bit_depth(image):
        return image
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        background = Image.new("RGBA", image.size, "white")
        composite = Image.alpha_composite(background, rgba).convert("RGB")
        return composite.convert("L") if image.mode in ("1", "L", "LA", "La") else composite
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def to_pixels(source: object, shape: tuple[int, int, int]) -> "np.ndarray[Any, Any]":
    """Return an array or tensor as (c, h, w), uint8, uint16 or float32 in [0, 1]."""
    import numpy as np

    is_tensor = hasattr(source, "detach")
    try:
        array = np.asarray(cast("Any", source).detach().cpu() if is_tensor else source)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"picture: expected a file, a picture or an array, got {short_repr(source)}; pass one"
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
    check_pixel_count("picture", *array.shape[1:])
    return convert_pixels(array, "picture")


def convert_pixels(array: "np.ndarray[Any, Any]", where: str) -> "np.ndarray[Any, Any]":
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
        actual = f"floats from {low:g} to {high:g}"
    else:
        actual = str(array.dtype)
    raise DataError(
        f"{where}: expected uint8 from 0 to 255 or floats in [0, 1], got {actual}; "
        "convert or divide them"
    )


def original_size(source: object, shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return (height, width) of a picture before preparation: a file, an image or an array.

    shape: (C, H, W) after preparation, to distinguish the axes of an array.
    Raises DataError if it is not a picture.
    """
    from PIL import Image

    if isinstance(source, str | Path):
        return picture_shape(source)[1:]
    if isinstance(source, Image.Image):
        return image_shape(source)[1:]
    _, height, width = to_pixels(source, shape).shape
    return height, width


def check_pixel_count(where: str, height: int, width: int) -> None:
    """Raise DataError for a picture with too many pixels."""
    if height * width > PIXEL_LIMIT:
        raise DataError(
            f"{where}: {width} x {height} is over the limit of 50 million pixels; shrink it"
        )


@contextmanager
def _picture_errors(path: "str | Path | Readable") -> Generator[None]:
    """Convert any error in a picture file to a DataError with its name."""
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
        message = str(error)
        if not message.startswith("picture: "):
            raise
        raise DataError(f"picture {path}: {message.removeprefix('picture: ')}") from error
    except Exception as error:  # decoders raise anything on damaged files
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise DataError(
            f"picture {path}: cannot be decoded ({reason}); replace it or leave it out"
        ) from error


def _open_image(file: IO[bytes], where: str) -> "tuple[Image.Image, str]":
    """Return an image with its header read, and Pillow's raw mode, such as "L;4"."""
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
                f"{_describe_content(file)}; convert it or leave it out"
            ) from error
        check_pixel_count(where, image.height, image.width)
        raw_mode = str(next((tile[3] for tile in getattr(image, "tile", ())), ""))
        orientation_of(image)  # damaged EXIF may warn once; a PNG is decoded to find it
    return image, raw_mode


def _describe_content(file: IO[bytes]) -> str:
    """Return what a file holds that Pillow cannot read."""
    file.seek(0)
    head = file.read(512)
    if not head:
        return "an empty file"
    for name, pattern in _FILE_SIGNATURES.items():
        if re.match(pattern, head):
            return name
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in head):
        return "a text"
    return "none of these"


def _is_transparent(image: "Image.Image") -> bool:
    if not image.has_transparency_data:
        return False
    min_alpha, _ = cast("tuple[int, int]", image.convert("RGBA").getchannel("A").getextrema())
    return min_alpha < 255


def _is_animated(image: "Image.Image") -> bool:
    """Return whether a file has more frames than the first."""
    try:
        image.seek(1)
    except Exception:  # the end of the file, or damage after the first frame
        return False
    return True
