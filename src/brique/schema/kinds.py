"""The kinds of fields, and how one example of each kind is prepared."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from brique.errors import DataError
from brique.schema.bit_depth import (
    UINT16_MAX,
    intensity_plane,
    is_high_bit_depth,
    rescale_intensity,
    to_uint8,
    white_level,
)
from brique.schema.class_names import OTHER, class_index, class_indices
from brique.schema.messages import alternatives, short_repr
from brique.schema.missing import MISSING, is_missing
from brique.schema.numerals import Decimal, parse_numeral, same_unit
from brique.schema.pictures import (
    check_pixel_count,
    normalize_image,
    read_with_info,
    to_gray_or_rgb,
    to_pixels,
)
from brique.schema.resizing import resize_image, resize_planes, resize_transform
from brique.schema.statistics import check_statistics, statistics_json
from brique.schema.time_index import TimeIndex

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True)
class Picture:
    """A picture of C channels (1 gray, 3 RGB), H rows and W columns.

    shape: (C, H, W).
    mean, std: per channel, of brightness in [0, 1], fitted on the training part.
    letterbox: whether pictures are scaled to fit into (H, W) and padded with gray, instead of
        cropped.
    value_range: of pictures of high bit depth (over 8 bits, or floats in files): the brightness
        that becomes 0 and 1, lowest and highest of the training part. None without such pictures.
    """

    shape: tuple[int, int, int]
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    letterbox: bool = False
    value_range: tuple[float, float] | None = None
    kind: ClassVar[str] = "picture"

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or any(type(n) is not int or n < 1 for n in self.shape):
            raise DataError(
                f"picture: shape must be (channels, height, width), got {self.shape}; "
                "pass three whole numbers of 1 or more"
            )
        check_pixel_count("picture", self.shape[1], self.shape[2])
        check_statistics("picture", self.mean, self.std, self.shape[0])
        value_range = (0.0, 1.0) if self.value_range is None else self.value_range
        if (
            type(value_range) is not tuple
            or len(value_range) != 2
            or not -math.inf < value_range[0] < value_range[1] < math.inf
        ):
            raise DataError(
                "picture: value_range must be two finite numbers, the lower first, got"
                f" {self.value_range}; leave it out"
            )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return one picture (C, H, W): uint8 0 to 255, or float32 in [0, 1] for floats.

        source: path of a file, PIL image, array (h, w), (h, w, c) or (c, h, w), or tensor (h, w)
            or (c, h, w); arrays and tensors hold uint8, uint16, bool, or floats in [0, 1].
            It is scaled to cover (H, W) and center-cropped, or letterboxed; channels are
            converted, transparency is composited over white. With a `value_range`, high bit depth
            is rescaled by it, and all pictures are float32.
        Raises DataError if it is not a picture.
        """
        planes, white = self.decode(source)
        if self.value_range is None:
            where = f"picture {source}" if isinstance(source, str | Path) else "picture"
            return _to_tensor(to_uint8(planes, white, where) if white else planes)
        return (
            _to_tensor(rescale_intensity(planes, self.value_range))
            if white
            else self.to_float(_to_tensor(planes))
        )

    def clipped_range(self, source: object) -> tuple[float, float] | None:
        """Return the brightness range of a high-bit-depth picture if it exceeds ours, else None."""
        import numpy as np

        planes, white = self.decode(source)
        low, high = float(np.nanmin(planes)), float(np.nanmax(planes))
        value_range = self.value_range or (low, high)
        return (low, high) if white and (low < value_range[0] or high > value_range[1]) else None

    def decode(self, source: object) -> "tuple[np.ndarray[Any, Any], float]":
        """Return a picture (C, H, W) before its brightness is rescaled, and its white level.

        The white level is 0 without high bit depth; the picture is uint8 or float32 in [0, 1].
        """
        from PIL import Image

        if isinstance(source, str | Path):
            image = read_with_info(source)[0]
        elif isinstance(source, Image.Image):
            image = normalize_image(source, "picture")
        else:
            pixels = to_pixels(source, self.shape)
            if pixels.dtype == "uint16":
                return self._resize(pixels.astype("float32"), fill=math.nan), UINT16_MAX
            if pixels.dtype.kind == "f" or pixels.shape[0] not in (1, 3, 4):
                planes = self._resize(pixels)
                return (planes.clip(0, 1) if planes.dtype.kind == "f" else planes), 0.0
            if pixels.shape == self.shape:
                return pixels.copy(), 0.0
            channels_last = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
            image = to_gray_or_rgb(Image.fromarray(channels_last.copy()))
        if is_high_bit_depth(image):
            return self._resize(intensity_plane(image), fill=math.nan), white_level(image)
        return resize_image(image, self.shape, letterbox=self.letterbox), 0.0

    def _resize(self, planes: "np.ndarray[Any, Any]", fill: float = 0.5) -> "np.ndarray[Any, Any]":
        return resize_planes(planes, self.shape, letterbox=self.letterbox, fill=fill)

    def resize_transform(self, original_size: tuple[int, int]) -> tuple[float, float, float]:
        """Return (scale, dx, dy): how `prepare` transforms coordinates.

        original_size: (height, width) of the upright picture. A point x, y moves to
            scale * x + dx, scale * y + dy; pixel i spans from i to i + 1.
        """
        return resize_transform(original_size, self.shape[1:], letterbox=self.letterbox)

    @staticmethod
    def to_float(pixels: "torch.Tensor") -> "torch.Tensor":
        """Return float32 pixels in [0, 1]: uint8 divided by 255, floats as they are.

        All devices give the same bits: off the CPU the divisor is a tensor, since CUDA replaces
        division by a number with multiplication.
        """
        import torch

        if pixels.dtype != torch.uint8:
            return pixels
        if pixels.device.type == "cpu":
            return torch.div(pixels, 255)
        return torch.div(pixels, torch.full((), 255.0, device=pixels.device))

    @staticmethod
    def restore(value: "torch.Tensor") -> "np.ndarray[Any, Any]":
        """Return pixels (C, H, W) as (H, W) or (H, W, C), uint8, 0 to 255."""
        pixels = value.detach().cpu()
        if pixels.is_floating_point():
            pixels = (pixels.clamp(0, 1) * 255).round().byte()
        return (pixels[0] if len(pixels) == 1 else pixels.permute(1, 2, 0)).numpy()

    def form(self) -> dict[str, Any]:
        """Return the input of a form: a picture file."""
        return {"input": "file", "accept": "image/*"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value: dict[str, Any] = {"kind": self.kind, "shape": list(self.shape)}
        value |= statistics_json(self.mean, self.std)
        value |= {"value_range": list(self.value_range)} if self.value_range else {}
        return value | ({"letterbox": True} if self.letterbox else {})


@dataclass(frozen=True)
class Category:
    """One of a list of named classes, stored as its index.

    has_other: whether an unlisted name is accepted, as index len(names); for inputs.
    """

    names: tuple[str, ...]
    has_other: bool = False
    kind: ClassVar[str] = "category"

    def __post_init__(self) -> None:
        if not self.names or any(type(name) is not str or not name for name in self.names):
            raise DataError(
                f"category: names must be texts, one or more, got {self.names}; name every class"
            )
        if len(set(self.names)) != len(self.names):
            duplicate = next(name for name in self.names if self.names.count(name) > 1)
            raise DataError(
                f"category: the class '{duplicate}' is listed twice; list each class once"
            )

    def prepare(self, source: object) -> int:
        """Return the index of the class named `source`. Raises DataError if there is none.

        1 is also 1.0 and "1", True is "true". None, "", "NA", "?" and the like are the class
        "missing" if it is listed.
        """
        name = "" if source is None else str(source)
        candidates = (name, name.strip(), *([MISSING] if is_missing(source) else []))
        for candidate in candidates:
            if candidate in self._indices:
                return self._indices[candidate]
        index = class_index(source, self._canonical_indices)
        if index is not None:
            return index
        if self.has_other:
            return len(self.names)
        name = candidates[-1]
        raise DataError(f"category: no class '{name}'{alternatives(name, self.names)}")

    def restore(self, value: object) -> str:
        """Return the name of a class index; "other" for one that is not listed."""
        index = int(cast("Any", value))
        return self.names[index] if 0 <= index < len(self.names) else OTHER

    def form(self) -> dict[str, Any]:
        """Return the input of a form: one of the names."""
        return {"input": "select", "options": [*self.names, *([OTHER] if self.has_other else [])]}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value: dict[str, Any] = {"kind": self.kind, "names": list(self.names)}
        return value | ({"has_other": True} if self.has_other else {})

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def _canonical_indices(self) -> dict[str, int]:
        return class_indices(self.names)


@dataclass(frozen=True)
class Number:
    """A number, or an array of numbers of one shape.

    mean, std: fitted on the training part: a float if `shape` is (), else one per entry of the
        last axis.
    unit: of measurement.
    shape: of one example; () is a single number.
    is_sequence: an example is a sequence of such arrays, of any length (a Ragged field).
    is_integer: whole numbers (int64), not float32.
    fill: replaces a missing value: the median of the training part. A missing value is NaN in a
        batch; the net fills it.
    optional: whether values were missing in the training part: the net then gets a flag, and new
        tables may lack the column.
    decimal: decimal sign of texts: "point" (1,234.5), "comma" (1.234,5), or "either" (1.5 and 1,5),
        without a thousands separator.
    na_values: texts of the training data that count as missing, besides "NA" and the like.
    names: of the entries of the last axis, or one for all: columns of a series.
    time_index: of the past of a series: time of its rows.
    """

    mean: float | tuple[float, ...] | None = None
    std: float | tuple[float, ...] | None = None
    unit: str | None = None
    shape: tuple[int, ...] = ()
    is_sequence: bool = False
    is_integer: bool = False
    fill: float | None = None
    optional: bool = False
    decimal: Decimal = "point"
    na_values: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    time_index: TimeIndex | None = None
    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        if any(type(n) is not int or n < 0 for n in self.shape):
            raise DataError(
                f"number: shape must hold whole numbers of 0 or more, got {self.shape}; "
                "pass the shape of one example"
            )
        mean, std = (
            value if isinstance(value, tuple) or value is None else (value,)
            for value in (self.mean, self.std)
        )
        check_statistics("number", mean, std, self.shape[-1] if self.shape else 1)
        if self.decimal not in ("point", "comma", "either"):
            raise DataError(
                f"number: decimal must be point, comma or either, got '{self.decimal}'; pass one"
            )
        if len(self.names) not in (0, 1, self.shape[-1] if self.shape else 1):
            raise DataError(
                f"number: names must be one for each entry of the last axis, or one for all, got"
                f" {len(self.names)} for shape {self.shape}; name each"
            )
        if self.fill is not None and (
            self.shape or self.is_sequence or not math.isfinite(self.fill)
        ):
            raise DataError(
                f"number: fill is for single numbers and must be finite, got {self.fill}; leave it"
                " out"
            )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return one example, float32 or int64, of `shape` (after a length, for sequences).

        None, NaN, "", "NA", "?" and the like are missing values, NaN if there is a `fill`.
        Texts may have the `unit`.
        Raises DataError unless these are finite numbers of that shape and unit.
        """
        import torch

        is_na_text = isinstance(source, str) and source.strip() in self.na_values
        if self.fill is not None and (is_na_text or is_missing(source)):
            return torch.tensor(math.nan)
        try:
            raw = self._parse(source) if isinstance(source, str) else source
            value = torch.as_tensor(cast("Any", raw))
        except DataError:
            raise
        except (TypeError, ValueError, RuntimeError) as error:
            is_text = isinstance(source, str)
            example = "12,5" if self.decimal == "comma" else "12.5"
            remedy = f"write it like {example}" if is_text else "pass numbers"
            raise DataError(
                f"number: expected numbers, got {short_repr(source)}; {remedy}"
            ) from error
        actual_shape = tuple(value.shape)
        if (actual_shape[1:] if self.is_sequence else actual_shape) != self.shape or len(
            actual_shape
        ) < self.is_sequence:
            expected_shape = ("length", *self.shape) if self.is_sequence else self.shape
            expected_shape = str(expected_shape).replace("'", "")
            raise DataError(
                f"number: expected shape {expected_shape}, got {actual_shape}; reshape it"
            )
        if not bool(torch.isfinite(value).all()):
            raise DataError(
                f"number: expected finite numbers, got {short_repr(source)}; replace them"
            )
        return value.to(torch.int64 if self.is_integer else torch.float32)

    def _parse(self, text: str) -> float:
        """Return the number in a text. Raises ValueError, or DataError for another unit."""
        parsed = parse_numeral(text)
        value = None if parsed is None else parsed.value(self.decimal)
        if parsed is None or value is None:
            raise ValueError(text)  # "9,5" may be nine and a half, and is not 95
        if parsed.unit and not same_unit(parsed.unit, self.unit or ""):
            expected = f"a number in {self.unit}" if self.unit else "a number without a unit"
            raise DataError(
                f"number: expected {expected}, got {short_repr(text)} in {parsed.unit}; convert it"
            )
        return value

    def restore(self, value: "torch.Tensor") -> Any:  # noqa: ANN401 - one number, or nested lists
        """Return a Python number or nested lists; None for a missing value."""
        numbers = value.tolist()
        return None if isinstance(numbers, float) and math.isnan(numbers) else numbers

    def form(self) -> dict[str, Any]:
        """Return the input of a form: a number, or numbers."""
        is_single = not self.shape and not self.is_sequence
        spec = {
            "input": "number" if is_single else "numbers",
            "step": 1 if self.is_integer else "any",
        }
        return spec | ({"unit": self.unit} if self.unit else {})

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values, without defaults."""
        value: dict[str, Any] = {"kind": self.kind} | statistics_json(self.mean, self.std)
        settings = {"unit": self.unit, "shape": list(self.shape)}
        flags = {
            "is_sequence": self.is_sequence,
            "is_integer": self.is_integer,
            "optional": self.optional,
        }
        flags |= {"na_values": list(self.na_values)}
        value |= {name: item for name, item in (settings | flags).items() if item}
        value |= {} if self.decimal == "point" else {"decimal": self.decimal}
        value |= {"names": list(self.names)} if self.names else {}
        value |= {} if self.time_index is None else {"time_index": self.time_index.to_json()}
        return value | ({} if self.fill is None else {"fill": self.fill})


def _to_tensor(pixels: "np.ndarray[Any, Any]") -> "torch.Tensor":
    import torch

    return torch.from_numpy(pixels)  # pyright: ignore[reportUnknownMemberType]
