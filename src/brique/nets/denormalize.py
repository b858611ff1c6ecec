"""The last layer of a regression net: units of the data, and prediction intervals."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

BINS = 10  # bins of predictions, each with a half width of its own


class Denormalize(nn.Module):
    """Numbers of mean 0 and std 1 (N, K) -> numbers in the units of the data (N, K).

    mean, std: of each of the K numbers, in their units.
    It also holds the results of `brique.tasks.regress.calibrate` on valid: `edges` (K, 9) of ten
    bins of predictions, and `half_width` (K, 10), half the width of the 90% interval in each bin;
    NaN before calibration.

    >>> Denormalize([10.0], [2.0])(torch.tensor([[0.0], [1.0]])).flatten()
    tensor([10., 12.])
    """

    mean: Tensor
    std: Tensor
    edges: Tensor
    half_width: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))
        self.register_buffer("edges", torch.full((len(mean), BINS - 1), torch.inf))
        self.register_buffer("half_width", torch.full((len(mean), BINS), torch.nan))

    def forward(self, x: Tensor) -> Tensor:
        """Return numbers (N, K) in the units of the data."""
        return x * self.std + self.mean

    def half_width_for(self, predictions: Tensor) -> Tensor:
        """Return half the width of each prediction's 90% interval: (N, K), NaN if unknown."""
        bin_index = torch.searchsorted(self.edges, predictions.T.contiguous())  # (K, N)
        return self.half_width.gather(1, bin_index).T

    def extra_repr(self) -> str:
        """Return the two settings, as print(net) shows them."""
        return f"mean={self.mean.tolist()}, std={self.std.tolist()}"
