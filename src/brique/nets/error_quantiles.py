"""Quantiles of a net's error on new examples, which rank how unusual an example is."""

import torch
from torch import Tensor, nn

COUNT = 200


class ErrorQuantiles(nn.Module):
    """The identity; holds 200 quantiles of the net's errors, in order.

    `brique.tasks.reconstruct.calibrate` fits them on valid; NaN before.

    >>> brick = ErrorQuantiles()
    >>> brick.fit(torch.arange(1000.0))
    >>> brick.rank(torch.tensor([-1.0, 500.0, 2000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    quantiles: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("quantiles", torch.full((COUNT,), torch.nan))

    def forward(self, x: Tensor) -> Tensor:
        """Return x."""
        return x

    def fit(self, errors: Tensor) -> None:
        """Compute the quantiles of errors (N,) on examples that the net was not trained on."""
        fractions = (torch.arange(COUNT, dtype=torch.float64) + 0.5) / COUNT
        self.quantiles.copy_(errors.double().cpu().quantile(fractions))

    def rank(self, errors: Tensor) -> Tensor:
        """Return the share of known examples with smaller errors: (N,), NaN before `fit`."""
        if bool(self.quantiles.isnan().any()):
            return torch.full_like(errors, torch.nan)
        position = torch.searchsorted(self.quantiles, errors.to(self.quantiles).contiguous())
        return position.to(errors) / COUNT
