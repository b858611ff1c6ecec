"""The score threshold of a detector."""

import torch
from torch import Tensor, nn


class ScoreThreshold(nn.Module):
    """The identity; holds the score above which a detection counts as an answer.

    `value` is a buffer, 0.3 at first, saved with the net; `brique.tasks.detect.calibrate` fits it
    on the validation part.

    >>> float(ScoreThreshold().value) == float(torch.tensor(0.3))
    True
    """

    value: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("value", torch.full((), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        """Return x."""
        return x

    def extra_repr(self) -> str:
        """Return the number, as print(net) shows it."""
        return f"{float(self.value):g}"
