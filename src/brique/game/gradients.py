"""Gradients inside a loss, for gradient penalties and contractive losses."""

from collections.abc import Callable

import torch
from torch import Tensor

from brique.errors import PlayError


def gradient(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Gradient of sum(function(inputs)) with respect to the inputs, itself differentiable.

    function: maps tensors like `inputs` to a tensor of any shape; rows independent of each other
        give each row's own gradient.
    inputs: (N, ...), floating point; not changed.
    Returns a tensor of the shape of `inputs`, with its graph, so that a loss can use it.
    Raises PlayError when the function ignores its inputs.

    >>> gradient(lambda x: x**2, torch.tensor([1.0, 3.0])).tolist()
    [2.0, 6.0]
    """
    with torch.enable_grad():
        if not inputs.requires_grad:
            inputs = inputs.detach().requires_grad_()
            inputs._brique_gradient = True  # type: ignore[attr-defined]  # the walk of leaves knows it
        value = function(inputs).sum()
        gradients = (None,)
        if value.requires_grad:
            gradients = torch.autograd.grad(value, inputs, create_graph=True, allow_unused=True)
        if gradients[0] is None:
            raise PlayError(
                "gradient: the function's result does not depend on its inputs; "
                "return a value computed from its argument."
            )
        return gradients[0]
