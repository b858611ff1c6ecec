"""Codes drawn from a mixture of normal distributions that was fitted on known ones."""

import torch
from torch import Tensor, nn


class LatentMixture(nn.Module):
    """Normal noise (N, D + 1) -> codes (N, D) as those that it learnt from.

    The first column chooses one of the parts, the others are turned and moved as its codes are.
    size: D. parts: normal distributions, at most.
    Before it has learnt it passes the noise on, but for the first column.

    >>> Mixture(2)(torch.zeros(3, 3)).shape
    torch.Size([3, 2])
    """

    cumulative_weights: Tensor
    mean: Tensor
    cholesky: Tensor

    def __init__(self, latent_size: int, components: int = 10) -> None:
        super().__init__()
        self.register_buffer(
            "cumulative_weights", torch.arange(1, components + 1) / components
        )  # cumulative shares
        self.register_buffer("mean", torch.zeros(components, latent_size))
        self.register_buffer("cholesky", torch.eye(latent_size).repeat(components, 1, 1))

    def forward(self, noise: Tensor) -> Tensor:
        """Return codes (N, D)."""
        component = torch.searchsorted(
            self.cumulative_weights, torch.special.ndtr(noise[:, 0]).contiguous()
        )
        component = component.clamp(max=len(self.cumulative_weights) - 1)
        scaled = torch.einsum("nij,nj->ni", self.cholesky[component], noise[:, 1:])
        return scaled + self.mean[component]

    def fit(self, latents: Tensor) -> None:
        """Fit the parts to codes (M, D); of fewer than 20 for each part, fewer parts.

        Source: Dempster, Laird, Rubin 1977, "Maximum likelihood from incomplete data via the EM
            algorithm", by scikit-learn.
        """
        from sklearn.mixture import GaussianMixture

        components = max(1, min(len(self.cumulative_weights), len(latents) // 20))
        samples = latents.double().cpu().numpy()
        floor = 1e-4 * float(samples.var())
        mixture = GaussianMixture(components, reg_covar=max(floor, 1e-12), random_state=0).fit(
            samples
        )
        unused = len(self.cumulative_weights) - components  # parts that are never chosen
        cumulative = torch.cat([torch.from_numpy(mixture.weights_).cumsum(0), torch.ones(unused)])
        self.cumulative_weights.copy_(cumulative)
        self.mean[:components] = torch.from_numpy(mixture.means_).to(self.mean)
        lower = torch.linalg.cholesky(torch.from_numpy(mixture.covariances_))
        self.cholesky[:components] = lower.to(self.cholesky)
