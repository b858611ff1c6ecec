"""Points of the plane in classes that are not linearly separable."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.dataset import Data, build
from brique.data.worlds.draws import Draws, generate
from brique.errors import DataError, did_you_mean
from brique.schema import Category, Field, Number

Points = Literal["moons", "circles", "spirals", "xor", "blobs", "checkerboard"]
_CELLS = 10


def points(kind: Points = "moons", n: int = 1000, *, noise: float = 0.1, seed: int = 0) -> Data:
    """Return points of the plane, `x` (2,), and their class, `label`.

    kind: "moons" (two half circles), "circles" (one in the other), "spirals" (two, of one and a
        half turns), "xor" (four quarters, two classes), "blobs" (three), "checkerboard" (4 x 4).
    n: training points; valid has a tenth as many, test a fifth.
    noise: standard deviation, added to both coordinates; the sets are about 2 wide.
    Test differs: the position of a point on its curve (in xor and checkerboard, its first
    coordinate before noise) comes from intervals that train and valid never use.
    Raises DataError for an unknown kind, noise below 0 or n below 1.
    """
    if kind not in _KINDS:
        raise DataError(
            f"points: no kind '{kind}' among {', '.join(_KINDS)}; choose one"
            f"{did_you_mean(kind, _KINDS)}"
        )
    if not noise >= 0:
        raise DataError(f"points: noise must be 0 or more, got {noise}; pass a standard deviation")
    classes = ("a", "b", "c") if kind == "blobs" else ("a", "b")
    kinds: dict[str, Field] = {"x": Number(shape=(2,)), "label": Category(classes)}
    make = partial(_make_examples, kind=kind, noise=noise)
    source = generate(f"points {kind}", make, kinds, n=n, seed=seed, targets=("label",))
    return build(source)


def _make_examples(draws: Draws, kind: str, noise: float) -> dict[str, Values]:
    curve_position = draws.part_uniform("along", _CELLS)
    first, second, label = _KINDS[kind](draws, curve_position)
    noiseless = torch.stack([first, second], 1)
    return {"x": noiseless + noise * draws.normal("noise", 2), "label": label}


def _moons(draws: Draws, curve_position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    label, angle = draws.integers("label", 2), torch.pi * curve_position
    side = 1.0 - 2 * label
    return side * angle.cos() + label - 0.5, side * angle.sin() + 0.5 * label - 0.25, label


def _circles(draws: Draws, curve_position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    label, angle = draws.integers("label", 2), 2 * torch.pi * curve_position
    radius = 1 - 0.5 * label
    return radius * angle.cos(), radius * angle.sin(), label


def _spirals(draws: Draws, curve_position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    label, length = draws.integers("label", 2), curve_position.sqrt()  # as dense at both ends
    angle = torch.pi * (3 * length + label)
    return length * angle.cos(), length * angle.sin(), label


def _xor(draws: Draws, curve_position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    first, second = 2 * curve_position - 1, draws.between("across", -1, 1)
    return first, second, (first * second < 0).long()


def _checkerboard(draws: Draws, curve_position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    first, second = 2 * curve_position - 1, draws.between("across", -1, 1)
    return first, second, ((2 * first).floor() + (2 * second).floor()).long() % 2


def _blobs(draws: Draws, curve_position: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    label, angle = draws.integers("label", 3), 2 * torch.pi * curve_position
    radius = 0.2 * (-2 * torch.log1p(-draws.uniform("far"))).sqrt()
    center_angle = 2 * torch.pi * (label / 3 + 0.25)
    return (
        0.7 * center_angle.cos() + radius * angle.cos(),
        0.7 * center_angle.sin() + radius * angle.sin(),
        label,
    )


_KINDS: dict[str, Callable[[Draws, Tensor], tuple[Tensor, Tensor, Tensor]]] = {
    "moons": _moons,
    "circles": _circles,
    "spirals": _spirals,
    "xor": _xor,
    "blobs": _blobs,
    "checkerboard": _checkerboard,
}
