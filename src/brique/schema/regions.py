"""Fields that say where things are in a picture: masks and boxes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from brique.errors import DataError
from brique.schema.fitting import fit_classes
from brique.schema.label_maps import read_colors, read_label_map
from brique.schema.texts import check_names
from brique.schema.words import short

if TYPE_CHECKING:
    import numpy as np
    import torch

IGNORED = 255  # class of a pixel that counts for nothing
KEPT = 0.3  # share of a box that must be left of it, or it is dropped


@dataclass(frozen=True)
class Mask:
    """A class for each pixel of a picture.

    names: of the classes; the number of a class is its place. Pixels of 255 count for nothing.
    shape: (H, W).
    codes: (number in a file, class) pairs, where they differ; 255 is the class of what counts for
        nothing. They are of colors, 65536 R + 256 G + B, if it is `colored`.
    """

    names: tuple[str, ...]
    shape: tuple[int, int]
    codes: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    colored: bool = field(default=False, compare=False)
    kind: ClassVar[str] = "mask"

    def __post_init__(self) -> None:
        check_names("mask: names", self.names)
        if not 1 <= len(self.names) < IGNORED:
            raise DataError(
                f"mask: expected 1 to 254 classes, got {len(self.names)}; name those there are"
            )
        if len(self.shape) != 2 or any(type(n) is not int or n < 1 for n in self.shape):
            raise DataError(
                f"mask: shape must be (height, width), got {self.shape}; pass two whole numbers"
            )
        if any(one != IGNORED and not 0 <= one < len(self.names) for _, one in self.codes):
            raise DataError(
                f"mask: codes must lead to the {len(self.names)} classes or {IGNORED}, got"
                f" {self.codes[:8]}; number the classes from 0"
            )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return the class of each pixel, uint8, (H, W), scaled and cut as its picture is.

        source: path of a picture file of one channel or of a palette, whose numbers are those of
            classes or lead to them by `codes`; or array or tensor (h, w) of the numbers of classes,
            255 for what counts for nothing. A pixel gets the class of the nearest.
        Raises DataError when it is no such picture or holds other numbers.
        """
        import numpy as np
        import torch

        is_file = isinstance(source, str | Path)
        where = f"mask {source}" if is_file else "mask"
        classes = self._of_file(source) if is_file else _array(source)
        if classes.ndim != 2 or not classes.size or classes.dtype.kind not in "bui":
            raise DataError(
                f"{where}: expected whole numbers (height, width), got {classes.dtype} "
                f"{classes.shape}; pass the class of each pixel"
            )
        strange = (classes != IGNORED) & ((classes < 0) | (classes >= len(self.names)))
        if strange.any():
            first = classes[strange][0]
            count = int((classes == first).sum())
            raise DataError(
                f"{where}: expected classes from 0 to {len(self.names) - 1} ({IGNORED} for what "
                f"counts for nothing), got {first} in {count:,} pixels; name all classes, or "
                "correct it"
            )
        fitted = fit_classes(classes, self.shape).astype(np.uint8)
        return torch.from_numpy(fitted)  # pyright: ignore[reportUnknownMemberType]

    def _of_file(self, path: str | Path) -> "np.ndarray[Any, Any]":
        """Return the class of each pixel of a file, as its numbers or colors lead to them."""
        import numpy as np

        known = frozenset(number for number, _ in self.codes) or frozenset(range(len(self.names)))
        numbers = read_colors(path) if self.colored else read_label_map(path, known).numbers
        if not self.codes:
            return numbers
        table = dict(self.codes) if self.colored else {IGNORED: IGNORED} | dict(self.codes)
        held, places = np.unique(numbers, return_inverse=True)
        strange = [number for number in held.tolist() if number not in table]
        if strange:
            told = f"color {_color(strange[0])}" if self.colored else f"number {strange[0]}"
            raise DataError(
                f"mask {path}: expected the numbers or colors of {', '.join(self.names[:8])}, got"
                f" the {told} in {int((numbers == strange[0]).sum()):,} pixels; correct it"
            )
        classes = np.array([table[number] for number in held.tolist()], np.uint8)
        return classes[places.reshape(numbers.shape)]

    def restore(self, value: "torch.Tensor") -> "np.ndarray[Any, Any]":
        """Return the class of each pixel (H, W), uint8."""
        return value.detach().cpu().byte().numpy()

    def form(self) -> dict[str, Any]:
        """Return what a form asks for: a picture's file."""
        return {"input": "file", "accept": "image/png"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        value = {"kind": self.kind, "names": list(self.names), "shape": list(self.shape)}
        value |= {"codes": [list(pair) for pair in self.codes]} if self.codes else {}
        return value | ({"colored": True} if self.colored else {})


@dataclass(frozen=True)
class Boxes:
    """Rectangles in a picture: x0, y0, x1, y1 in its pixels; a field of varying length.

    shape: (H, W) of the picture as it is prepared.
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
                f"boxes: expected numbers (T, 4), got {short(source)}; pass x0, y0, x1, y1 of each"
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
        """Return what a form asks for: rectangles drawn on the picture."""
        return {"input": "boxes"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        return {"kind": self.kind, "shape": list(self.shape)}


def moved(boxes: "torch.Tensor", placing: "torch.Tensor") -> "torch.Tensor":
    """Return boxes (T, 4) where they come to lie, as `Picture.placing` says of each: (T, 3)."""
    return boxes * placing[:, :1] + placing[:, [1, 2, 1, 2]]


def turned(boxes: "torch.Tensor", orientation: int, stored: tuple[int, int]) -> "torch.Tensor":
    """Return boxes (T, 4) of stored pixels where they lie once EXIF has turned the picture.

    orientation: 1 to 8, as EXIF numbers them. stored: (height, width) before turning.
    """
    import torch

    height, width = stored
    x0, y0, x1, y1 = boxes.unbind(1)
    if orientation in (2, 3, 7, 8):  # mirrored from left to right
        x0, x1 = width - x1, width - x0
    if orientation in (3, 4, 6, 7):  # from top to bottom
        y0, y1 = height - y1, height - y0
    sides = (y0, x0, y1, x1) if orientation >= 5 else (x0, y0, x1, y1)
    return torch.stack(sides, 1)


def areas(boxes: "torch.Tensor") -> "torch.Tensor":
    """Return the areas of boxes (T, 4): (T,), 0 for those inside out."""
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)


def cut_boxes(boxes: "torch.Tensor", far: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """Return boxes (T, 4) cut to their pictures, and which are worth keeping (T,), bool.

    far: width, height, width, height of the picture, (4,), or of that of each box, (T, 4).
    Kept are those of which an area of 30% at least is left.
    """
    cut = boxes.clamp(min=0).minimum(far.to(boxes))
    left, whole = areas(cut), areas(boxes)
    return cut, (left > 0) & (left >= KEPT * whole)


def _color(code: int) -> tuple[int, int, int]:
    return code >> 16, code >> 8 & 255, code & 255


def _array(source: object) -> "np.ndarray[Any, Any]":
    import numpy as np

    is_tensor = hasattr(source, "detach")
    try:
        return np.asarray(cast("Any", source).detach().cpu() if is_tensor else source)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"mask: expected a file or an array, got {short(source)}; pass one"
        ) from error
