"""The last layer of a net that foretells a series: how far it may be off, step by step."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PredictionInterval(nn.Module):
    """Forecasts (N, A, K) as they are, and the half width of the band round them.

    shape: (A, K), steps ahead and targets.
    It holds what `brique.tasks.forecast.calibrate` finds on valid: `half_width` (A, K), half the width
    of the 90% band, in units of a window's own unrest; NaN as long as it is unknown.

    >>> band = Band((2, 1))
    >>> _ = band.reach.fill_(1.5)
    >>> band.around(torch.tensor([[2.0]])).flatten()
    tensor([3., 3.])
    """

    half_width: Tensor

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("half_width", torch.full(tuple(shape), torch.nan))

    def forward(self, x: Tensor) -> Tensor:
        """Return the forecasts (N, A, K)."""
        return x

    def half_width_for(self, scale: Tensor) -> Tensor:
        """Return half the width of the 90% band (N, A, K).

        scale: (N, K), how much each target moves in a window, in its unit.
        """
        return self.half_width * scale.unsqueeze(1)

    def extra_repr(self) -> str:
        """Return the shape, as print(net) shows it."""
        return str(tuple(self.half_width.shape))
