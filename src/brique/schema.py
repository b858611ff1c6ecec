"""What the data are: named fields, each of a kind, and how one example of each kind is prepared.

Training, `predict` and the server prepare an example by the same method of the same object, read
back from model.json by `Schema.from_json`, which believes nothing that it reads.
"""

import math
import re
import threading
import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from brique.errors import DataError, nearest

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
PIXEL_LIMIT = 50_000_000
RESERVED = frozenset({"ids", "turn", "progress", "fields", "cut", "to", "replace"})

_lock = threading.Lock()  # warnings.catch_warnings is not safe in threads
_upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation -> PIL Transpose


@dataclass(frozen=True)
class Picture:
    """A picture of C channels (1 grey, 3 red green blue), H rows and W columns.

    shape: (C, H, W).
    mean, spread: per channel, of brightness in [0, 1], fitted on the training part; spread is the
        standard deviation.
    """

    shape: tuple[int, int, int]
    mean: tuple[float, ...] | None = None
    spread: tuple[float, ...] | None = None
    kind: ClassVar[str] = "picture"

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or any(type(n) is not int or n < 1 for n in self.shape):
            raise DataError(
                f"picture: shape must be (channels, height, width), got {self.shape}; "
                "pass three whole numbers of 1 or more"
            )
        _check_pixels("picture", self.shape[1], self.shape[2])
        _check_fitted("picture", self.mean, self.spread, self.shape[0])

    def prepare(self, source: object) -> "torch.Tensor":
        """Return one picture (C, H, W): uint8 0 to 255, or float32 in [0, 1] if floats came.

        source: path of a file, PIL image, array (h, w), (h, w, c) or (c, h, w), or tensor (h, w)
            or (c, h, w); arrays and tensors hold uint8, uint16, bool, or floats in [0, 1].
            It is scaled until it covers (H, W), then cut about its middle (`fit`); channels are
            converted, transparency lies over white.
        Raises DataError when it is not a picture.
        """
        import torch
        from PIL import Image

        if isinstance(source, str | Path):
            image = read_picture(source)
        elif isinstance(source, Image.Image):
            image = _checked(source, "picture")
        else:
            pixels = _pixels(source, self.shape)
            if pixels.dtype.kind == "f" or pixels.shape[0] not in (1, 3, 4):
                return torch.from_numpy(_fit_planes(pixels, self.shape))  # pyright: ignore[reportUnknownMemberType]
            if pixels.shape == self.shape:
                return torch.from_numpy(pixels.copy())  # pyright: ignore[reportUnknownMemberType]
            rows = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
            image = _flat(Image.fromarray(rows.copy()))
        return torch.from_numpy(_fit_image(image, self.shape))  # pyright: ignore[reportUnknownMemberType]

    @staticmethod
    def to_float(pixels: "torch.Tensor") -> "torch.Tensor":
        """Return float32 pixels in [0, 1]: uint8 divided by 255, floats as they are.

        All devices give the same bits: away from the CPU a tensor divides, since CUDA would turn
        the division by a number into a multiplication.
        """
        import torch

        if pixels.dtype != torch.uint8:
            return pixels
        if pixels.device.type == "cpu":
            return torch.div(pixels, 255)
        return torch.div(pixels, torch.full((), 255.0, device=pixels.device))

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value = {"kind": self.kind, "shape": list(self.shape)}
        return value | _fitted_json(self.mean, self.spread)


@dataclass(frozen=True)
class Category:
    """One of a list of named classes; its number is its place in the list."""

    names: tuple[str, ...]
    kind: ClassVar[str] = "category"

    def __post_init__(self) -> None:
        if not self.names or any(type(name) is not str or not name for name in self.names):
            raise DataError(
                f"category: names must be texts, one or more, got {self.names}; name every class"
            )
        if len(set(self.names)) != len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise DataError(f"category: the class '{twice}' is listed twice; list each class once")

    def prepare(self, source: object) -> int:
        """Return the number of the class named `source`. Raises DataError if there is none."""
        name = str(source)
        if name in self.names:
            return self.names.index(name)
        raise DataError(f"category: no class '{name}'{_instead(name, self.names)}")

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        return {"kind": self.kind, "names": list(self.names)}


@dataclass(frozen=True)
class Number:
    """A number, or an array of numbers of one shape.

    mean, spread: fitted on the training part: a float if `shape` is (), else one per entry of the
        last axis; spread is the standard deviation.
    unit: what it is measured in.
    shape: of one example; () is a single number.
    varies: an example is a sequence of such arrays, of any length (a Ragged field).
    whole: whole numbers (int64), not float32.
    """

    mean: float | tuple[float, ...] | None = None
    spread: float | tuple[float, ...] | None = None
    unit: str | None = None
    shape: tuple[int, ...] = ()
    varies: bool = False
    whole: bool = False
    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        if any(type(n) is not int or n < 0 for n in self.shape):
            raise DataError(
                f"number: shape must hold whole numbers of 0 or more, got {self.shape}; "
                "pass the shape of one example"
            )
        mean, spread = (
            value if isinstance(value, tuple) or value is None else (value,)
            for value in (self.mean, self.spread)
        )
        _check_fitted("number", mean, spread, self.shape[-1] if self.shape else 1)

    def prepare(self, source: object) -> "torch.Tensor":
        """Return one example, float32 or int64, of `shape` (a length before it if it varies).

        Raises DataError when it is not finite numbers of that shape.
        """
        import torch

        try:
            value = torch.as_tensor(cast("Any", source))
        except (TypeError, ValueError, RuntimeError) as error:
            raise DataError(
                f"number: expected numbers, got {_short(source)}; pass a number or an array"
            ) from error
        came = tuple(value.shape)
        if (came[1:] if self.varies else came) != self.shape or len(came) < self.varies:
            wanted = ("length", *self.shape) if self.varies else self.shape
            wanted = str(wanted).replace("'", "")
            raise DataError(f"number: expected shape {wanted}, got {came}; reshape it")
        if not bool(torch.isfinite(value).all()):
            raise DataError(f"number: expected finite numbers, got {_short(source)}; replace them")
        return value.to(torch.int64 if self.whole else torch.float32)

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values; what is at its default is left out."""
        value: dict[str, Any] = {"kind": self.kind} | _fitted_json(self.mean, self.spread)
        rest = {"unit": self.unit, "shape": list(self.shape)}
        flags = {"varies": self.varies, "whole": self.whole}
        return value | {name: item for name, item in (rest | flags).items() if item}


Field = Picture | Category | Number


@dataclass(frozen=True)
class Schema:
    """The fields of a data set by name, and which of them are to be predicted.

    >>> schema = Schema({"label": Category(("cat", "dog"))}, targets=("label",))
    >>> schema["label"].prepare("dog")
    1
    """

    fields: Mapping[str, Field]
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))
        for name in self.fields:
            if not name or name in RESERVED or name.startswith("_"):
                raise DataError(
                    f"schema: a field cannot be named '{name}' (batches use that name); rename it"
                )
        for name in self.targets:
            if name not in self.fields:
                raise DataError(
                    f"schema: the target '{name}' is not a field{_instead(name, self.fields)}"
                )
        if len(set(self.targets)) != len(self.targets):
            raise DataError(f"schema: a target is listed twice in {self.targets}; list it once")

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - the reader knows the kind
        if name in self.fields:
            return self.fields[name]
        raise DataError(f"schema: no field '{name}'{_instead(name, self.fields)}")

    def __contains__(self, name: object) -> bool:
        return name in self.fields

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the fields that are not targets."""
        return tuple(name for name in self.fields if name not in self.targets)

    @property
    def target(self) -> str:
        """Name of the only target. Raises DataError if there is none, or more than one."""
        if len(self.targets) == 1:
            return self.targets[0]
        came = ", ".join(self.targets) or "none"
        raise DataError(f"schema: expected one target, got {came}; name the field to predict")

    def to_json(self) -> dict[str, Any]:
        """Return the schema as JSON values, the form of model.json."""
        fields = {name: field.to_json() for name, field in self.fields.items()}
        return {"fields": fields, "targets": list(self.targets)}

    @classmethod
    def from_json(cls, value: object) -> "Schema":
        """Return the schema that `to_json` wrote. Raises DataError on anything else."""
        whole = _object(value, "schema", {"fields", "targets"})
        fields = _object(whole.get("fields"), "schema: fields", None)
        targets = _texts(whole.get("targets"), "schema: targets")
        return cls({name: _field(name, field) for name, field in fields.items()}, targets)


def natural(name: str) -> tuple[Any, ...]:
    """Return a sorting key by which '2' stands before '10'."""
    parts = [part for part in re.split(r"([0-9]+)", name.casefold()) if part]
    return (*((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts), (0, -1, name))


def picture_size(path: str | Path) -> tuple[int, int]:
    """Return the upright (height, width) of a picture file, from its header. Raises DataError."""
    with _reading(path), Path(path).open("rb") as file:
        image, orientation = _open(file, f"picture {path}")
        return image.size if orientation >= 5 else (image.height, image.width)


def read_picture(path: str | Path) -> "Image.Image":
    """Return the picture in a file: upright, its first frame, 8-bit grey ("L") or "RGB".

    Raises DataError when the file is missing, damaged, too large or of another format.
    """
    from PIL import Image

    with _reading(path), Path(path).open("rb") as file:
        image, orientation = _open(file, f"picture {path}")
        image.load()
        if orientation in _upright:
            image = image.transpose(Image.Transpose(_upright[orientation]))
        return _flat(image)


@contextmanager
def _reading(path: str | Path) -> Generator[None]:
    """Turn whatever goes wrong in a picture file into a DataError that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"picture {path}: there is no such file; check the path") from error
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
                "none of these; convert it or leave it out"
            ) from error
        _check_pixels(where, image.height, image.width)
        try:
            orientation = int(image.getexif().get(0x0112, 1))
        except Exception:  # a damaged note is no reason to lose the picture
            orientation = 1
    return image, orientation


def _checked(image: "Image.Image", where: str) -> "Image.Image":
    """Return an image that a caller made as "L" or "RGB", upright, first frame."""
    from PIL import ImageOps

    _check_pixels(where, image.height, image.width)
    try:
        return _flat(ImageOps.exif_transpose(image))
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{where}: cannot be decoded ({error}); pass another") from error


def _flat(image: "Image.Image") -> "Image.Image":
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


def _pixels(source: object, shape: tuple[int, int, int]) -> "np.ndarray[Any, Any]":
    """Return an array or tensor as (c, h, w), uint8 or float32 in [0, 1]."""
    import numpy as np

    is_tensor = hasattr(source, "detach")
    try:
        array = np.asarray(cast("Any", source).detach().cpu() if is_tensor else source)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"picture: expected a file, a picture or an array, got {_short(source)}; pass one"
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
    _check_pixels("picture", *array.shape[1:])
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


def _resized(image: "Image.Image", height: int, width: int) -> "Image.Image":
    """Scale until it covers (height, width), bilinear with antialiasing, and cut about the middle.

    This is the only way in which a picture is fitted; one that has the size is not touched.
    """
    from PIL import Image

    if image.size == (width, height):
        return image
    scale = max(height / image.height, width / image.width)
    x = (image.width - width / scale) / 2
    y = (image.height - height / scale) / 2
    x, y = max(x, 0.0), max(y, 0.0)  # a rounding may pass the border
    box = (x, y, image.width - x, image.height - y)
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box)


def _fit_image(image: "Image.Image", shape: tuple[int, int, int]) -> "np.ndarray[Any, Any]":
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


def _fit_planes(
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


def _check_pixels(where: str, height: int, width: int) -> None:
    if height * width > PIXEL_LIMIT:
        raise DataError(
            f"{where}: {width} x {height} is over the limit of 50 million pixels; shrink it"
        )


def _check_fitted(where: str, mean: object, spread: object, n: int) -> None:
    for name, values in (("mean", mean), ("spread", spread)):
        items = cast("tuple[float, ...]", values if type(values) is tuple else ())
        good = values is None or (
            len(items) == n
            and all(type(item) in (float, int) and math.isfinite(item) for item in items)
            and (name == "mean" or min(items, default=0) >= 0)
        )
        if not good:
            raise DataError(
                f"{where}: {name} must be {n} finite numbers"
                f"{', none below 0' if name == 'spread' else ''}, got {values}; pass one each"
            )


def _fitted_json(mean: object, spread: object) -> dict[str, Any]:
    pairs = (("mean", mean), ("spread", spread))
    return {
        k: list(cast("Any", v)) if isinstance(v, tuple) else v for k, v in pairs if v is not None
    }


def _field(name: str, value: object) -> Field:
    """Rebuild one field from JSON values; nothing but the three kinds comes of it."""
    where = f"schema: field '{name}'"
    entry = _object(value, where, None)
    kind = entry.pop("kind", None)
    known = {
        "picture": {"shape", "mean", "spread"},
        "category": {"names"},
        "number": {"mean", "spread", "unit", "shape", "varies", "whole"},
    }
    if type(kind) is not str or kind not in known:
        raise _damaged(where, f"a kind among {', '.join(known)}", kind)
    _object(entry, where, known[kind])
    if kind == "category":
        return Category(_texts(entry.get("names"), f"{where}: names"))
    shape = _numbers(entry.get("shape", []), f"{where}: shape", int)
    mean, spread = (_fitted(entry.get(key), f"{where}: {key}") for key in ("mean", "spread"))
    if kind == "picture":
        return Picture(cast("Any", shape), cast("Any", mean), cast("Any", spread))
    unit = entry.get("unit")
    flags = [entry.get(key, False) for key in ("varies", "whole")]
    if not (unit is None or type(unit) is str) or any(type(flag) is not bool for flag in flags):
        raise _damaged(where, "a text as unit, and true or false as varies and whole", entry)
    return Number(mean, spread, unit, shape, *flags)


def _object(value: object, where: str, known: set[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _damaged(where, "an object", value)
    entry = cast("dict[str, Any]", dict(cast("Any", value)))
    if known is not None and not entry.keys() <= known:
        raise _damaged(where, f"only {', '.join(sorted(known))}", sorted(entry.keys() - known))
    return entry


def _texts(value: object, where: str) -> tuple[str, ...]:
    items = cast("list[str]", value)
    if type(value) is not list or any(type(item) is not str for item in items):
        raise _damaged(where, "a list of texts", items)
    return tuple(items)


def _numbers(value: object, where: str, *kinds: type) -> tuple[Any, ...]:
    items = cast("list[object]", value)
    if type(value) is not list or any(type(item) not in kinds for item in items):
        raise _damaged(where, "a list of numbers", items)
    return tuple(items)


def _fitted(value: object, where: str) -> float | tuple[float, ...] | None:
    if value is None or type(value) in (int, float):
        return cast("float | None", value)
    return _numbers(value, where, int, float)


def _damaged(where: str, expected: str, came: object) -> DataError:
    return DataError(
        f"{where}: expected {expected}, got {_short(came)}; the file is damaged, or newer"
    )


def _instead(name: str, known: Iterable[str]) -> str:
    known = list(known)
    few = ", ".join(known[:10]) + (f", ... ({len(known)} in all)" if len(known) > 10 else "")
    return f" among {few or 'none'}{nearest(name, known) or '; check its name'}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
