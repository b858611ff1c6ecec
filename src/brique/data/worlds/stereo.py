"""Stereo pairs: what two eyes see of textured layers, and how far pixels move between them."""

import torch
from torch import Tensor

from brique.data.batch import Values
from brique.data.parts import Data, build
from brique.data.worlds.drawing import SHAPES, Outlines
from brique.data.worlds.draws import Draws, chosen, drawn
from brique.schema import Field, Mask, Number, Picture

SIZE, FARTHEST, NEAREST = 64, 1.0, 10.0  # pixels a side; disparities in pixels
_LAYERS = 3  # the background and two shapes
_BROAD = SIZE + 16  # of a texture
_KINDS: dict[str, Field] = {
    "left": Picture((1, SIZE, SIZE)),
    "right": Picture((1, SIZE, SIZE)),
    "disparity": Number(shape=(SIZE, SIZE), unit="px"),
    "seen": Mask(("hidden", "seen"), (SIZE, SIZE)),
}
_TARGETS = {name: ("left", "right", "->", name) for name in ("disparity", "seen")}


def stereo(n: int = 1000, *, target: str | None = "disparity", seed: int = 0) -> Data:
    """Return pairs of grey pictures of 64 x 64 pixels, `left` and `right`, and their `disparity`.

    n: training examples; valid has a tenth as many, test a fifth.
    target: "disparity" (64, 64): what is at x in `left` is at x - disparity in `right`, 1 to 10
        pixels, not whole; or "seen", a mask of the pixels of `left` that `right` shows too. None
        keeps all fields, and none is a target.
    Two shapes float before a background, each with a texture of its own, the nearer one in front;
    `right` is a little brighter or darker.
    Test differs: its shapes are stars, those of train and valid are circles, squares and triangles.
    Raises DataError for another target.
    """
    kinds, targets = chosen("stereo", _KINDS, _TARGETS, target)
    return build(drawn("stereo", _made, kinds, n=n, seed=seed, targets=targets))


def _made(draws: Draws) -> dict[str, Values]:
    far = draws.between("background", FARTHEST, 3)
    near = draws.between("near", 0.2, 1, _LAYERS - 1).cumsum(1) / (_LAYERS - 1)  # in order
    disparity = torch.cat([far[:, None], far[:, None] + near * (NEAREST - far[:, None])], 1)
    textures = _textures(draws)
    left, of_left = _seen_by(draws, textures, torch.zeros_like(disparity))
    right, of_right = _seen_by(draws, textures, disparity)
    moved = disparity.gather(1, of_left.flatten(1)).view_as(left)
    there = (torch.arange(SIZE) - moved).round().long()
    found = of_right.gather(2, there.clamp(min=0))
    gain = draws.between("light", 0.88, 1.12)[:, None, None]
    return {
        "left": _bytes(left),
        "right": _bytes(right * gain),
        "disparity": moved,
        "seen": ((found == of_left) & (there >= 0)).byte(),
    }


def _textures(draws: Draws) -> Tensor:
    """Return grey textures, (n, layers, SIZE, _BROAD), 30 to 225 of 255, each about a grey."""
    half = (SIZE // 2, _BROAD // 2)
    coarse = draws.between("coarse", -1, 1, _LAYERS, *half)
    coarse = coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)
    fine = draws.between("fine", -1, 1, _LAYERS, SIZE, _BROAD)
    middle = draws.between("grey", 90, 165, _LAYERS, 1, 1)
    return middle + 40 * coarse + 20 * fine


def _seen_by(draws: Draws, textures: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Return what an eye sees, (n, SIZE, SIZE), and the layer that each pixel belongs to.

    shift: (n, layers), by how much each layer stands farther to the left.
    """
    new = draws.part == "test"
    count = _LAYERS - 1
    shape = torch.full((len(draws), count), SHAPES.index("star"))
    shape = shape if new else draws.whole("shape", SHAPES.index("star"), count)
    x, y = draws.between("x", 14, 54, count), draws.between("y", 10, 54, count)
    radius = draws.between("radius", 8, 15, count)
    angle = draws.between("turn", 0, 2 * torch.pi, count)
    offset = draws.uniform("offset", _LAYERS) + 2  # so that neither eye sees whole pixels
    picture = _shifted(textures[:, 0], shift[:, 0] + offset[:, 0])
    owner = torch.zeros(len(draws), SIZE, SIZE, dtype=torch.int64)
    for layer in range(count):
        moved = shift[:, layer + 1]
        outline = Outlines(
            shape[:, layer], x[:, layer] - moved, y[:, layer], radius[:, layer], angle[:, layer]
        )
        cover = outline.covered(SIZE)
        texture = _shifted(textures[:, layer + 1], moved + offset[:, layer + 1])
        picture = torch.lerp(picture, texture, cover)
        owner = torch.where(cover >= 0.5, layer + 1, owner)
    return picture, owner


def _shifted(texture: Tensor, by: Tensor) -> Tensor:
    """Return a texture (n, SIZE, _BROAD) read from `by` (n,) pixels on, (n, SIZE, SIZE)."""
    whole = by.floor()
    at = torch.arange(SIZE) + whole.long()[:, None]  # (n, SIZE)
    at = at[:, None].expand(-1, SIZE, -1)
    share = (by - whole).view(-1, 1, 1)
    return torch.lerp(texture.gather(2, at), texture.gather(2, at + 1), share)


def _bytes(picture: Tensor) -> Tensor:
    return picture.round().clamp(0, 255).byte()[:, None]
