"""The last layer of a forecaster: prediction intervals by time step."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PredictionInterval(nn.Module):
    """The identity on forecasts (N, A, K); holds the half width of their prediction intervals.

    shape: (A, K), horizon and targets.
    `half_width` (A, K) is half the width of the 90% interval relative to a window's own scale, as
    `brique.tasks.forecast.calibrate` finds it on valid; NaN before.

    >>> interval = PredictionInterval((2, 1))
    >>> _ = interval.half_width.fill_(1.5)
    >>> interval.half_width_for(torch.tensor([[2.0]])).flatten()
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
        """Return half the width of the 90% interval (N, A, K).

        scale: (N, K), of each target in a window, in its unit.
        """
        return self.half_width * scale.unsqueeze(1)

    def extra_repr(self) -> str:
        """Return the shape, as print(net) shows it."""
        return str(tuple(self.half_width.shape))
