"""The last layer of a net that answers with numbers: their units, and how far they may be off."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

BINS = 10  # of answers, each with a half width of its own


class Restore(nn.Module):
    """Numbers of mean 0 and spread 1 (N, K) -> numbers of the data (N, K).

    mean, spread: of each of the K numbers, in their units.
    Beside them it holds what `brique.tasks.regress.calibrate` finds on valid: `edges` (K, 9), which
    part answers into ten ranges, and `reach` (K, 10), half the width of the 90% interval in each;
    NaN as long as it is unknown.

    >>> Restore([10.0], [2.0])(torch.tensor([[0.0], [1.0]])).flatten()
    tensor([10., 12.])
    """

    mean: Tensor
    spread: Tensor
    edges: Tensor
    reach: Tensor

    def __init__(self, mean: Sequence[float], spread: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("spread", torch.tensor(spread))
        self.register_buffer("edges", torch.full((len(mean), BINS - 1), torch.inf))
        self.register_buffer("reach", torch.full((len(mean), BINS), torch.nan))

    def forward(self, x: Tensor) -> Tensor:
        """Return numbers (N, K) in the units of the data."""
        return x * self.spread + self.mean

    def around(self, answers: Tensor) -> Tensor:
        """Return half the width of the 90% interval round each answer: (N, K), NaN if unknown."""
        place = torch.searchsorted(self.edges, answers.T.contiguous())  # (K, N)
        return self.reach.gather(1, place).T

    def extra_repr(self) -> str:
        """Return the two settings, as print(net) shows them."""
        return f"mean={self.mean.tolist()}, spread={self.spread.tolist()}"
