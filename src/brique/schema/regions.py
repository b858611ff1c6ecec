"""Masks and boxes: where objects are in a picture."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from brique.errors import DataError
from brique.schema.label_maps import read_colors, read_label_map
from brique.schema.messages import short_repr
from brique.schema.resizing import resize_mask
from brique.schema.texts import check_names

if TYPE_CHECKING:
    import numpy as np
    import torch

IGNORE_INDEX = 255  # class of ignored pixels
MIN_VISIBLE = 0.3  # of a box after cropping, or it is dropped


@dataclass(frozen=True)
class Mask:
    """A class for each pixel of a picture.

    names: of the classes, by index; pixels of 255 are ignored.
    shape: (H, W).
    codes: (number in a file, class index) pairs, if they differ; 255 is ignored. With `is_colored`
        the numbers are colors, 65536 R + 256 G + B.
    """

    names: tuple[str, ...]
    shape: tuple[int, int]
    codes: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    is_colored: bool = field(default=False, compare=False)
    kind: ClassVar[str] = "mask"

    def __post_init__(self) -> None:
        check_names("mask: names", self.names)
        if not 1 <= len(self.names) < IGNORE_INDEX:
            raise DataError(
                f"mask: expected 1 to 254 classes, got {len(self.names)}; name those there are"
            )
        if len(self.shape) != 2 or any(type(n) is not int or n < 1 for n in self.shape):
            raise DataError(
                f"mask: shape must be (height, width), got {self.shape}; pass two whole numbers"
            )
        if any(
            index != IGNORE_INDEX and not 0 <= index < len(self.names) for _, index in self.codes
        ):
            raise DataError(
                f"mask: codes must lead to the {len(self.names)} classes or {IGNORE_INDEX}, got"
                f" {self.codes[:8]}; number the classes from 0"
            )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return the class of each pixel, uint8, (H, W), resized as its picture.

        source: path of a picture file of one channel or with a palette, of class indices or
            `codes`; or array or tensor (h, w) of class indices, 255 for ignored pixels. Resizing
            takes the nearest pixel.
        Raises DataError for other pictures and other numbers.
        """
        import numpy as np
        import torch

        is_file = isinstance(source, str | Path)
        where = f"mask {source}" if is_file else "mask"
        classes = self._read_classes(source) if is_file else _to_array(source)
        if classes.ndim != 2 or not classes.size or classes.dtype.kind not in "bui":
            raise DataError(
                f"{where}: expected whole numbers (height, width), got {classes.dtype} "
                f"{classes.shape}; pass the class of each pixel"
            )
        is_invalid = (classes != IGNORE_INDEX) & ((classes < 0) | (classes >= len(self.names)))
        if is_invalid.any():
            first = classes[is_invalid][0]
            count = int((classes == first).sum())
            raise DataError(
                f"{where}: expected classes from 0 to {len(self.names) - 1} ({IGNORE_INDEX} for"
                f" ignored pixels), got {first} in {count:,} pixels; name all classes, or "
                "correct it"
            )
        resized = resize_mask(classes, self.shape).astype(np.uint8)
        return torch.from_numpy(resized)  # pyright: ignore[reportUnknownMemberType]

    def _read_classes(self, path: str | Path) -> "np.ndarray[Any, Any]":
        """Return the class of each pixel of a file, by its numbers or colors."""
        import numpy as np

        known_numbers = frozenset(number for number, _ in self.codes) or frozenset(
            range(len(self.names))
        )
        numbers = (
            read_colors(path) if self.is_colored else read_label_map(path, known_numbers).numbers
        )
        if not self.codes:
            return numbers
        lookup = (
            dict(self.codes) if self.is_colored else {IGNORE_INDEX: IGNORE_INDEX} | dict(self.codes)
        )
        present, inverse = np.unique(numbers, return_inverse=True)
        unknown = [number for number in present.tolist() if number not in lookup]
        if unknown:
            description = f"color {_rgb(unknown[0])}" if self.is_colored else f"number {unknown[0]}"
            raise DataError(
                f"mask {path}: expected the numbers or colors of {', '.join(self.names[:8])}, got"
                f" the {description} in {int((numbers == unknown[0]).sum()):,} pixels; correct it"
            )
        classes = np.array([lookup[number] for number in present.tolist()], np.uint8)
        return classes[inverse.reshape(numbers.shape)]

    def restore(self, value: "torch.Tensor") -> "np.ndarray[Any, Any]":
        """Return the class of each pixel (H, W), uint8."""
        return value.detach().cpu().byte().numpy()

    def form(self) -> dict[str, Any]:
        """Return the input of a form: a picture file."""
        return {"input": "file", "accept": "image/png"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value = {"kind": self.kind, "names": list(self.names), "shape": list(self.shape)}
        value |= {"codes": [list(pair) for pair in self.codes]} if self.codes else {}
        return value | ({"is_colored": True} if self.is_colored else {})


@dataclass(frozen=True)
class Boxes:
    """Rectangles in a picture: x0, y0, x1, y1 in its pixels; a field of varying length.

    shape: (H, W) of the prepared picture.
    """

    shape: tuple[int, int]
    kind: ClassVar[str] = "boxes"

    def __post_init__(self) -> None:
        if len(self.shape) != 2 or any(type(n) is not int or n < 1 for n in self.shape):
            raise DataError(
                f"boxes: shape must be (height, width), got {self.shape}; pass two whole numbers"
            )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return boxes (T, 4), float32, in pixels of the prepared picture. Raises DataError."""
        import torch

        try:
            boxes = torch.as_tensor(cast("Any", source), dtype=torch.float32)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DataError(
                f"boxes: expected numbers (T, 4), got {short_repr(source)}; pass x0, y0, x1, y1"
                " of each"
            ) from error
        boxes = boxes.reshape(0, 4) if not boxes.numel() else boxes
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not bool(torch.isfinite(boxes).all()):
            raise DataError(
                f"boxes: expected finite numbers (T, 4), got shape {tuple(boxes.shape)}; pass x0,"
                " y0, x1, y1 of each"
            )
        return boxes

    def restore(self, value: "torch.Tensor") -> list[list[float]]:
        """Return boxes as lists of four numbers."""
        return cast("list[list[float]]", value.tolist())

    def form(self) -> dict[str, Any]:
        """Return the input of a form: rectangles on the picture."""
        return {"input": "boxes"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        return {"kind": self.kind, "shape": list(self.shape)}


def transform_boxes(boxes: "torch.Tensor", transform: "torch.Tensor") -> "torch.Tensor":
    """Return boxes (T, 4) transformed by the `Picture.resize_transform` of each: (T, 3)."""
    return boxes * transform[:, :1] + transform[:, [1, 2, 1, 2]]


def orient_boxes(
    boxes: "torch.Tensor", orientation: int, stored_size: tuple[int, int]
) -> "torch.Tensor":
    """Return boxes (T, 4) of stored pixels in the upright picture.

    orientation: 1 to 8, as EXIF numbers them. stored: (height, width) in the file.
    """
    import torch

    height, width = stored_size
    x0, y0, x1, y1 = boxes.unbind(1)
    if orientation in (2, 3, 7, 8):  # mirrored from left to right
        x0, x1 = width - x1, width - x0
    if orientation in (3, 4, 6, 7):  # from top to bottom
        y0, y1 = height - y1, height - y0
    sides = (y0, x0, y1, x1) if orientation >= 5 else (x0, y0, x1, y1)
    return torch.stack(sides, 1)


def box_areas(boxes: "torch.Tensor") -> "torch.Tensor":
    """Return the areas of boxes (T, 4): (T,), 0 if inverted."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)


def clip_boxes(
    boxes: "torch.Tensor", limits: "torch.Tensor"
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Return boxes (T, 4) clipped to their pictures, and which to keep (T,), bool.

    limits: width, height, width, height of the picture (4,), or of the picture of each box (T, 4).
    A box is kept if at least 30% of its area remains.
    """
    clipped = boxes.clamp(min=0).minimum(limits.to(boxes))
    visible_area, full_area = box_areas(clipped), box_areas(boxes)
    return clipped, (visible_area > 0) & (visible_area >= MIN_VISIBLE * full_area)


def _rgb(code: int) -> tuple[int, int, int]:
    return code >> 16, code >> 8 & 255, code & 255


def _to_array(source: object) -> "np.ndarray[Any, Any]":
    import numpy as np

    is_tensor = hasattr(source, "detach")
    try:
        return np.asarray(cast("Any", source).detach().cpu() if is_tensor else source)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"mask: expected a file or an array, got {short_repr(source)}; pass one"
        ) from error
