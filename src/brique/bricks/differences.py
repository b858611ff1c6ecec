"""Whether a brick's slopes are right: a difference quotient beside each."""

import copy

import torch
from torch import Tensor, nn


def slope_error(brick: nn.Module, *inputs: Tensor, step: float = 1e-5) -> float:
    """Return the largest relative error of a brick's slopes against central differences.

    Each parameter, and each input of floating point, is moved back and forth by `step` in a
    random direction; a copy in float64 is tried, with random numbers for parameters.
    brick: a module whose output is a tensor, or a tuple whose first entry is.
    step: of the difference, in the units of what is moved.
    Returns the worst error, as a share of the slopes' size: about 1e-9 if all is well, above 1e-3
    if not. A bend that stands within a step of its corner counts as wrong.

    >>> torch.manual_seed(0) and slope_error(nn.Linear(3, 2), torch.ones(4, 3)) < 1e-6
    True
    """
    brick = copy.deepcopy(brick).double()
    values = [x.detach().double() if x.is_floating_point() else x for x in inputs]
    moved = [x.requires_grad_() for x in values if x.is_floating_point()]
    for parameter in brick.parameters():
        nn.init.normal_(parameter.requires_grad_())
        moved.append(parameter)
    weights: list[Tensor] = []

    def height() -> Tensor:
        found = brick(*values)
        found = found[0] if isinstance(found, tuple) else found
        weights[:] = weights or [torch.randn_like(found)]
        return (found * weights[0]).sum()

    slopes = torch.autograd.grad(height(), moved, allow_unused=True, materialize_grads=True)
    worst = 0.0
    with torch.no_grad():
        for place, slope in zip(moved, slopes, strict=True):
            direction = torch.randn_like(place)
            start, heights = place.clone(), list[float]()
            for steps in (-2, -1, 1, 2):
                place.copy_(start + steps * step * direction)
                heights.append(float(height()))
            place.copy_(start)
            two_back, back, on, two_on = heights
            difference = (8 * (on - back) - (two_on - two_back)) / (12 * step)
            slant = float((slope * direction).sum())
            size = abs(slant) + abs(difference) + float(slope.norm())
            worst = max(worst, abs(slant - difference) / max(size, 1e-3))
    return worst
