"""Scenes: one to three colored shapes before a textured background, and what is true of them."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from brique.data.batch import Values
from brique.data.parts import Data, build
from brique.data.ragged import Ragged
from brique.data.worlds import sayings
from brique.data.worlds.drawing import (
    COLORS,
    PIXELS,
    SHAPES,
    SIZES,
    TEXTURES,
    Outlines,
    lit,
    paint,
    textured,
)
from brique.data.worlds.draws import Draws, chosen, drawn
from brique.schema import Boxes, Category, Field, Mask, Picture, Tags, Text

SIZE, MOST = 64, 3  # pixels a side; shapes
PLACES = ("top left", "top right", "bottom left", "bottom right")
_LAYOUTS = 16  # drawn for each scene, of which the first without much overlap is taken
_KINDS: dict[str, Field] = {
    "image": Picture((3, SIZE, SIZE)),
    "shape": Category(SHAPES),
    "color": Category(COLORS),
    "size": Category(SIZES),
    "place": Category(PLACES),
    "count": Category(sayings.COUNTS),
    "texture": Category(TEXTURES),
    "mask": Mask(("background", *SHAPES), (SIZE, SIZE)),
    "boxes": Boxes((SIZE, SIZE)),
    "classes": Tags(SHAPES),
    "depth": Picture((1, SIZE, SIZE)),
    "caption": Text(sayings.WORDS),
    "question": Text(sayings.WORDS),
    "answer": Category(sayings.ANSWERS),
}
_TARGETS = {
    name: ("image", "->", name)
    for name in ("shape", "color", "size", "place", "count", "mask", "depth", "caption")
} | {"boxes": ("image", "->", "boxes", "classes"), "answer": ("image", "question", "->", "answer")}


def scenes(n: int = 4000, *, target: str | None = "shape", seed: int = 0) -> Data:
    """Return scenes of 64 x 64 pixels: one to three colored shapes before a textured background.

    n: training examples; valid has a tenth as many, test a fifth.
    target: what is to be told from the picture: "shape", "color", "size" (small, large) or "place"
        (a quarter of the picture) of the largest shape, "count" of shapes, "mask" (the shape that
        each pixel belongs to), "boxes" (round what is seen of each, with `classes`), "depth" (how
        near each pixel is, 0 for the background), "caption", or "answer" (to `question`). The data
        set then has the fields of that task alone; None keeps all, and none is a target.
    The largest shape has 1.9 times the area of any other at least. Shapes may hide one another
    in part; far ones are paler. Position, turn, light and the colors of the background are drawn.
    Test differs: its textures (rings, plaid) never come in train or valid.
    Raises DataError for a target that is none of these.
    """
    kinds, targets = chosen("scenes", _KINDS, _TARGETS, target)
    return build(drawn("scenes", _made, kinds, n=n, seed=seed, targets=targets))


@dataclass(frozen=True)
class _Shapes:
    """The shapes of n scenes, the largest first; tensors (n, 3), where count (n,) of them exist."""

    count: Tensor
    shape: Tensor
    color: Tensor
    radius: Tensor
    x: Tensor
    y: Tensor
    near: Tensor
    large: Tensor  # (n,), whether the first is


def _made(draws: Draws) -> dict[str, Values]:
    given = _shapes(draws)
    ground, texture = textured(draws, SIZE)
    picture, owner = _painted(draws, given, ground)
    exists = torch.arange(MOST) < given.count[:, None]
    offsets = functional.pad(given.count.cumsum(0), (1, 0))
    near = functional.pad(given.near, (1, 0))  # that of the background first
    classes = functional.pad(given.shape + 1, (1, 0))
    right, low = given.x[:, 0] > SIZE / 2, given.y[:, 0] > SIZE / 2
    said = sayings.said(draws, _listed(given), given.large.tolist())
    depth = (near.gather(1, owner.flatten(1)) * 255).round().byte()
    return {
        "image": lit(draws, picture),
        "shape": given.shape[:, 0],
        "color": given.color[:, 0],
        "size": given.large.long(),
        "place": 2 * low.long() + right.long(),
        "count": given.count - 1,
        "texture": texture,
        "mask": classes.gather(1, owner.flatten(1)).byte().view(-1, SIZE, SIZE),
        "boxes": Ragged(_boxes(owner, exists)[exists], offsets),
        "classes": Ragged(given.shape[exists], offsets),
        "depth": depth.view(-1, 1, SIZE, SIZE),
        **said,
    }


def _shapes(draws: Draws) -> _Shapes:
    count = 1 + draws.whole("count", MOST)
    large = draws.uniform("size") < 0.5
    first = torch.where(large, draws.between("large", 11, 13), draws.between("small", 6.5, 8))
    others = first[:, None] * draws.between("others", 0.55, 0.72, MOST - 1)
    radius = torch.cat([first[:, None], others], 1)
    pairs = _without_twins(draws, len(COLORS) * len(SHAPES))
    x, y = _layout(draws, radius, count)
    near = draws.between("depth", 0.25, 1, MOST)
    shape, color = pairs % len(SHAPES), pairs // len(SHAPES)
    return _Shapes(count, shape, color, radius, x, y, near, large)


def _without_twins(draws: Draws, pairs: int) -> Tensor:
    """Return three different numbers below `pairs` for each scene, (n, 3), int64."""
    first = draws.whole("pair", pairs)
    second = draws.whole("second pair", pairs - 1)
    second = second + (second >= first)
    third = draws.whole("third pair", pairs - 2)
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    third = third + (third >= low)
    third = third + (third >= high)
    return torch.stack([first, second, third], 1)


def _layout(draws: Draws, radius: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Return x and y of each shape, (n, 3): the first layout where none hides much of another."""
    margin = 1.15 * radius[:, None, :, None] + 1
    at = draws.uniform("layout", _LAYOUTS, MOST, 2)
    at = margin + at * (SIZE - 2 * margin)
    quarter = draws.whole("place", 2, 2)[:, None] * 2 - 1  # of the largest: -1 or 1 for x and y
    reach = SIZE / 2 - margin[:, :, 0] - 3
    away = 3 + reach * draws.uniform("place within", _LAYOUTS, 2)
    at[:, :, 0] = SIZE / 2 + quarter * away
    exists = torch.arange(MOST) < count[:, None]
    room = torch.full((len(draws), _LAYOUTS), torch.inf)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        gap = (at[:, :, a] - at[:, :, b]).norm(dim=-1)
        gap = gap - 1.2 * (radius[:, a] + radius[:, b])[:, None]
        room = torch.where((exists[:, a] & exists[:, b])[:, None], room.minimum(gap), room)
    best = torch.where(room >= 0, torch.inf, room).argmax(1)  # the first good one, or the best
    taken = at[torch.arange(len(draws)), best]
    return taken[..., 0], taken[..., 1]


def _painted(draws: Draws, given: _Shapes, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Return pictures (n, 3, SIZE, SIZE) and whose each pixel is: 0, or 1 + place of the shape."""
    n = len(draws)
    angle = draws.between("turn", 0, 2 * torch.pi, MOST)
    hue = PIXELS[given.color] + draws.between("hue", -14, 14, MOST, 3)
    haze = (0.4 * (1 - given.near))[..., None]
    hue = torch.lerp(hue, picture.mean((2, 3))[:, None], haze)
    owner = torch.zeros(n, SIZE, SIZE, dtype=torch.int64)
    rows = torch.arange(n)
    for who in given.near.argsort(1).unbind(1):  # far ones first
        there = (who < given.count).nonzero().flatten()
        at = (rows[there], who[there])
        shape = Outlines(given.shape[at], given.x[at], given.y[at], given.radius[at], angle[at])
        cover = shape.covered(SIZE)
        picture[there] = paint(picture[there], cover, hue[at])
        owner[there] = torch.where(cover >= 0.5, at[1].view(-1, 1, 1) + 1, owner[there])
    return picture, owner


def _boxes(owner: Tensor, exists: Tensor) -> Tensor:
    """Return x0, y0, x1, y1 round the pixels of each shape, (n, 3, 4), float32."""
    found = torch.zeros(*exists.shape, 4)
    for place in range(MOST):
        mine = owner == place + 1
        for axis, seen in ((0, mine.any(1)), (1, mine.any(2))):  # columns, rows
            seen = seen.byte()
            found[:, place, axis] = seen.argmax(1).float()
            found[:, place, axis + 2] = SIZE - seen.flip(1).argmax(1).float()
    return found


def _listed(given: _Shapes) -> list[list[sayings.Thing]]:
    """Return what can be said of the shapes of each scene."""
    color, shape = given.color.tolist(), given.shape.tolist()
    x, y, counts = given.x.tolist(), given.y.tolist(), given.count.tolist()
    return [
        [
            sayings.Thing(COLORS[color[i][j]], SHAPES[shape[i][j]], x[i][j], y[i][j])
            for j in range(count)
        ]
        for i, count in enumerate(counts)
    ]
