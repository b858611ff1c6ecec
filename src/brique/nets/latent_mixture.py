"""A mixture of normal distributions, fitted on latents, to sample new ones."""

import torch
from torch import Tensor, nn


class LatentMixture(nn.Module):
    """Normal noise (N, D + 1) -> latents (N, D), distributed like the fitted ones.

    The first column chooses a component; its Cholesky factor and mean transform the others.
    latent_size: D. components: maximum number of normal distributions.
    Before `fit` the latents are the noise without its first column.

    >>> LatentMixture(2)(torch.zeros(3, 3)).shape
    torch.Size([3, 2])
    """

    cumulative_weights: Tensor
    mean: Tensor
    cholesky: Tensor

    def __init__(self, latent_size: int, components: int = 10) -> None:
        super().__init__()
        self.register_buffer("cumulative_weights", torch.arange(1, components + 1) / components)
        self.register_buffer("mean", torch.zeros(components, latent_size))
        self.register_buffer("cholesky", torch.eye(latent_size).repeat(components, 1, 1))

    def forward(self, noise: Tensor) -> Tensor:
        """Return latents (N, D)."""
        component = torch.searchsorted(
            self.cumulative_weights, torch.special.ndtr(noise[:, 0]).contiguous()
        )
        component = component.clamp(max=len(self.cumulative_weights) - 1)
        scaled = torch.einsum("nij,nj->ni", self.cholesky[component], noise[:, 1:])
        return scaled + self.mean[component]

    def fit(self, latents: Tensor) -> None:
        """Fit the mixture to latents (M, D), with one component per 20 of them at most.

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
        unused = len(self.cumulative_weights) - components  # components that are never chosen
        cumulative = torch.cat([torch.from_numpy(mixture.weights_).cumsum(0), torch.ones(unused)])
        self.cumulative_weights.copy_(cumulative)
        self.mean[:components] = torch.from_numpy(mixture.means_).to(self.mean)
        lower = torch.linalg.cholesky(torch.from_numpy(mixture.covariances_))
        self.cholesky[:components] = lower.to(self.cholesky)
