"""How worlds are drawn: outlines, strokes, textured backgrounds and light, many pictures at once.

Edges are anti-aliased: how much of a pixel an outline covers is told from the signed distance of
the pixel's middle to the edge. Coordinates are in pixels, x to the right and y down; the middle of
the first pixel is (0.5, 0.5).
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
SEEN_TEXTURES = ("stripes", "checks", "waves", "speckle")  # of train and valid
NEW_TEXTURES = ("rings", "plaid")  # of test
TEXTURES = SEEN_TEXTURES + NEW_TEXTURES
_CLOUDS = 60  # of 255: how far a color of the background lies from its grey at most
PIXELS = torch.tensor([
    [215.0, 45, 45], [45, 165, 60], [50, 80, 215], [225, 205, 45], [150, 60, 180], [50, 190, 200]
])  # of COLORS: their mean is grey, so that no sum of pixels tells where something is  # fmt: skip
# by shape: corners, outer radius and inner radius where the area is that of a circle of radius 1
_CORNERS = torch.tensor([1.0, 4.0, 3.0, 5.0])
_OUTER = torch.tensor([1.0, 1.2533, 1.5551, 1.5406])
_INNER = torch.tensor([1.0, 0.8862, 0.7776, 0.6933])


@dataclass(frozen=True)
class Outlines:
    """One outline in each of n pictures; every field is a tensor (n,).

    shape: place in SHAPES. x, y: its middle. radius: that of a circle of the same area, in pixels.
    angle: by which it is turned, in radians.
    """

    shape: Tensor
    x: Tensor
    y: Tensor
    radius: Tensor
    angle: Tensor

    def covered(self, size: int) -> Tensor:
        """Return how much of each pixel lies within, (n, size, size), in [0, 1]."""
        x, y = places(size)
        right, down = x - _wide(self.x), y - _wide(self.y)
        far = (right * right + down * down).sqrt()
        step = _wide(2 * torch.pi / _CORNERS[self.shape])  # between corners
        outer, inner = _OUTER[self.shape] * self.radius, _INNER[self.shape] * self.radius
        turned = torch.atan2(down, right) - _wide(self.angle) + step / 2
        angle = (torch.remainder(turned, step) - step / 2).abs()  # to the next corner
        half = step[:, 0, 0] / 2
        along, across = inner * half.cos() - outer, inner * half.sin()  # edge from a corner inwards
        length = (along * along + across * across).sqrt()
        edge = angle.cos().mul_(far).sub_(_wide(outer)).mul_(_wide(across / length))
        edge.sub_(angle.sin().mul_(far).mul_(_wide(along / length)))
        is_round = _wide(self.shape == 0)
        distance = torch.where(is_round, far - _wide(self.radius), edge)
        return (0.5 - distance).clamp_(0, 1)


def places(size: int) -> tuple[Tensor, Tensor]:
    """Return x (1, size) and y (size, 1) of the middles of pixels."""
    middle = torch.arange(size) + 0.5
    return middle.view(1, size), middle.view(size, 1)


def stroke(start: Tensor, end: Tensor, width: Tensor, size: int) -> Tensor:
    """Return how much of each pixel a line with round ends covers, (n, size, size), in [0, 1].

    start, end: (n, 2), x and y. width: (n,), in pixels.
    """
    x, y = places(size)
    right, down = x - _wide(start[:, 0]), y - _wide(start[:, 1])
    along = end - start
    squared = (along * along).sum(1).clamp(min=1e-6)
    share = right * _wide(along[:, 0] / squared) + down * _wide(along[:, 1] / squared)
    share.clamp_(0, 1)
    right, down = right - share * _wide(along[:, 0]), down - share * _wide(along[:, 1])
    return (0.5 + _wide(width / 2) - (right * right + down * down).sqrt()).clamp_(0, 1)


def ellipse(middle: Tensor, radii: Tensor, angle: Tensor, size: int) -> Tensor:
    """Return how much of each pixel an ellipse covers, (n, size, size), in [0, 1].

    middle: (n, 2). radii: (n, 2), along its own axes. angle: (n,), by which these are turned.
    """
    x, y = places(size)
    right, down = x - _wide(middle[:, 0]), y - _wide(middle[:, 1])
    cos, sin = _wide(angle.cos()), _wide(angle.sin())
    first = (right * cos + down * sin) / _wide(radii[:, 0])
    second = (down * cos - right * sin) / _wide(radii[:, 1])
    far = (first * first + second * second).sqrt()
    a, b = first / _wide(radii[:, 0]), second / _wide(radii[:, 1])
    steep = (a * a + b * b).sqrt() / far.clamp(min=1e-4)  # of `far` in a pixel
    return (0.5 - (far - 1) / steep.clamp(min=1e-4)).clamp_(0, 1)


def paint(picture: Tensor, cover: Tensor, color: Tensor) -> Tensor:
    """Return the picture (n, 3, h, w) with a color (n, 3) laid over where covered (n, h, w)."""
    return torch.lerp(picture, color[:, :, None, None], cover[:, None])


def textured(draws: Draws, size: int) -> tuple[Tensor, Tensor]:
    """Return backgrounds (n, 3, size, size), about 20 to 235 of 255, and their textures (n,).

    Clouds of pale colors, under which sums of pixels drown, and a texture: that of test is never
    one of train.
    """
    names = NEW_TEXTURES if draws.part == "test" else SEEN_TEXTURES
    kind = draws.whole("texture", len(names)) + TEXTURES.index(names[0])
    relief = torch.empty(len(draws), size, size)
    waves = _Waves(draws, size)
    for number in kind.unique().tolist():
        rows = (kind == number).nonzero().flatten()
        relief[rows] = _MADE[number](waves, rows)
    strength = draws.between("strength of the texture", 4, 24)
    base = draws.between("ground", 105, 150, 1, 1, 1)
    clouds = base + draws.between("clouds", -_CLOUDS, _CLOUDS, 3, 3, 3)
    picture = functional.interpolate(clouds, size=(size, size), mode="bilinear")
    return picture.add_((relief * _wide(strength))[:, None]), kind


def lit(draws: Draws, picture: Tensor) -> Tensor:
    """Return pictures (n, 3, h, w), uint8, brighter on one side; gain and side are drawn."""
    x, y = places(picture.shape[-1])
    angle = draws.between("side of the light", 0, 2 * torch.pi)
    slope = draws.between("slope of the light", 0, 0.4) / picture.shape[-1]
    gain = draws.between("light", 0.85, 1.12)
    middle = picture.shape[-1] / 2
    light = (x - middle) * _wide(slope * angle.cos()) + (y - middle) * _wide(slope * angle.sin())
    light = (light + 1) * _wide(gain)
    return (picture * light[:, None]).round_().clamp_(0, 255).byte()


class _Waves:
    """Coordinates along and across a drawn direction, in radians of a drawn wave."""

    def __init__(self, draws: Draws, size: int) -> None:
        x, y = places(size)
        angle = draws.between("turn of the texture", 0, torch.pi)
        often = 2 * torch.pi / draws.between("length of the wave", 7, 18)
        shift = draws.between("shift of the texture", 0, 2 * torch.pi, 2)
        cos, sin = _wide(often * angle.cos()), _wide(often * angle.sin())
        self.along = x * cos + y * sin + _wide(shift[:, 0])
        self.across = y * cos - x * sin + _wide(shift[:, 1])
        self._draws, self._size = draws, size

    def noise(self, rows: Tensor) -> Tensor:
        """Return smooth noise, (len(rows), size, size), in [-1, 1]."""
        side = self._size // 4
        coarse = self._draws.between("speckle", -1, 1, 1, side, side)[rows]
        return functional.interpolate(coarse, scale_factor=4, mode="bilinear")[:, 0]

    def far(self, rows: Tensor) -> Tensor:
        """Return the distance to a drawn middle, in radians."""
        middle = self._draws.between("middle of the rings", -12, 12, 2)[rows]
        return torch.hypot(
            self.along[rows] - _wide(middle[:, 0]), self.across[rows] - _wide(middle[:, 1])
        )


_MADE: Sequence[Callable[[_Waves, Tensor], Tensor]] = (
    lambda waves, rows: waves.along[rows].sin(),  # as TEXTURES lists them
    lambda waves, rows: (3 * waves.along[rows].sin() * waves.across[rows].sin()).tanh(),
    lambda waves, rows: (waves.along[rows] + 1.5 * (0.7 * waves.across[rows]).sin()).sin(),
    lambda waves, rows: waves.noise(rows) * 1.5,
    lambda waves, rows: waves.far(rows).sin(),
    lambda waves, rows: (waves.along[rows].sin() + waves.across[rows].sin()) / 1.4,
)


def _wide(values: Tensor) -> Tensor:
    """Return numbers (n,) as (n, 1, 1)."""
    return values.view(-1, 1, 1)
