"""Rendering of worlds: outlines, strokes, textured backgrounds and light, many pictures at once.

Edges are anti-aliased: the coverage of a pixel comes from the signed distance of its center to the
edge. Coordinates are in pixels, x to the right and y down; the center of the first pixel is
(0.5, 0.5).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from brique.data.worlds.draws import Draws

SHAPES = ("circle", "square", "triangle", "star")
COLORS = ("red", "green", "blue", "yellow", "purple", "cyan")
SIZES = ("small", "large")
TRAIN_TEXTURES = ("stripes", "checks", "waves", "speckle")  # of train and valid
TEST_TEXTURES = ("rings", "plaid")  # of test
TEXTURES = TRAIN_TEXTURES + TEST_TEXTURES
_CLOUD_STRENGTH = 60  # of 255: largest distance of a background color from its gray
COLOR_VALUES = torch.tensor([
    [215.0, 45, 45], [45, 165, 60], [50, 80, 215], [225, 205, 45], [150, 60, 180], [50, 190, 200]
])  # of COLORS: their mean is gray, so that no sum of pixels reveals a position  # fmt: skip
# by shape: corners, outer radius and inner radius where the area is that of a circle of radius 1
_CORNERS = torch.tensor([1.0, 4.0, 3.0, 5.0])
_OUTER = torch.tensor([1.0, 1.2533, 1.5551, 1.5406])
_INNER = torch.tensor([1.0, 0.8862, 0.7776, 0.6933])


@dataclass(frozen=True)
class Outlines:
    """One outline in each of n pictures; every field is a tensor (n,).

    shape: index in SHAPES. x, y: its center. radius: of a circle of the same area, in pixels.
    angle: of rotation, in radians.
    """

    shape: Tensor
    x: Tensor
    y: Tensor
    radius: Tensor
    angle: Tensor

    def coverage(self, size: int) -> Tensor:
        """Return the coverage of each pixel, (n, size, size), in [0, 1]."""
        x, y = pixel_centers(size)
        right, down = x - _as_maps(self.x), y - _as_maps(self.y)
        distance_to_center = (right * right + down * down).sqrt()
        corner_angle = _as_maps(2 * torch.pi / _CORNERS[self.shape])  # between corners
        outer, inner = _OUTER[self.shape] * self.radius, _INNER[self.shape] * self.radius
        relative_angle = torch.atan2(down, right) - _as_maps(self.angle) + corner_angle / 2
        angle = (
            torch.remainder(relative_angle, corner_angle) - corner_angle / 2
        ).abs()  # to the next corner
        half_angle = corner_angle[:, 0, 0] / 2
        along, across = (
            inner * half_angle.cos() - outer,
            inner * half_angle.sin(),
        )  # edge from a corner inwards
        length = (along * along + across * across).sqrt()
        edge = (
            angle.cos()
            .mul_(distance_to_center)
            .sub_(_as_maps(outer))
            .mul_(_as_maps(across / length))
        )
        edge.sub_(angle.sin().mul_(distance_to_center).mul_(_as_maps(along / length)))
        is_round = _as_maps(self.shape == 0)
        distance = torch.where(is_round, distance_to_center - _as_maps(self.radius), edge)
        return (0.5 - distance).clamp_(0, 1)


def pixel_centers(size: int) -> tuple[Tensor, Tensor]:
    """Return x (1, size) and y (size, 1) of pixel centers."""
    middle = torch.arange(size) + 0.5
    return middle.view(1, size), middle.view(size, 1)


def stroke(start: Tensor, end: Tensor, width: Tensor, size: int) -> Tensor:
    """Return the coverage of each pixel by a line with round ends, (n, size, size), in [0, 1].

    start, end: (n, 2), x and y. width: (n,), in pixels.
    """
    x, y = pixel_centers(size)
    right, down = x - _as_maps(start[:, 0]), y - _as_maps(start[:, 1])
    along = end - start
    squared = (along * along).sum(1).clamp(min=1e-6)
    position = right * _as_maps(along[:, 0] / squared) + down * _as_maps(along[:, 1] / squared)
    position.clamp_(0, 1)
    right, down = right - position * _as_maps(along[:, 0]), down - position * _as_maps(along[:, 1])
    return (0.5 + _as_maps(width / 2) - (right * right + down * down).sqrt()).clamp_(0, 1)


def ellipse(middle: Tensor, radii: Tensor, angle: Tensor, size: int) -> Tensor:
    """Return the coverage of each pixel by an ellipse, (n, size, size), in [0, 1].

    middle: (n, 2). radii: (n, 2), along its own axes. angle: (n,), of rotation.
    """
    x, y = pixel_centers(size)
    right, down = x - _as_maps(middle[:, 0]), y - _as_maps(middle[:, 1])
    cos, sin = _as_maps(angle.cos()), _as_maps(angle.sin())
    first = (right * cos + down * sin) / _as_maps(radii[:, 0])
    second = (down * cos - right * sin) / _as_maps(radii[:, 1])
    radius = (first * first + second * second).sqrt()
    a, b = first / _as_maps(radii[:, 0]), second / _as_maps(radii[:, 1])
    gradient = (a * a + b * b).sqrt() / radius.clamp(min=1e-4)  # of `far` in a pixel
    return (0.5 - (radius - 1) / gradient.clamp(min=1e-4)).clamp_(0, 1)


def paint(picture: Tensor, cover: Tensor, color: Tensor) -> Tensor:
    """Return the picture (n, 3, h, w) blended with a color (n, 3) by coverage (n, h, w)."""
    return torch.lerp(picture, color[:, :, None, None], cover[:, None])


def textured_backgrounds(draws: Draws, size: int) -> tuple[Tensor, Tensor]:
    """Return backgrounds (n, 3, size, size), about 20 to 235 of 255, and their textures (n,).

    Clouds of pale colors, which hide sums of pixels, and a texture; test has other textures than
    train.
    """
    names = TEST_TEXTURES if draws.part == "test" else TRAIN_TEXTURES
    texture = draws.integers("texture", len(names)) + TEXTURES.index(names[0])
    relief = torch.empty(len(draws), size, size)
    waves = _Waves(draws, size)
    for number in texture.unique().tolist():
        rows = (texture == number).nonzero().flatten()
        relief[rows] = _TEXTURE_FUNCTIONS[number](waves, rows)
    strength = draws.between("strength of the texture", 4, 24)
    base = draws.between("ground", 105, 150, 1, 1, 1)
    clouds = base + draws.between("clouds", -_CLOUD_STRENGTH, _CLOUD_STRENGTH, 3, 3, 3)
    picture = functional.interpolate(clouds, size=(size, size), mode="bilinear")
    return picture.add_((relief * _as_maps(strength))[:, None]), texture


def apply_light(draws: Draws, picture: Tensor) -> Tensor:
    """Return pictures (n, 3, h, w), uint8, brighter on one side; gain and side are random."""
    x, y = pixel_centers(picture.shape[-1])
    angle = draws.between("side of the light", 0, 2 * torch.pi)
    gradient = draws.between("slope of the light", 0, 0.4) / picture.shape[-1]
    gain = draws.between("light", 0.85, 1.12)
    middle = picture.shape[-1] / 2
    light = (x - middle) * _as_maps(gradient * angle.cos()) + (y - middle) * _as_maps(
        gradient * angle.sin()
    )
    light = (light + 1) * _as_maps(gain)
    return (picture * light[:, None]).round_().clamp_(0, 255).byte()


class _Waves:
    """Coordinates along and across a random direction, in radians of a random wave."""

    def __init__(self, draws: Draws, size: int) -> None:
        x, y = pixel_centers(size)
        angle = draws.between("turn of the texture", 0, torch.pi)
        frequency = 2 * torch.pi / draws.between("length of the wave", 7, 18)
        shift = draws.between("shift of the texture", 0, 2 * torch.pi, 2)
        cos, sin = _as_maps(frequency * angle.cos()), _as_maps(frequency * angle.sin())
        self.along = x * cos + y * sin + _as_maps(shift[:, 0])
        self.across = y * cos - x * sin + _as_maps(shift[:, 1])
        self._draws, self._size = draws, size

    def noise(self, rows: Tensor) -> Tensor:
        """Return smooth noise, (len(rows), size, size), in [-1, 1]."""
        side = self._size // 4
        coarse = self._draws.between("speckle", -1, 1, 1, side, side)[rows]
        return functional.interpolate(coarse, scale_factor=4, mode="bilinear")[:, 0]

    def distance(self, rows: Tensor) -> Tensor:
        """Return the distance to a random center, in radians."""
        middle = self._draws.between("middle of the rings", -12, 12, 2)[rows]
        return torch.hypot(
            self.along[rows] - _as_maps(middle[:, 0]), self.across[rows] - _as_maps(middle[:, 1])
        )


_TEXTURE_FUNCTIONS: Sequence[Callable[[_Waves, Tensor], Tensor]] = (
    lambda waves, rows: waves.along[rows].sin(),  # as TEXTURES lists them
    lambda waves, rows: (3 * waves.along[rows].sin() * waves.across[rows].sin()).tanh(),
    lambda waves, rows: (waves.along[rows] + 1.5 * (0.7 * waves.across[rows]).sin()).sin(),
    lambda waves, rows: waves.noise(rows) * 1.5,
    lambda waves, rows: waves.distance(rows).sin(),
    lambda waves, rows: (waves.along[rows].sin() + waves.across[rows].sin()) / 1.4,
)


def _as_maps(values: Tensor) -> Tensor:
    """Return numbers (n,) as (n, 1, 1)."""
    return values.view(-1, 1, 1)
