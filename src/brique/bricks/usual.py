"""How far off a net is on what it does not know yet, and so how unusual something new is."""

import torch
from torch import Tensor, nn

MARKS = 200


class Usual(nn.Module):
    """Passes on what it gets, and holds the misses (200,) that are usual, in order.

    `brique.tasks.reconstruct.calibrate` fills it on valid; NaN as long as they are unknown.

    >>> brick = Usual()
    >>> brick.learn(torch.arange(1000.0))
    >>> brick.rank(torch.tensor([-1.0, 500.0, 2000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    marks: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("marks", torch.full((MARKS,), torch.nan))

    def forward(self, x: Tensor) -> Tensor:
        """Return what came in."""
        return x

    def learn(self, missed: Tensor) -> None:
        """Take the misses (N,) of examples that no weight was fitted on for what is usual."""
        shares = (torch.arange(MARKS, dtype=torch.float64) + 0.5) / MARKS
        self.marks.copy_(missed.double().cpu().quantile(shares))

    def rank(self, missed: Tensor) -> Tensor:
        """Return the share of known examples that were missed by less: (N,), NaN if unknown."""
        if bool(self.marks.isnan().any()):
            return torch.full_like(missed, torch.nan)
        below = torch.searchsorted(self.marks, missed.to(self.marks).contiguous())
        return below.to(missed) / MARKS
