"""Pictures changed a little each time they are seen, such that they still show the same thing."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from brique.data.batch import Batch
from brique.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Augment:
    """A function from a batch to the same batch with its pictures moved, turned and scaled.

    Each picture gets draws of its own, a function of (seed, epoch, example) alone. Pixels come back
    as multiples of 1/255, like those of a file.

    mirror: half of the pictures are seen from left to right.
    shift: largest move, as a share of the side.
    turn: largest angle, in degrees.
    zoom: largest change of scale: 0.1 is from 1/1.1 to 1.1.
    light: largest change of brightness and of contrast, as a share.
    fill: brightness in [0, 1] beyond the edge; None: as mirrored at the edge.
    field: which field holds the pictures (N, C, H, W), float32 in [0, 1].
    Raises DataError when a number is out of range.

    >>> batch = Batch({"image": torch.rand(4, 1, 8, 8)})
    >>> Augment(shift=0.1)(batch).image.shape
    torch.Size([4, 1, 8, 8])
    """

    mirror: bool = False
    shift: float = 0.0
    turn: float = 0.0
    zoom: float = 0.0
    light: float = 0.0
    fill: float | None = None
    field: str = "image"

    def __post_init__(self) -> None:
        limits = {"shift": 1.0, "turn": 180.0, "zoom": 4.0, "light": 1.0}
        given = {"shift": self.shift, "turn": self.turn, "zoom": self.zoom, "light": self.light}
        for name, value in given.items():
            if not 0 <= value <= limits[name]:
                raise DataError(
                    f"Augment: {name} must lie from 0 to {limits[name]:g}, got {value}; choose one"
                )

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with its pictures changed."""
        pixels = batch[self.field]
        assert isinstance(pixels, Tensor)
        draws = batch.uniform("augment", 7)  # (N, 7), in [0, 1)
        if self.shift or self.turn or self.zoom:
            pixels = self._moved(pixels, draws)
        elif self.mirror:
            pixels = torch.where(_mirrored(draws)[:, None, None, None], pixels.flip(3), pixels)
        if self.light:
            pixels = self._lit(pixels, draws)
        return batch.replace(**{self.field: (pixels * 255).round().div(255).clamp(0, 1)})

    def _moved(self, pixels: Tensor, draws: Tensor) -> Tensor:
        """Return pictures sampled on a grid that is mirrored, turned, scaled and shifted."""
        height, width = pixels.shape[2:]
        spread = 2 * draws.double() - 1  # float64: the same bits wherever in a batch a row stands
        angle = spread[:, 3] * (torch.pi / 180 * self.turn)
        scale = (1 + self.zoom) ** -spread[:, 4]
        side = torch.where(_mirrored(draws), -1.0, 1.0) if self.mirror else 1.0
        cos, sin = angle.cos() * scale, angle.sin() * scale
        rows = torch.stack(
            [side * cos, -sin * (height / width), 2 * self.shift * spread[:, 1],
             side * sin * (width / height), cos, 2 * self.shift * spread[:, 2]], dim=1,
        ).float()[:, :, None, None]  # fmt: skip
        x, y = _centers(width, pixels)[None, :], _centers(height, pixels)[:, None]
        grid = torch.stack(
            [rows[:, 0] * x + rows[:, 1] * y + rows[:, 2],
             rows[:, 3] * x + rows[:, 4] * y + rows[:, 5]], dim=3,
        )  # (N, H, W, 2), from -1 to 1  # fmt: skip
        mode = "reflection" if self.fill is None else "zeros"
        base = self.fill or 0.0
        moved = functional.grid_sample(pixels - base, grid, padding_mode=mode, align_corners=False)
        return moved + base

    def _lit(self, pixels: Tensor, draws: Tensor) -> Tensor:
        """Return pictures with another brightness and contrast."""
        spread = (2 * draws - 1)[:, :, None, None, None]
        return (
            (pixels - 0.5) * (1 + self.light * spread[:, 5]) + 0.5 + self.light * spread[:, 6] / 2
        )


def _mirrored(draws: Tensor) -> Tensor:
    return draws[:, 0] < 0.5


def _centers(n: int, like: Tensor) -> Tensor:
    """Return the places of n pixels from -1 to 1, as `grid_sample` counts them: (n,)."""
    return (torch.arange(n, device=like.device, dtype=like.dtype) * 2 + 1) / n - 1
