"""Drawn faces with known factors: to classify, generate and disentangle."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.dataset import Data, build
from brique.data.worlds.draws import Draws, generate, select_fields
from brique.data.worlds.rendering import (
    TEXTURES,
    apply_light,
    ellipse,
    paint,
    stroke,
    textured_backgrounds,
)
from brique.schema import Category, Field, Number, Picture

SIZE = 64  # pixels a side
MOODS, GLASSES, HAIRS = ("sad", "happy"), ("no", "yes"), ("bald", "short", "long")
_SKINS = torch.tensor([[245.0, 214, 186], [222, 172, 128], [165, 110, 72], [96, 62, 44]])
_DYES = torch.tensor([[28.0, 24, 24], [98, 60, 30], [226, 190, 104], [176, 72, 32]])
_NUMBERS = ("smile", "eyes", "brows", "gaze", "tilt", "skin")
_KINDS: dict[str, Field] = (
    {"image": Picture((3, SIZE, SIZE)), "mood": Category(MOODS), "glasses": Category(GLASSES)}
    | {"hair": Category(HAIRS)}
    | {name: Number() for name in _NUMBERS}
    | {"texture": Category(TEXTURES)}
)
_TARGETS = {name: ("image", "->", name) for name in ("mood", "glasses", "hair", *_NUMBERS)}


def faces(n: int = 4000, *, target: str | None = "mood", seed: int = 0) -> Data:
    """Return drawn faces of 64 x 64 pixels and their factors.

    n: training examples; valid has a tenth as many, test a fifth.
    target: a class, "mood" (sad, happy), "glasses" (no, yes) or "hair" (bald, short, long), or a
        number: "smile" (-1 to 1; below -0.3 is sad, above 0.3 happy, nothing lies between), "eyes"
        (how open, 0.15 to 1), "brows" (-1 angry to 1 worried), "gaze" (-1 left to 1 right), "tilt"
        (-0.4 to 0.4 radians, clockwise), "skin" (0 light to 1 dark). The data set then has the
        picture and that field; None keeps all, and none is a target.
    All of these are drawn independently; so are place, size, color of the hair and light.
    Test differs: its background textures (rings, plaid) never occur in train or valid.
    Raises DataError for another target.
    """
    kinds, targets = select_fields("faces", _KINDS, _TARGETS, target)
    return build(generate("faces", _make_examples, kinds, n=n, seed=seed, targets=targets))


@dataclass(frozen=True)
class _Head:
    """Positions of the heads of n pictures; points and lengths in them are relative to half height.

    center: (n, 2), in pixels. scale, tilt: (n,).
    """

    center: Tensor
    scale: Tensor
    tilt: Tensor

    def point(self, x: Tensor | float, y: Tensor | float) -> Tensor:
        """Return a point of the head in the picture, (n, 2)."""
        cos, sin = self.tilt.cos(), self.tilt.sin()
        rotated = torch.stack([x * cos - y * sin, x * sin + y * cos], 1)
        return self.center + self.scale[:, None] * rotated

    def oval(self, x: Tensor | float, y: float, across: float, along: Tensor | float) -> Tensor:
        """Return the coverage of each pixel by an ellipse."""
        ones = torch.ones_like(self.scale)
        radii = torch.stack([across * ones, along * ones], 1) * self.scale[:, None]
        return ellipse(self.point(x, y), radii, self.tilt, SIZE)

    def line(self, points: Sequence[tuple[Tensor | float, Tensor | float]], width: float) -> Tensor:
        """Return the coverage of each pixel by a line through points."""
        ends = [self.point(x, y) for x, y in points]
        thick = (width * self.scale).clamp(min=1.2)
        covers = [stroke(a, b, thick, SIZE) for a, b in pairwise(ends)]
        return torch.stack(covers).amax(0)


def _make_examples(draws: Draws) -> dict[str, Values]:
    mood, glasses, hair = (
        draws.integers("mood", 2),
        draws.integers("glasses", 2),
        draws.integers("hair", 3),
    )
    strength = draws.between("smile", 0.3, 1)
    numbers = {
        "smile": torch.where(mood == 1, strength, -strength),
        "eyes": draws.between("eyes", 0.15, 1),
        "brows": draws.between("brows", -1, 1),
        "gaze": draws.between("gaze", -1, 1),
        "tilt": draws.between("tilt", -0.4, 0.4),
        "skin": draws.uniform("skin"),
    }
    scale = draws.between("scale", 17, 24)
    margin = SIZE / 2 - scale[:, None] * torch.tensor([0.95, 1.12]) - 1
    center = SIZE / 2 + margin * draws.between("place", -1, 1, 2)
    head = _Head(center, scale, numbers["tilt"])
    picture, texture = textured_backgrounds(draws, SIZE)
    skin = _mix_colors(_SKINS, numbers["skin"])
    dye = _DYES[draws.integers("dye", len(_DYES))] + draws.between("hue", -12, 12, 3)
    picture = _draw_head(picture, head, skin, dye, hair)
    picture = _draw_features(picture, head, numbers, skin)
    picture = _draw_glasses(draws, picture, head, glasses)
    classes = {"mood": mood, "glasses": glasses, "hair": hair, "texture": texture}
    return {"image": apply_light(draws, picture), **classes, **numbers}


def _draw_head(picture: Tensor, head: _Head, skin: Tensor, dye: Tensor, hair: Tensor) -> Tensor:
    """Return the picture with heads, their ears, noses and hair."""
    has_hair, is_long = (hair > 0).view(-1, 1, 1), (hair == 2).view(-1, 1, 1)
    picture = paint(picture, head.oval(0.0, 0.15, 0.95, 1.0) * is_long, dye)
    for side in (-0.76, 0.76):
        picture = paint(picture, head.oval(side, 0.0, 0.12, 0.2) * ~is_long, skin * 0.93)
    face = head.oval(0.0, 0.0, 0.76, 1.0)
    picture = paint(picture, face, skin)
    hair_cover = head.oval(0.0, -0.08, 0.82, 1.02) * (1 - head.oval(0.0, 0.45, 0.85, 1.0))
    picture = paint(picture, hair_cover * has_hair, dye)
    return paint(picture, head.line([(0.0, 0.02), (0.06, 0.24), (-0.04, 0.25)], 0.05), skin * 0.7)


def _draw_features(
    picture: Tensor, head: _Head, numbers: dict[str, Tensor], skin: Tensor
) -> Tensor:
    """Return the picture with eyes, brows and mouths."""
    white, black = torch.full_like(skin, 248), torch.full_like(skin, 15)
    for side in (-1, 1):
        eye = head.oval(0.32 * side, -0.05, 0.17, 0.15 * numbers["eyes"])
        picture = paint(picture, eye, white)
        pupil = head.oval(0.32 * side + 0.09 * numbers["gaze"], -0.05, 0.075, 0.09)
        picture = paint(picture, pupil * eye, black)
        brow_tilt = 0.09 * numbers["brows"]
        ends = [(0.17 * side, -0.32 - brow_tilt), (0.46 * side, -0.32 + brow_tilt)]
        picture = paint(picture, head.line(ends, 0.07), skin * 0.3)
    across = torch.linspace(-1, 1, 7).tolist()
    curve = [(0.33 * x, 0.55 + 0.2 * numbers["smile"] * (0.5 - x * x)) for x in across]
    lips = torch.lerp(skin, torch.tensor([170.0, 30, 45]), 0.75)
    return paint(picture, head.line(curve, 0.09), lips)


def _draw_glasses(draws: Draws, picture: Tensor, head: _Head, glasses: Tensor) -> Tensor:
    """Return the picture with glasses, dark or bright, where they are worn."""
    cover = head.line([(-0.12, -0.08), (0.12, -0.08)], 0.06)
    for side in (-0.34, 0.34):
        ring = head.oval(side, -0.05, 0.27, 0.25) - head.oval(side, -0.05, 0.2, 0.18)
        cover = torch.maximum(cover, ring)
    shade = draws.between("frame", 0, 30, 3)
    frame = torch.where(draws.uniform("bright frame", 1) < 0.5, shade, 250 - shade)
    return paint(picture, cover * glasses.view(-1, 1, 1), frame)


def _mix_colors(colors: Tensor, fraction: Tensor) -> Tensor:
    """Return colors (n, 3), interpolated at positions (n,) in [0, 1] of a list."""
    position = fraction * (len(colors) - 1)
    first = position.long().clamp(max=len(colors) - 2)
    return torch.lerp(colors[first], colors[first + 1], (position - first)[:, None])
