"""Stick figures before a textured background, with the positions of their joints."""

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

SIZE = 64  # pixels per side
JOINTS = (
    *("head", "neck", "hip", "left elbow", "left hand", "right elbow", "right hand"),
    *("left knee", "left foot", "right knee", "right foot"),
)
BONES = (  # (from, to), indices in JOINTS
    *((0, 1), (1, 2), (1, 3), (3, 4), (1, 5), (5, 6), (2, 7), (7, 8), (2, 9), (9, 10)),
)
_KINDS: dict[str, Field] = {
    "image": Picture((3, SIZE, SIZE)),
    "joints": Number(shape=(len(JOINTS), 2), unit="px"),
    "texture": Category(TEXTURES),
}
_LEFT, _RIGHT = torch.tensor([225.0, 130, 30]), torch.tensor([40.0, 110, 215])


def figures(n: int = 4000, *, target: str | None = "joints", seed: int = 0) -> Data:
    """Return stick figures of 64 x 64 pixels and their `joints` (11, 2): x and y in pixels.

    n: training examples; valid has a tenth as many, test a fifth.
    target: "joints"; or None, which keeps the background's `texture` too and has no target.
    `worlds.JOINTS` names the joints, `worlds.BONES` lists which are joined. Left limbs are
    orange, right ones blue; body and head have one random shade of gray. Place, scale, lean and all
    limbs are random; every joint lies in the picture.
    Test differs: its textures (rings, plaid) never occur in train or valid.
    Raises DataError for another target.
    """
    kinds, targets = select_fields("figures", _KINDS, {"joints": ("image", "->", "joints")}, target)
    return build(generate("figures", _make_examples, kinds, n=n, seed=seed, targets=targets))


def _make_examples(draws: Draws) -> dict[str, Values]:
    joints, scale = _random_poses(draws)
    picture, texture = textured_backgrounds(draws, SIZE)
    left, right = (
        hue + draws.between(f"hue of {side}", -15, 15, 3)
        for side, hue in (("left", _LEFT), ("right", _RIGHT))
    )
    is_bright = draws.uniform("body") < 0.5
    shade = torch.where(is_bright, draws.between("bright", 215, 250), draws.between("dark", 5, 40))
    body = shade[:, None].expand(-1, 3)
    width = 0.06 * scale
    for start, end in BONES[1:]:
        color = body if end == 2 else left if JOINTS[end].startswith("left") else right
        cover = stroke(joints[:, start], joints[:, end], width, SIZE)
        picture = paint(picture, cover, color)
    radii = (0.085 * scale)[:, None].expand(-1, 2)
    picture = paint(picture, ellipse(joints[:, 0], radii, torch.zeros_like(scale), SIZE), body)
    return {"image": apply_light(draws, picture), "joints": joints, "texture": texture}


def _random_poses(draws: Draws) -> tuple[Tensor, Tensor]:
    """Return joints (n, 11, 2) and heights (n,), in pixels."""
    scale = draws.between("scale", 34, 50)
    lean = draws.between("lean", -0.45, 0.45)
    joints = torch.zeros(len(draws), len(JOINTS), 2)
    joints[:, 2] = _limb_end(lean + torch.pi, -0.3)  # from the neck, at (0, 0)
    joints[:, 0] = _limb_end(lean + torch.pi + draws.between("nod", -0.4, 0.4), 0.14)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        for start, parts, limits in (
            ("neck", ("elbow", "hand"), ((0.2, 2.8), (-0.3, 2.0))),
            ("hip", ("knee", "foot"), ((0.05, 1.0), (-1.2, 0.2))),
        ):
            length = 0.17 if start == "neck" else 0.21
            position, angle = joints[:, JOINTS.index(start)], lean
            for part, (low, high) in zip(parts, limits, strict=True):
                angle = angle + sign * draws.between(f"{side} {part}", low, high)
                position = position + _limb_end(angle, length)
                joints[:, JOINTS.index(f"{side} {part}")] = position
    joints *= scale[:, None, None]
    margin = 0.1 * scale[:, None] + 1
    low, high = margin - joints.amin(1), SIZE - margin - joints.amax(1)
    shift = low + (high - low) * draws.uniform("place", 2)
    return joints + shift[:, None], scale


def _limb_end(angle: Tensor, length: float) -> Tensor:
    """Return the end of a hanging limb, rotated to the right by an angle, (n, 2)."""
    return length * torch.stack([angle.sin(), angle.cos()], 1)
