"""The last layer of a classifier: temperature scaling of its scores."""

import torch
from torch import Tensor, nn


class Temperature(nn.Module):
    """Returns scores / value: above 1 the predictions stay, with less confidence.

    `value` is a buffer, 1.0 at first, saved with the net; `brique.tasks.classify.calibrate` fits
    it on the validation part.
    Source: Guo et al. 2017, arXiv:1706.04599, section 4.2.

    >>> brick = Temperature()
    >>> brick.value.fill_(2)
    tensor(2.)
    >>> brick(torch.tensor([[3.0, -1.0]]))
    tensor([[ 1.5000, -0.5000]])
    """

    value: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("value", torch.ones(()))

    def forward(self, scores: Tensor) -> Tensor:
        """Return scores of any shape, divided."""
        return scores / self.value

    def extra_repr(self) -> str:
        """Return the number, as print(net) shows it."""
        return f"{float(self.value):g}"
