"""How far off a net is on what it does not know yet, and so how unusual something new is."""

import torch
from torch import Tensor, nn

COUNT = 200


class ErrorQuantiles(nn.Module):
    """Passes on what it gets, and holds the misses (200,) that are usual, in order.

    `brique.tasks.reconstruct.calibrate` fills it on valid; NaN as long as they are unknown.

    >>> brick = Usual()
    >>> brick.learn(torch.arange(1000.0))
    >>> brick.rank(torch.tensor([-1.0, 500.0, 2000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    quantiles: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("quantiles", torch.full((COUNT,), torch.nan))

    def forward(self, x: Tensor) -> Tensor:
        """Return what came in."""
        return x

    def fit(self, errors: Tensor) -> None:
        """Take the misses (N,) of examples that no weight was fitted on for what is usual."""
        fractions = (torch.arange(COUNT, dtype=torch.float64) + 0.5) / COUNT
        self.quantiles.copy_(errors.double().cpu().quantile(fractions))

    def rank(self, errors: Tensor) -> Tensor:
        """Return the share of known examples that were missed by less: (N,), NaN if unknown."""
        if bool(self.quantiles.isnan().any()):
            return torch.full_like(errors, torch.nan)
        position = torch.searchsorted(self.quantiles, errors.to(self.quantiles).contiguous())
        return position.to(errors) / COUNT
