"""Gradient check of a brick by central differences."""

import copy

import torch
from torch import Tensor, nn


def gradient_error(module: nn.Module, *inputs: Tensor, step: float = 1e-5) -> float:
    """Return the largest relative error of a brick's gradients against central differences.

    Each parameter, and each floating-point input, moves back and forth by `step` in a random
    direction. The check uses a float64 copy with random parameters.
    module: a module whose output is a tensor, or a tuple whose first entry is one.
    step: of the difference, in the units of the parameter or input.
    Returns the worst error relative to the gradients: about 1e-9 if they are correct, above 1e-3
    if not. A kink within one step counts as wrong.

    >>> torch.manual_seed(0) and gradient_error(nn.Linear(3, 2), torch.ones(4, 3)) < 1e-6
    True
    """
    module = copy.deepcopy(module).double()
    values = [x.detach().double() if x.is_floating_point() else x for x in inputs]
    variables = [x.requires_grad_() for x in values if x.is_floating_point()]
    for parameter in module.parameters():
        nn.init.normal_(parameter.requires_grad_())
        variables.append(parameter)
    weights: list[Tensor] = []

    def weighted_sum() -> Tensor:
        output = module(*values)
        output = output[0] if isinstance(output, tuple) else output
        weights[:] = weights or [torch.randn_like(output)]
        return (output * weights[0]).sum()

    gradients = torch.autograd.grad(
        weighted_sum(), variables, allow_unused=True, materialize_grads=True
    )
    worst = 0.0
    with torch.no_grad():
        for variable, gradient in zip(variables, gradients, strict=True):
            direction = torch.randn_like(variable)
            original, sums = variable.clone(), list[float]()
            for multiple in (-2, -1, 1, 2):
                variable.copy_(original + multiple * step * direction)
                sums.append(float(weighted_sum()))
            variable.copy_(original)
            two_before, before, after, two_after = sums
            numeric = (8 * (after - before) - (two_after - two_before)) / (12 * step)
            analytic = float((gradient * direction).sum())
            magnitude = abs(analytic) + abs(numeric) + float(gradient.norm())
            worst = max(worst, abs(analytic - numeric) / max(magnitude, 1e-3))
    return worst
