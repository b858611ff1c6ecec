"""Throws: a ball that flies, falls and bounces, as frames and as positions."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.dataset import Data, build
from brique.data.worlds.draws import Draws, generate, select_fields
from brique.data.worlds.rendering import ellipse
from brique.errors import DataError
from brique.schema import Field, Number

SIZE = 32  # pixels per side
SHORTEST, LONGEST = 10, 20  # frames of throws whose length varies
_STEPS_PER_FRAME = 8  # simulation steps per frame


def throws(
    n: int = 1000, *, length: int | None = 16, target: str | None = None, seed: int = 0
) -> Data:
    """Return throws of a ball: `frames` (T, 1, 32, 32) in [0, 1], and its `path` (T, 2) in pixels.

    n: training examples; valid has a tenth as many, test a fifth.
    length: T, frames of each; None draws 10 to 20, and frames and path are Ragged.
    target: "gravity" (pixels per squared frame) or "bounce" (share of its speed that the ball keeps
        at the floor and at the walls), predicted from the frames; None, to forecast frames from
        earlier ones, keeps all fields and has no target.
    y points down from the top edge. Start, speed, angle and radius are random.
    Test differs: its throw angles lie in narrow intervals that train and valid never use.
    Raises DataError for a length below 2 or another target.
    """
    if length is not None and length < 2:
        raise DataError(f"throws: length must be 2 or more, got {length}; pass how many frames")
    varies = length is None
    leading_shape = () if varies else (length,)
    kinds: dict[str, Field] = {
        "frames": Number(shape=(*leading_shape, 1, SIZE, SIZE), is_sequence=varies),
        "path": Number(shape=(*leading_shape, 2), is_sequence=varies, unit="px"),
        "gravity": Number(unit="px per squared frame"),
        "bounce": Number(),
    }
    targets = {name: ("frames", "->", name) for name in ("gravity", "bounce")}
    used_kinds, target_names = select_fields("throws", kinds, targets, target)
    make = partial(_make_examples, length=length)
    return build(generate("throws", make, used_kinds, n=n, seed=seed, targets=target_names))


def _make_examples(draws: Draws, length: int | None) -> dict[str, Values]:
    gravity, bounce = draws.between("gravity", 0.25, 0.7), draws.between("bounce", 0.5, 0.95)
    radius = draws.between("radius", 2, 3.2)
    path = _simulate(draws, length or LONGEST, gravity, bounce, radius)  # (n, T, 2)
    lengths = SHORTEST + draws.integers("length", LONGEST - SHORTEST + 1)
    values: dict[str, Values] = {"gravity": gravity, "bounce": bounce}
    if length is not None:
        radii = radius[:, None].expand(-1, length).flatten()
        frames = _frames(path.flatten(0, 1), radii)
        return values | {"path": path, "frames": frames.unflatten(0, path.shape[:2])}
    exists = torch.arange(LONGEST) < lengths[:, None]
    offsets = functional.pad(lengths.cumsum(0), (1, 0))
    radii = radius.repeat_interleave(lengths)
    frames = Ragged(_frames(path[exists], radii), offsets)
    return values | {"path": Ragged(path[exists], offsets), "frames": frames}


def _frames(path: Tensor, radius: Tensor) -> Tensor:
    """Return a ball at each of F places (F, 2), (F, 1, SIZE, SIZE), in [0, 1]."""
    radii = radius[:, None].expand(-1, 2)
    return ellipse(path, radii, torch.zeros_like(radius), SIZE)[:, None]


def _simulate(draws: Draws, length: int, gravity: Tensor, bounce: Tensor, radius: Tensor) -> Tensor:
    """Return where balls are at each of `length` frames, (n, length, 2)."""
    angle = torch.pi * (1 + draws.part_uniform("angle", 5))  # upwards, from left to right
    speed = draws.between("speed", 1.2, 3.2)
    low, high = radius, SIZE - radius
    position = torch.stack([draws.between("x", 6, 26), draws.between("y", 10, 26)], 1)
    velocity = speed[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    path = [position]
    for _ in range((length - 1) * _STEPS_PER_FRAME):
        velocity = velocity + torch.stack(
            [torch.zeros_like(gravity), gravity / _STEPS_PER_FRAME], 1
        )
        position = position + velocity / _STEPS_PER_FRAME
        is_out = ((position < low[:, None]) & (velocity < 0)) | (
            (position > high[:, None]) & (velocity > 0)
        )
        velocity = torch.where(is_out, -bounce[:, None] * velocity, velocity)
        position = position.clamp(low[:, None], high[:, None])
        path.append(position)
    return torch.stack(path[::_STEPS_PER_FRAME], 1)
