"""One way for a picture of any file, array or tensor to become pixels of a wanted shape."""

import threading
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, cast

from brique.errors import DataError
from brique.schema.words import short

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
PIXEL_LIMIT = 50_000_000

_SIGNATURES = {
    "JPEG": b"\xff\xd8",
    "PNG": b"\x89PNG",
    "GIF": b"GIF8",
    "WebP or other RIFF": b"RIFF",
    "BMP": b"BM",
    "TIFF": (b"II*\x00", b"MM\x00*"),
}


class Readable(Protocol):
    """A file on the disk or in an archive."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """Return its content as a file of bytes."""
        ...


_lock = threading.Lock()  # warnings.catch_warnings is not safe in threads
_upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation -> PIL Transpose


def picture_shape(path: "str | Path | Readable") -> tuple[int, int, int]:
    """Return the upright (C, H, W) of a picture file, 1 or 3 channels, from its header.

    Raises DataError when it has none that can be read.
    """
    with _reading(path), _file(path) as file:
        image, orientation = _open(file, f"picture {path}")
        channels = 1 if image.mode[0] in "1LIF" and image.mode != "LAB" else 3
        width, height = image.size
        return (channels, width, height) if orientation >= 5 else (channels, height, width)


def _file(path: "str | Path | Readable") -> IO[bytes]:
    return Path(path).open("rb") if isinstance(path, str) else path.open("rb")


def read_picture(path: "str | Path | Readable") -> "Image.Image":
    """Return the picture in a file: upright, its first frame, 8-bit grey ("L") or "RGB".

    Raises DataError when the file is missing, damaged, too large or of another format.
    """
    return examined(path)[0]


@dataclass(frozen=True)
class Look:
    """What a picture file is like before it is read as brique reads it.

    mode: Pillow's word for its pixels, such as "RGB", "CMYK", "P", "I;16".
    height, width: upright, in pixels.
    is_turned: whether a note in the file (EXIF) turns or mirrors it.
    is_animated: whether it has several frames.
    """

    mode: str
    height: int
    width: int
    is_turned: bool
    is_animated: bool


def examined(path: "str | Path | Readable") -> "tuple[Image.Image, Look]":
    """Return the picture in a file as `read_picture` does, and what the file is like."""
    from PIL import Image

    with _reading(path), _file(path) as file:
        image, orientation = _open(file, f"picture {path}")
        if image.format == "PNG":
            _check_sums(file, f"picture {path}")
        image.load()
        is_turned = orientation in _upright
        turn = Image.Transpose(_upright[orientation]) if is_turned else None
        upright = flat(image if turn is None else image.transpose(turn))
        upright = upright.copy() if upright is image else upright  # frames are looked for below
        mode = image.mode
        look = Look(mode, upright.height, upright.width, is_turned, _is_animated(image))
        return upright, look


def checked(image: "Image.Image", where: str) -> "Image.Image":
    """Return an image that a caller made as "L" or "RGB", upright, first frame."""
    from PIL import ImageOps

    check_pixels(where, image.height, image.width)
    try:
        return flat(ImageOps.exif_transpose(image))
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{where}: cannot be decoded ({error}); pass another") from error


def flat(image: "Image.Image") -> "Image.Image":
    """Return any image as 8-bit "L" (grey) or "RGB"; transparency lies over white."""
    from PIL import Image

    if image.has_transparency_data:
        layers = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        flat = Image.alpha_composite(white, layers).convert("RGB")
        return flat.convert("L") if image.mode in ("1", "L", "LA", "La") else flat
    if image.mode == "F" or image.mode.startswith("I"):
        import numpy as np

        deep = np.asarray(image).astype(np.float64)
        top = 1.0 if image.mode == "F" else 65535.0
        if not (deep.min() >= 0 and deep.max() <= top):
            raise DataError(
                f"picture: expected brightness from 0 to {top:g}, got {deep.min():g} to "
                f"{deep.max():g}; convert it to 8 or 16 bits"
            )
        return Image.fromarray(np.rint(deep * (255 / top)).astype(np.uint8))
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def pixels_of(source: object, shape: tuple[int, int, int]) -> "np.ndarray[Any, Any]":
    """Return an array or tensor as (c, h, w), uint8 or float32 in [0, 1]."""
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
    """Return pixels as uint8 0 to 255 or float32 in [0, 1], from uint8, uint16, bool or floats.

    Raises DataError for other numbers, or floats outside [0, 1].
    """
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return np.rint(array / 257.0).astype(np.uint8)
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


def fit_image(image: "Image.Image", shape: tuple[int, int, int]) -> "np.ndarray[Any, Any]":
    """Return an "L" or "RGB" image as uint8 of `shape` (C, H, W)."""
    import numpy as np

    if shape[0] not in (1, 3):
        raise DataError(
            f"picture: expected {shape[0]} channels, got {len(image.getbands())}; "
            "pass an array of that many"
        )
    mode = "L" if shape[0] == 1 else "RGB"
    image = image if image.mode == mode else image.convert(mode)
    pixels = np.array(_resized(image, *shape[1:]))  # (H, W) or (H, W, 3)
    return pixels[None] if shape[0] == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def fit_planes(
    pixels: "np.ndarray[Any, Any]", shape: tuple[int, int, int]
) -> "np.ndarray[Any, Any]":
    """Return float pixels, or uint8 of unusual channels, as `shape`, plane by plane."""
    import numpy as np
    from PIL import Image

    if pixels.shape[0] != shape[0]:
        if {pixels.shape[0], shape[0]} != {1, 3}:
            raise DataError(
                f"picture: expected {shape[0]} channels, got {pixels.shape[0]}; convert it"
            )
        luma = np.array([[0.299, 0.587, 0.114]], np.float32)  # ITU-R 601, as Pillow's
        pixels = np.repeat(pixels, 3, 0) if shape[0] == 3 else np.tensordot(luma, pixels, 1)
    planes = [np.asarray(_resized(Image.fromarray(plane), *shape[1:])) for plane in pixels]
    fitted = np.stack(planes)
    return fitted if fitted.dtype == np.uint8 else fitted.clip(0, 1)


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
        raise DataError(f"picture {path}: there is no such file; check the path") from error
    except IsADirectoryError as error:
        raise DataError(
            f"picture {path}: expected a file, got a folder of that name; rename it"
        ) from error
    except DataError:
        raise
    except Exception as error:  # decoders raise anything on damaged files
        reason = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise DataError(
            f"picture {path}: cannot be decoded ({reason}); replace it or leave it out"
        ) from error


def _open(file: IO[bytes], where: str) -> "tuple[Image.Image, int]":
    """Read a picture's header: the image, not yet decoded, and its EXIF orientation (1 to 8)."""
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
        try:
            orientation = int(image.getexif().get(0x0112, 1))
        except Exception:  # a damaged note is no reason to lose the picture
            orientation = 1
    return image, orientation


def _content(file: IO[bytes]) -> str:
    """Say what a file holds that Pillow does not know for a picture."""
    file.seek(0)
    start = file.read(512)
    if not start:
        return "an empty file"
    for name, marks in _SIGNATURES.items():
        if start.startswith(marks):
            return f"a damaged {name}"
    if start[4:8] == b"ftyp":
        return "HEIC, AVIF or a film"
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in start):
        return "a text"
    return "none of these"


def _check_sums(file: IO[bytes], where: str) -> None:
    """Raise DataError where the checksum of a PNG's pixels or header does not fit; Pillow reads on.

    Source: ISO/IEC 15948, section 5.3: length, type, content and CRC-32 of type and content.
    """
    before = file.tell()
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4]), head[4:]
        if kind not in (b"IHDR", b"PLTE", b"IDAT"):
            if kind == b"IEND":
                break
            file.seek(length + 4, 1)
            continue
        content, total = file.read(length), file.read(4)
        if len(total) == 4 and zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(total):
            raise DataError(
                f"{where}: is damaged (the checksum of its {kind.decode()} does not fit); "
                "replace it or leave it out"
            )
    file.seek(before)


def _is_animated(image: "Image.Image") -> bool:
    """Tell whether a file holds more frames than the first, which has been read."""
    try:
        image.seek(1)
    except Exception:  # the end of the file, or damage behind the frame that counts
        return False
    return True


def _resized(image: "Image.Image", height: int, width: int) -> "Image.Image":
    """Scale until it covers (height, width), bilinear with antialiasing, and cut about the middle.

    This is the only way in which a picture is fitted; one that has the size is not touched.
    """
    from PIL import Image

    if image.size == (width, height):
        return image
    scale = max(height / image.height, width / image.width)
    x = max((image.width - width / scale) / 2, 0.0)
    y = max((image.height - height / scale) / 2, 0.0)
    box = (x, y, image.width - x, image.height - y)
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box)
