"""Augmentation: small random changes of pictures that keep their labels."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from brique.data.core.batch import Batch
from brique.data.core.ragged import Ragged
from brique.errors import DataError
from brique.schema import IGNORE_INDEX, Boxes, Category, Mask, Picture, Schema, Tags, Text
from brique.schema.regions import clip_boxes

_SMALL_SIDE = 48  # largest side of pictures that rotation would blur


@dataclass(frozen=True, kw_only=True)
class Augment:
    """A function of a batch that shifts, rotates, scales and mirrors its pictures.

    The changes of a picture are a function of (seed, epoch, example) alone. Pixels are multiples of
    1/255, like those of a file.

    mirror: flip half of the pictures horizontally.
    shift: largest shift, as a share of the side.
    rotate: largest angle, in degrees.
    zoom: largest change of scale: 0.1 is from 1/1.1 to 1.1.
    light: largest change of brightness and contrast, as a share.
    fill: brightness in [0, 1] beyond the edge; None: reflection padding.
    field: name of the pictures (N, C, H, W), float32 in [0, 1].
    mask: name of the masks (N, H, W), if any: they move with the pictures, with nearest-pixel
        sampling; beyond the edge they are 255, or reflected.
    boxes: name of the boxes, a Ragged (T, 4): each becomes the bounding box of its moved corners,
        clipped to the picture, and is dropped if less than 30% of it is left.
    classes: name of the classes of the boxes, which are dropped with them.
    Raises DataError if a number is out of range.

    >>> batch = Batch({"image": torch.rand(4, 1, 8, 8)})
    >>> Augment(shift=0.1)(batch).image.shape
    torch.Size([4, 1, 8, 8])
    """

    mirror: bool = False
    shift: float = 0.0
    rotate: float = 0.0
    zoom: float = 0.0
    light: float = 0.0
    fill: float | None = None
    field: str = "image"
    mask: str | None = None
    boxes: str | None = None
    classes: str | None = None

    def __post_init__(self) -> None:
        limits = {"shift": 1.0, "rotate": 180.0, "zoom": 4.0, "light": 1.0}
        values = {
            "shift": self.shift,
            "rotate": self.rotate,
            "zoom": self.zoom,
            "light": self.light,
        }
        for name, value in values.items():
            if not 0 <= value <= limits[name]:
                raise DataError(
                    f"Augment: {name} must lie from 0 to {limits[name]:g}, got {value}; choose one"
                )
        if self.boxes is not None and self.classes is None:
            raise DataError(
                f"Augment: boxes='{self.boxes}' may be dropped, and their classes with them; name "
                "the field of these too (classes=)"
            )

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with its pictures, masks and boxes changed."""
        pixels = batch[self.field]
        assert isinstance(pixels, Tensor)
        draws = batch.uniform("augment", 7)  # (N, 7), in [0, 1)
        has_warp = bool(self.shift or self.rotate or self.zoom)
        changed: dict[str, Tensor | Ragged] = {}
        if has_warp or self.mirror:
            size = (pixels.shape[2], pixels.shape[3])
            transforms = self._transforms(draws, size) if has_warp or self.boxes else None
            changed |= self._warp_mask(batch, draws, transforms if has_warp else None, size)
            changed |= self._warp_boxes(batch, transforms, size)
            if has_warp and transforms is not None:
                pixels = self._warp(pixels, transforms, self.fill or 0.0, "bilinear")
            else:
                pixels = torch.where(
                    _is_mirrored(draws)[:, None, None, None], pixels.flip(3), pixels
                )
        if self.light:
            pixels = self._adjust_light(pixels, draws)
        changed[self.field] = (pixels * 255).round().div(255).clamp(0, 1)
        return batch.replace(**changed)

    def _transforms(self, draws: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the affine sampling transforms (N, 6), float64, in coordinates from -1 to 1."""
        height, width = size
        signed = 2 * draws.double() - 1  # float64: the same bits for any position in a batch
        angle = signed[:, 3] * (torch.pi / 180 * self.rotate)
        scale = (1 + self.zoom) ** -signed[:, 4]
        side = torch.where(_is_mirrored(draws), -1.0, 1.0) if self.mirror else 1.0
        cos, sin = angle.cos() * scale, angle.sin() * scale
        return torch.stack(
            [side * cos, -sin * (height / width), 2 * self.shift * signed[:, 1],
             side * sin * (width / height), cos, 2 * self.shift * signed[:, 2]], dim=1,
        )  # fmt: skip

    def _warp(
        self, pixels: Tensor, transforms: Tensor, offset: float, interpolation: str
    ) -> Tensor:
        """Return pictures sampled on a transformed grid.

        offset: value beyond the edge, without reflection padding.
        """
        transforms = transforms.float()[:, :, None, None]
        height, width = pixels.shape[2:]
        x, y = _pixel_centers(width, pixels)[None, :], _pixel_centers(height, pixels)[:, None]
        grid = torch.stack(
            [transforms[:, 0] * x + transforms[:, 1] * y + transforms[:, 2],
             transforms[:, 3] * x + transforms[:, 4] * y + transforms[:, 5]], dim=3,
        )  # (N, H, W, 2), from -1 to 1  # fmt: skip
        padding = "reflection" if self.fill is None else "zeros"
        warped = functional.grid_sample(
            pixels - offset, grid, mode=interpolation, padding_mode=padding, align_corners=False
        )
        return warped + offset

    def _warp_mask(
        self, batch: Batch, draws: Tensor, transforms: Tensor | None, size: tuple[int, int]
    ) -> dict[str, Tensor]:
        """Return the masks, moved with the pictures."""
        if self.mask is None:
            return {}
        mask = batch[self.mask]
        if not isinstance(mask, Tensor) or mask.shape[1:] != size:
            shape = tuple(mask.shape) if isinstance(mask, Tensor) else "sequences"
            raise DataError(
                f"Augment: mask '{self.mask}' must have shape {(len(batch), *size)}, as its "
                f"pictures have, got {shape}; prepare both to one size"
            )
        if transforms is None:
            return {self.mask: torch.where(_is_mirrored(draws)[:, None, None], mask.flip(2), mask)}
        warped = self._warp(mask.float()[:, None], transforms, float(IGNORE_INDEX), "nearest")
        return {self.mask: warped[:, 0].to(mask.dtype)}

    def _warp_boxes(
        self, batch: Batch, transforms: Tensor | None, size: tuple[int, int]
    ) -> dict[str, Ragged]:
        """Return the moved boxes that are kept, and their classes."""
        if self.boxes is None or self.classes is None or transforms is None:
            return {}
        boxes, classes = batch[self.boxes], batch[self.classes]
        if not isinstance(boxes, Ragged) or not isinstance(classes, Ragged):
            raise DataError(
                f"Augment: boxes '{self.boxes}' and classes '{self.classes}' must be of varying "
                "length; name the fields that hold boxes and their classes"
            )
        picture_index = torch.repeat_interleave(
            torch.arange(len(boxes), device=transforms.device), boxes.lengths
        )  # (T,)
        extent = transforms.new_tensor([size[1], size[0]])
        enclosing = _enclosing_boxes(boxes.values.double(), transforms[picture_index], extent)
        clipped, is_kept = clip_boxes(enclosing, extent.repeat(2))
        offsets = boxes.offsets.new_zeros(len(boxes) + 1)
        offsets[1:] = torch.bincount(picture_index[is_kept], minlength=len(boxes)).cumsum(0)
        return {
            self.boxes: Ragged(clipped[is_kept].float(), offsets, multiple=boxes.multiple),
            self.classes: Ragged(classes.values[is_kept], offsets, multiple=classes.multiple),
        }

    def _adjust_light(self, pixels: Tensor, draws: Tensor) -> Tensor:
        """Return pictures with another brightness and contrast."""
        signed = (2 * draws - 1)[:, :, None, None, None]
        return (
            (pixels - 0.5) * (1 + self.light * signed[:, 5]) + 0.5 + self.light * signed[:, 6] / 2
        )


def default(schema: Schema) -> Augment | None:
    """Return an augmentation that keeps the labels of a schema, or None.

    Only color pictures are mirrored, without text fields, or letters, digits or sides (left) as
    classes. Small color pictures are not rotated or scaled, which would blur them. Boxes are not
    rotated, as they would grow. For targets other than classes, masks and boxes, only the light
    changes. Several pictures per example, or no target: None.
    """
    pictures = [name for name in schema.inputs if isinstance(schema[name], Picture)]
    targets = {name: schema[name] for name in schema.targets}
    if len(pictures) != 1 or not targets:
        return None
    shape = schema[pictures[0]].shape
    is_color, is_small = shape[0] == 3, max(shape[1:]) < _SMALL_SIDE
    light = 0.0 if is_small else 0.2
    if any(not isinstance(kind, Category | Mask | Boxes | Tags) for kind in targets.values()):
        return Augment(light=light, field=pictures[0]) if light else None
    field_of = {
        kind: next((name for name, one in targets.items() if isinstance(one, kind)), None)
        for kind in (Mask, Boxes, Tags)
    }
    has_text = any(isinstance(kind, Text) for kind in schema.fields.values())
    is_blurred, has_boxes = is_color and is_small, field_of[Boxes] is not None
    return Augment(
        mirror=is_color and not has_text and not any(_is_sided(*one) for one in targets.items()),
        shift=0.1,
        rotate=0.0 if is_blurred or has_boxes else 10.0,
        zoom=0.0 if is_blurred else 0.1,
        light=light,
        fill=0.5 if has_boxes else None,
        field=pictures[0],
        mask=field_of[Mask],
        boxes=field_of[Boxes],
        classes=field_of[Tags] if has_boxes else None,
    )


def _is_sided(target: str, kind: object) -> bool:
    """Return whether mirroring changes classes, by their names.

    target: its name; one of several labels, such as "hand:left", ends in the class.
    """
    if not isinstance(kind, Category | Tags | Mask):
        return False
    label = target.partition(":")[2]
    words = [name.casefold() for name in (*kind.names, label) if name]
    has_letters = not isinstance(kind, Mask) and any(len(word) == 1 for word in words)
    return has_letters or any("left" in word or "right" in word for word in words)


def _enclosing_boxes(boxes: Tensor, transforms: Tensor, extent: Tensor) -> Tensor:
    """Return the bounding boxes (T, 4) of the moved corners of boxes.

    transforms: (T, 6), from new to old coordinates. far: width and height.
    """
    x, y = (
        boxes[:, [0, 2, 2, 0]] * (2 / extent[0]) - 1,
        boxes[:, [1, 1, 3, 3]] * (2 / extent[1]) - 1,
    )
    a, b, right, c, d, down = transforms.unsqueeze(2).unbind(1)  # each (T, 1)
    x, y = x - right, y - down
    x, y = (d * x - b * y) / (a * d - b * c), (a * y - c * x) / (a * d - b * c)
    x, y = (x + 1) * (extent[0] / 2), (y + 1) * (extent[1] / 2)
    return torch.stack([x.amin(1), y.amin(1), x.amax(1), y.amax(1)], 1)


def _is_mirrored(draws: Tensor) -> Tensor:
    return draws[:, 0] < 0.5


def _pixel_centers(n: int, like: Tensor) -> Tensor:
    """Return the coordinates of n pixels from -1 to 1, as in `grid_sample`: (n,)."""
    return (torch.arange(n, device=like.device, dtype=like.dtype) * 2 + 1) / n - 1
