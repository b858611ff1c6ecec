"""Samples: whether two are drawn alike, shapes of the plane to draw from, a few of each class."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Batch, Split
from brique.draw import Panel
from brique.errors import ShapeError

Shape = Callable[[Tensor], Tensor]  # normal noise (N, D) -> points of the plane, or codes

_AT_ONCE = 500  # points whose distances from all others are held at once
_ENDS = (-4.0, 4.0)  # of both axes
_COLORS = (0, 1, 2, None, 4, 5, 6)  # by class; ink for the yellow, which is hard to see in dots


def nearest_neighbor_test(first: Tensor, second: Tensor) -> float:
    """Return how often the nearest of all other points is of a point's own sample.

    first, second: two samples (N, D) of one size.
    Where both are drawn alike it is (N - 1) / (2N - 1) in the mean, just below a half; it is 1
    where they lie apart, and 0 where each point of one stands on a point of the other. Of several
    points that are equally near, the share of the own ones counts.
    Raises ShapeError for samples of other shapes.
    Source: Lopez-Paz, Oquab 2016, arXiv:1610.06545; Xu et al. 2018, arXiv:1806.07755, section 2.

    >>> nearest_neighbor_test(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.5], [9.0]]))
    0.5
    """
    return float(own_neighbors(first, second).mean())


def own_neighbors(first: Tensor, second: Tensor) -> Tensor:
    """Return for each point of two samples whether its nearest other point is of its own: (2N,).

    first, second, and what is raised: as for `nearest_neighbor_test`. Float64, on the processor.
    """
    if first.ndim != 2 or first.shape != second.shape or not len(first):
        raise ShapeError(
            f"nearest_neighbor_test: the samples have shapes {tuple(first.shape)} and "
            f"{tuple(second.shape)}; pass two of one shape (N, D)."
        )
    points, size = torch.cat([first, second.to(first)]), len(first)
    own: list[Tensor] = []
    for begin in range(0, 2 * size, _AT_ONCE):
        some = points[begin : begin + _AT_ONCE]
        far = torch.cdist(some, points, compute_mode="donot_use_mm_for_euclid_dist")
        far.diagonal(begin).fill_(torch.inf)  # a point is not its own neighbor
        is_nearest = far == far.amin(dim=1, keepdim=True)
        is_first = torch.arange(begin, begin + len(some), device=points.device) < size
        of_first = is_nearest[:, :size].sum(dim=1) / is_nearest.sum(dim=1)
        own.append(torch.where(is_first, of_first, 1 - of_first).double().cpu())
    return torch.cat(own)


def told_apart(codes: Tensor, draws: Tensor) -> float:
    """Return the mean of `nearest_neighbor_test` over pieces of codes, as many as there are draws.

    codes: points (N, D). draws: (M, D). What is left of the codes at the end is not used; of fewer
        codes than draws all are used, beside as many draws.
    """
    pieces = [one for one in codes.split(len(draws)) if len(one) == len(draws)] or [codes]
    found = [nearest_neighbor_test(one, draws[: len(one)]) for one in pieces]
    return sum(found) / len(found)


def gaussian(noise: Tensor) -> Tensor:
    """Return points (N, 2) of a round heap with deviation one: the first columns of the noise."""
    return noise[:, :2]


def ring(noise: Tensor) -> Tensor:
    """Return points (N, 2) of ten heaps round a circle of radius two, each longer than broad.

    noise: normal, (N, 3) or more columns.
    """
    turn = (10 * _even(noise[:, 2])).floor() * (2 * torch.pi / 10)
    along, across = 2 + 0.35 * noise[:, 0], 0.2 * noise[:, 1]
    return torch.stack(
        [along * turn.cos() - across * turn.sin(), along * turn.sin() + across * turn.cos()], dim=1
    )


def swiss_roll(noise: Tensor) -> Tensor:
    """Return points (N, 2) along a spiral of one and a half turns, equally dense everywhere.

    noise: normal, (N, 3) or more columns.
    """
    far = (0.05 + 0.95 * _even(noise[:, 2])).sqrt()
    turn = 4 * torch.pi * far
    return 2.5 * far[:, None] * torch.stack([turn.cos(), turn.sin()], 1) + 0.15 * noise[:, :2]


def classes(k: int, noise: Tensor) -> Tensor:
    """Return codes (N, k + S): each of one of k classes, and of S normal numbers.

    noise: normal, (N, 1 + S).
    """
    kind = (k * _even(noise[:, 0])).long()
    return torch.cat([functional.one_hot(kind, k).to(noise), noise[:, 1:]], dim=1)


class Chances(nn.Module):
    """The end of an encoder: numbers (N, K + style) -> codes as `classes` draws them.

    The first K become the chances of K classes, the last are left as they are.
    """

    def __init__(self, style: int) -> None:
        super().__init__()
        self.style: int = style

    def forward(self, numbers: Tensor) -> Tensor:
        """Return codes (N, K + style)."""
        first, rest = numbers[:, : -self.style], numbers[:, -self.style :]
        return torch.cat([first.softmax(dim=1), rest], dim=1)


def _even(noise: Tensor) -> Tensor:
    """Return numbers in [0, 1), all equally likely, from normal noise of any shape."""
    return torch.special.ndtr(noise).clamp(max=1 - 2**-20)


SHAPES: dict[str, Shape] = {
    "gaussian": gaussian,
    "ring": ring,
    "swiss_roll": swiss_roll,
}


def clouds(codes: Mapping[str, Tensor], label: Tensor, noise: Tensor) -> Tensor:
    """Return drawings (2 K, 3, H, W), uint8: draws of K shapes, and the codes meant to look so.

    codes: points (N, 2) by the names of their shapes. label: (N,), int64: codes are colored by it,
        and its number stands in the middle of its codes, of which up to 100 are drawn.
    noise: what the draws are made from.
    """
    wanted, found = list[Tensor](), list[Tensor]()
    for name, points in codes.items():
        upper, lower = (Panel(title, x=_ENDS, y=_ENDS, size=(220, 220)) for title in (name, ""))
        wanted.append(upper.marks(*SHAPES[name](noise).unbind(1), radius=0.8, color=4).pixels())
        kinds = {int(kind): points[label == kind] for kind in label.unique()}
        for kind, own in kinds.items():
            color = _COLORS[kind % len(_COLORS)]
            lower.marks(*own[:100].unbind(1), radius=0.8, color=color)
        for kind, own in kinds.items():
            x, y = own.median(dim=0).values.tolist()
            lower.words(x, y, str(kind), color=_COLORS[kind % len(_COLORS)])
        found.append(lower.pixels())
    return torch.stack([*wanted, *found])


def few_of_each(split: Split, n: int, noise: Tensor) -> Batch:
    """Return n examples of each class of a split, or all there are, as one batch.

    noise: (N,), a number for each example of the split; the smallest are chosen.
    """
    label = split[split.schema.target]
    assert isinstance(label, Tensor)
    order = noise.argsort().cpu()
    firsts = [order[label[order] == kind][:n] for kind in label.unique()]
    few = split.select(split.ids[torch.cat(firsts)])
    return next(few.batches(len(few)))
