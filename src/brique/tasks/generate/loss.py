"""The training loss of a generator with latents."""

from torch import Tensor
from torch.nn import functional


def loss(
    reconstruction: Tensor, pictures: Tensor, latents: Tensor, *, latent_penalty: float
) -> Tensor:
    """Return the mean squared error per pixel, plus `latent_penalty` times the mean squared latent.

    reconstruction, pictures: (N, C, H, W). latents: (N, D); the penalty keeps them near 0, so that
        a density can be fitted to them.
    Source: Ghosh et al. 2020, arXiv:1903.12436, equation 6, with weight decay on all layers.
    """
    return functional.mse_loss(reconstruction, pictures) + latent_penalty * latents.square().mean()
