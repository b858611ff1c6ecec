"""Slopes inside a loss: what gradient penalties and contractive losses are made of."""

from collections.abc import Callable

import torch
from torch import Tensor

from brique.errors import PlayError


def gradient(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Slope of sum(function(inputs)) with respect to the inputs, itself differentiable.

    function: maps tensors like `inputs` to a tensor of any shape; rows independent of each other
        give each row's own slope.
    inputs: (N, ...), floating point; not changed.
    Returns a tensor of the shape of `inputs`, with the graph that a loss can be differentiated by.
    Raises PlayError when the function ignores its inputs.

    >>> slope(lambda x: x**2, torch.tensor([1.0, 3.0])).tolist()
    [2.0, 6.0]
    """
    with torch.enable_grad():
        if not inputs.requires_grad:
            inputs = inputs.detach().requires_grad_()
            inputs._brique_slope = True  # type: ignore[attr-defined]  # the walk of leaves knows it
        value = function(inputs).sum()
        gradients = (None,)
        if value.requires_grad:
            gradients = torch.autograd.grad(value, inputs, create_graph=True, allow_unused=True)
        if gradients[0] is None:
            raise PlayError(
                "slope: the function's result does not depend on its inputs; "
                "return something computed from the tensor that it is given."
            )
        return gradients[0]
