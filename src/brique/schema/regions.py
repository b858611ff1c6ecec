"""Fields that say where things are in a picture: masks and boxes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from brique.errors import DataError
from brique.schema.texts import check_names
from brique.schema.words import short

if TYPE_CHECKING:
    import numpy as np
    import torch

IGNORED = 255  # class of a pixel that counts for nothing


@dataclass(frozen=True)
class Mask:
    """A class for each pixel of a picture.

    names: of the classes; the number of a class is its place. Pixels of 255 count for nothing.
    shape: (H, W).
    """

    names: tuple[str, ...]
    shape: tuple[int, int]
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

    def prepare(self, source: object) -> "torch.Tensor":
        """Return the class of each pixel, uint8, (H, W), scaled and cut as its picture is.

        source: path of a picture file of one channel or of a palette, or array (h, w) of classes.
        Raises DataError when it is no such picture or holds other numbers.
        """
        raise NotImplementedError(source)

    def restore(self, value: "torch.Tensor") -> "np.ndarray[Any, Any]":
        """Return the class of each pixel (H, W), uint8."""
        return value.detach().cpu().byte().numpy()

    def form(self) -> dict[str, Any]:
        """Return what a form asks for: a picture's file."""
        return {"input": "file", "accept": "image/png"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values."""
        return {"kind": self.kind, "names": list(self.names), "shape": list(self.shape)}


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
