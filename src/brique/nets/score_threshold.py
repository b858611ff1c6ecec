"""What a net that finds things remembers of how sure it must be to say so."""

import torch
from torch import Tensor, nn


class ScoreThreshold(nn.Module):
    """Passes on what it is given, and holds the score from which on an answer is said.

    `value` is a buffer, 0.3 at first, saved with the net; `brique.tasks.detect.calibrate` fits it
    on the validation part.

    >>> float(Least().value) == float(torch.tensor(0.3))
    True
    """

    value: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("value", torch.full((), 0.3))

    def forward(self, x: Tensor) -> Tensor:
        """Return what was given."""
        return x

    def extra_repr(self) -> str:
        """Return the number, as print(net) shows it."""
        return f"{float(self.value):g}"
