"""What a net that makes pictures from codes is trained by."""

from torch import Tensor
from torch.nn import functional


def loss(
    reconstruction: Tensor, pictures: Tensor, latents: Tensor, *, latent_penalty: float
) -> Tensor:
    """Return the mean squared error a pixel, and that of the codes, times `latent_penalty`.

    reconstruction, pictures: (N, C, H, W). codes: (N, D), which are to stay near 0, so that a
    distribution can be fitted to them.
    Source: Ghosh et al. 2020, arXiv:1903.12436, equation 6, with weight decay on all layers.
    """
    return functional.mse_loss(reconstruction, pictures) + latent_penalty * latents.square().mean()
