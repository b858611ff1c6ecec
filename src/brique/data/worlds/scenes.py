"""Scenes: one to three colored shapes before a textured background, with their labels."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.dataset import Data, build
from brique.data.worlds import scene_texts
from brique.data.worlds.draws import Draws, generate, select_fields
from brique.data.worlds.rendering import (
    COLOR_VALUES,
    COLORS,
    SHAPES,
    SIZES,
    TEXTURES,
    Outlines,
    apply_light,
    paint,
    textured_backgrounds,
)
from brique.schema import Boxes, Category, Field, Mask, Picture, Tags, Text

SIZE, MAX_SHAPES = 64, 3  # pixels per side; shapes
PLACES = ("top left", "top right", "bottom left", "bottom right")
_LAYOUTS = 16  # per scene; the first without much overlap is used
_KINDS: dict[str, Field] = {
    "image": Picture((3, SIZE, SIZE)),
    "shape": Category(SHAPES),
    "color": Category(COLORS),
    "size": Category(SIZES),
    "place": Category(PLACES),
    "count": Category(scene_texts.COUNTS),
    "texture": Category(TEXTURES),
    "mask": Mask(("background", *SHAPES), (SIZE, SIZE)),
    "boxes": Boxes((SIZE, SIZE)),
    "classes": Tags(SHAPES),
    "depth": Picture((1, SIZE, SIZE)),
    "caption": Text(scene_texts.WORDS),
    "question": Text(scene_texts.WORDS),
    "answer": Category(scene_texts.ANSWERS),
}
_TARGETS = {
    name: ("image", "->", name)
    for name in ("shape", "color", "size", "place", "count", "mask", "depth", "caption")
} | {"boxes": ("image", "->", "boxes", "classes"), "answer": ("image", "question", "->", "answer")}


def scenes(n: int = 4000, *, target: str | None = "shape", seed: int = 0) -> Data:
    """Return scenes of 64 x 64 pixels: one to three colored shapes before a textured background.

    n: training examples; valid has a tenth as many, test a fifth.
    target: what to predict from the picture: "shape", "color", "size" (small, large) or "place"
        (a quarter of the picture) of the largest shape, "count" of shapes, "mask" (the shape that
        each pixel belongs to), "boxes" (round what is seen of each, with `classes`), "depth" (how
        near each pixel is, 0 for the background), "caption", or "answer" (to `question`). The data
        set then has the fields of that task alone; None keeps all, and none is a target.
    The largest shape has 1.9 times the area of any other at least. Shapes may hide one another
    in part; far ones are paler. Position, rotation, light and background colors are random.
    Test differs: its textures (rings, plaid) never occur in train or valid.
    Raises DataError for another target.
    """
    kinds, targets = select_fields("scenes", _KINDS, _TARGETS, target)
    return build(generate("scenes", _make_examples, kinds, n=n, seed=seed, targets=targets))


@dataclass(frozen=True)
class _Shapes:
    """The shapes of n scenes, the largest first; tensors (n, 3), where count (n,) of them exist."""

    count: Tensor
    shape: Tensor
    color: Tensor
    radius: Tensor
    x: Tensor
    y: Tensor
    closeness: Tensor
    is_large: Tensor  # (n,), whether the first is


def _make_examples(draws: Draws) -> dict[str, Values]:
    shapes = _random_shapes(draws)
    background, texture = textured_backgrounds(draws, SIZE)
    picture, owner = _paint_shapes(draws, shapes, background)
    exists = torch.arange(MAX_SHAPES) < shapes.count[:, None]
    offsets = functional.pad(shapes.count.cumsum(0), (1, 0))
    closeness = functional.pad(shapes.closeness, (1, 0))  # that of the background first
    classes = functional.pad(shapes.shape + 1, (1, 0))
    is_right, is_low = shapes.x[:, 0] > SIZE / 2, shapes.y[:, 0] > SIZE / 2
    texts = scene_texts.scene_texts(draws, _as_records(shapes), shapes.is_large.tolist())
    depth = (closeness.gather(1, owner.flatten(1)) * 255).round().byte()
    return {
        "image": apply_light(draws, picture),
        "shape": shapes.shape[:, 0],
        "color": shapes.color[:, 0],
        "size": shapes.is_large.long(),
        "place": 2 * is_low.long() + is_right.long(),
        "count": shapes.count - 1,
        "texture": texture,
        "mask": classes.gather(1, owner.flatten(1)).byte().view(-1, SIZE, SIZE),
        "boxes": Ragged(_boxes(owner, exists)[exists], offsets),
        "classes": Ragged(shapes.shape[exists], offsets),
        "depth": depth.view(-1, 1, SIZE, SIZE),
        **texts,
    }


def _random_shapes(draws: Draws) -> _Shapes:
    count = 1 + draws.integers("count", MAX_SHAPES)
    is_large = draws.uniform("size") < 0.5
    first = torch.where(is_large, draws.between("large", 11, 13), draws.between("small", 6.5, 8))
    others = first[:, None] * draws.between("others", 0.55, 0.72, MAX_SHAPES - 1)
    radius = torch.cat([first[:, None], others], 1)
    pairs = _distinct_triples(draws, len(COLORS) * len(SHAPES))
    x, y = _layout(draws, radius, count)
    closeness = draws.between("depth", 0.25, 1, MAX_SHAPES)
    shape, color = pairs % len(SHAPES), pairs // len(SHAPES)
    return _Shapes(count, shape, color, radius, x, y, closeness, is_large)


def _distinct_triples(draws: Draws, count: int) -> Tensor:
    """Return three different numbers below `count` for each scene, (n, 3), int64."""
    first = draws.integers("pair", count)
    second = draws.integers("second pair", count - 1)
    second = second + (second >= first)
    third = draws.integers("third pair", count - 2)
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    third = third + (third >= low)
    third = third + (third >= high)
    return torch.stack([first, second, third], 1)


def _layout(draws: Draws, radius: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Return x and y of each shape, (n, 3): the first layout where none hides much of another."""
    margin = 1.15 * radius[:, None, :, None] + 1
    positions = draws.uniform("layout", _LAYOUTS, MAX_SHAPES, 2)
    positions = margin + positions * (SIZE - 2 * margin)
    quadrant = draws.integers("place", 2, 2)[:, None] * 2 - 1  # of the largest: -1 or 1 for x and y
    max_distance = SIZE / 2 - margin[:, :, 0] - 3
    distance = 3 + max_distance * draws.uniform("place within", _LAYOUTS, 2)
    positions[:, :, 0] = SIZE / 2 + quadrant * distance
    exists = torch.arange(MAX_SHAPES) < count[:, None]
    min_gap = torch.full((len(draws), _LAYOUTS), torch.inf)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        gap = (positions[:, :, a] - positions[:, :, b]).norm(dim=-1)
        gap = gap - 1.2 * (radius[:, a] + radius[:, b])[:, None]
        min_gap = torch.where((exists[:, a] & exists[:, b])[:, None], min_gap.minimum(gap), min_gap)
    best = torch.where(min_gap >= 0, torch.inf, min_gap).argmax(
        1
    )  # the first good one, or the best
    chosen_positions = positions[torch.arange(len(draws)), best]
    return chosen_positions[..., 0], chosen_positions[..., 1]


def _paint_shapes(draws: Draws, shapes: _Shapes, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Return pictures (n, 3, SIZE, SIZE) and the shape of each pixel: 0, or 1 + its index."""
    n = len(draws)
    angle = draws.between("turn", 0, 2 * torch.pi, MAX_SHAPES)
    hue = COLOR_VALUES[shapes.color] + draws.between("hue", -14, 14, MAX_SHAPES, 3)
    haze = (0.4 * (1 - shapes.closeness))[..., None]
    hue = torch.lerp(hue, picture.mean((2, 3))[:, None], haze)
    owner = torch.zeros(n, SIZE, SIZE, dtype=torch.int64)
    rows = torch.arange(n)
    for shape_index in shapes.closeness.argsort(1).unbind(1):  # far ones first
        rows_with_shape = (shape_index < shapes.count).nonzero().flatten()
        indices = (rows[rows_with_shape], shape_index[rows_with_shape])
        shape = Outlines(
            shapes.shape[indices],
            shapes.x[indices],
            shapes.y[indices],
            shapes.radius[indices],
            angle[indices],
        )
        cover = shape.coverage(SIZE)
        picture[rows_with_shape] = paint(picture[rows_with_shape], cover, hue[indices])
        owner[rows_with_shape] = torch.where(
            cover >= 0.5, indices[1].view(-1, 1, 1) + 1, owner[rows_with_shape]
        )
    return picture, owner


def _boxes(owner: Tensor, exists: Tensor) -> Tensor:
    """Return x0, y0, x1, y1 round the pixels of each shape, (n, 3, 4), float32."""
    boxes = torch.zeros(*exists.shape, 4)
    for shape_index in range(MAX_SHAPES):
        is_shape = owner == shape_index + 1
        for axis, is_visible in ((0, is_shape.any(1)), (1, is_shape.any(2))):  # columns, rows
            is_visible = is_visible.byte()
            boxes[:, shape_index, axis] = is_visible.argmax(1).float()
            boxes[:, shape_index, axis + 2] = SIZE - is_visible.flip(1).argmax(1).float()
    return boxes


def _as_records(shapes: _Shapes) -> list[list[scene_texts.Shape]]:
    """Return the shapes of each scene in words."""
    color, shape = shapes.color.tolist(), shapes.shape.tolist()
    x, y, counts = shapes.x.tolist(), shapes.y.tolist(), shapes.count.tolist()
    return [
        [
            scene_texts.Shape(COLORS[color[i][j]], SHAPES[shape[i][j]], x[i][j], y[i][j])
            for j in range(count)
        ]
        for i, count in enumerate(counts)
    ]
