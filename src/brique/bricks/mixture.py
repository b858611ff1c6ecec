"""Codes drawn from a mixture of normal distributions that was fitted on known ones."""

import torch
from torch import Tensor, nn


class Mixture(nn.Module):
    """Normal noise (N, D + 1) -> codes (N, D) as those that it learnt from.

    The first column chooses one of the parts, the others are turned and moved as its codes are.
    size: D. parts: normal distributions, at most.
    Before it has learnt it passes the noise on, but for the first column.

    >>> Mixture(2)(torch.zeros(3, 3)).shape
    torch.Size([3, 2])
    """

    below: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, size: int, parts: int = 10) -> None:
        super().__init__()
        self.register_buffer("below", torch.arange(1, parts + 1) / parts)  # cumulative shares
        self.register_buffer("mean", torch.zeros(parts, size))
        self.register_buffer("spread", torch.eye(size).repeat(parts, 1, 1))

    def forward(self, noise: Tensor) -> Tensor:
        """Return codes (N, D)."""
        part = torch.searchsorted(self.below, torch.special.ndtr(noise[:, 0]).contiguous())
        part = part.clamp(max=len(self.below) - 1)
        turned = torch.einsum("nij,nj->ni", self.spread[part], noise[:, 1:])
        return turned + self.mean[part]

    def learn(self, codes: Tensor) -> None:
        """Fit the parts to codes (M, D); of fewer than 20 for each part, fewer parts.

        Source: Dempster, Laird, Rubin 1977, "Maximum likelihood from incomplete data via the EM
            algorithm", by scikit-learn.
        """
        from sklearn.mixture import GaussianMixture

        parts = max(1, min(len(self.below), len(codes) // 20))
        rows = codes.double().cpu().numpy()
        floor = 1e-4 * float(rows.var())
        found = GaussianMixture(parts, reg_covar=max(floor, 1e-12), random_state=0).fit(rows)
        rest = len(self.below) - parts  # parts that are never chosen
        share = torch.cat([torch.from_numpy(found.weights_).cumsum(0), torch.ones(rest)])
        self.below.copy_(share)
        self.mean[:parts] = torch.from_numpy(found.means_).to(self.mean)
        lower = torch.linalg.cholesky(torch.from_numpy(found.covariances_))
        self.spread[:parts] = lower.to(self.spread)
