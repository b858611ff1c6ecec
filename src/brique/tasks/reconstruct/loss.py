"""The training loss of an autoencoder."""

from torch import Tensor
from torch.nn import functional


def loss(reconstruction: Tensor, pictures: Tensor) -> Tensor:
    """Return the mean squared error per pixel. reconstruction, pictures: (N, C, H, W)."""
    return functional.mse_loss(reconstruction, pictures)
