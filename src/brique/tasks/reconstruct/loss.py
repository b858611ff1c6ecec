"""What a net that rebuilds pictures is trained by."""

from torch import Tensor
from torch.nn import functional


def loss(reconstruction: Tensor, pictures: Tensor) -> Tensor:
    """Return the mean squared error a pixel. made, pictures: (N, C, H, W)."""
    return functional.mse_loss(reconstruction, pictures)
