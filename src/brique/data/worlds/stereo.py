"""Stereo pairs: two views of textured layers, and their disparity."""

import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.dataset import Data, build
from brique.data.worlds.draws import Draws, generate, select_fields
from brique.data.worlds.rendering import SHAPES, Outlines
from brique.schema import Field, Mask, Number, Picture

SIZE, FARTHEST, NEAREST = 64, 1.0, 10.0  # pixels per side; disparities in pixels
_LAYERS = 3  # the background and two shapes
_TEXTURE_WIDTH = SIZE + 16  # of a texture
_KINDS: dict[str, Field] = {
    "left": Picture((1, SIZE, SIZE)),
    "right": Picture((1, SIZE, SIZE)),
    "disparity": Number(shape=(SIZE, SIZE), unit="px"),
    "seen": Mask(("hidden", "seen"), (SIZE, SIZE)),
}
_TARGETS = {name: ("left", "right", "->", name) for name in ("disparity", "seen")}


def stereo(n: int = 1000, *, target: str | None = "disparity", seed: int = 0) -> Data:
    """Return pairs of gray pictures of 64 x 64 pixels, `left` and `right`, and their `disparity`.

    n: training examples; valid has a tenth as many, test a fifth.
    target: "disparity" (64, 64): what is at x in `left` is at x - disparity in `right`, 1 to 10
        pixels, not whole; or "seen", a mask of the pixels of `left` that `right` shows too. None
        keeps all fields, and none is a target.
    Two shapes float before a background, each with a texture of its own, the nearer one in front;
    `right` is a little brighter or darker.
    Test differs: its shapes are stars, those of train and valid are circles, squares and triangles.
    Raises DataError for another target.
    """
    kinds, targets = select_fields("stereo", _KINDS, _TARGETS, target)
    return build(generate("stereo", _make_examples, kinds, n=n, seed=seed, targets=targets))


def _make_examples(draws: Draws) -> dict[str, Values]:
    background_disparity = draws.between("background", FARTHEST, 3)
    layer_closeness = draws.between("near", 0.2, 1, _LAYERS - 1).cumsum(1) / (
        _LAYERS - 1
    )  # in order
    disparity = torch.cat(
        [
            background_disparity[:, None],
            background_disparity[:, None]
            + layer_closeness * (NEAREST - background_disparity[:, None]),
        ],
        1,
    )
    textures = _textures(draws)
    left, left_owner = _render_view(draws, textures, torch.zeros_like(disparity))
    right, right_owner = _render_view(draws, textures, disparity)
    left_disparity = disparity.gather(1, left_owner.flatten(1)).view_as(left)
    right_column = (torch.arange(SIZE) - left_disparity).round().long()
    right_layer = right_owner.gather(2, right_column.clamp(min=0))
    gain = draws.between("light", 0.88, 1.12)[:, None, None]
    return {
        "left": _to_bytes(left),
        "right": _to_bytes(right * gain),
        "disparity": left_disparity,
        "seen": ((right_layer == left_owner) & (right_column >= 0)).byte(),
    }


def _textures(draws: Draws) -> Tensor:
    """Return gray textures (n, layers, SIZE, _BROAD), 30 to 225 of 255, each around a gray."""
    half = (SIZE // 2, _TEXTURE_WIDTH // 2)
    coarse = draws.between("coarse", -1, 1, _LAYERS, *half)
    coarse = coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)
    fine = draws.between("fine", -1, 1, _LAYERS, SIZE, _TEXTURE_WIDTH)
    grey = draws.between("grey", 90, 165, _LAYERS, 1, 1)
    return grey + 40 * coarse + 20 * fine


def _render_view(draws: Draws, textures: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Return one view (n, SIZE, SIZE), and the layer of each pixel.

    shift: (n, layers), of each layer to the left.
    """
    is_test = draws.part == "test"
    count = _LAYERS - 1
    shape = torch.full((len(draws), count), SHAPES.index("star"))
    shape = shape if is_test else draws.integers("shape", SHAPES.index("star"), count)
    x, y = draws.between("x", 14, 54, count), draws.between("y", 10, 54, count)
    radius = draws.between("radius", 8, 15, count)
    angle = draws.between("turn", 0, 2 * torch.pi, count)
    offset = draws.uniform("offset", _LAYERS) + 2  # so that neither view has whole-pixel shifts
    picture = _shift(textures[:, 0], shift[:, 0] + offset[:, 0])
    owner = torch.zeros(len(draws), SIZE, SIZE, dtype=torch.int64)
    for layer in range(count):
        layer_shift = shift[:, layer + 1]
        outline = Outlines(
            shape[:, layer],
            x[:, layer] - layer_shift,
            y[:, layer],
            radius[:, layer],
            angle[:, layer],
        )
        cover = outline.coverage(SIZE)
        texture = _shift(textures[:, layer + 1], layer_shift + offset[:, layer + 1])
        picture = torch.lerp(picture, texture, cover)
        owner = torch.where(cover >= 0.5, layer + 1, owner)
    return picture, owner


def _shift(texture: Tensor, offset: Tensor) -> Tensor:
    """Return a texture (n, SIZE, _BROAD) from `offset` (n,) pixels on, (n, SIZE, SIZE)."""
    whole_pixels = offset.floor()
    columns = torch.arange(SIZE) + whole_pixels.long()[:, None]  # (n, SIZE)
    columns = columns[:, None].expand(-1, SIZE, -1)
    fraction = (offset - whole_pixels).view(-1, 1, 1)
    return torch.lerp(texture.gather(2, columns), texture.gather(2, columns + 1), fraction)


def _to_bytes(picture: Tensor) -> Tensor:
    return picture.round().clamp(0, 255).byte()[:, None]
