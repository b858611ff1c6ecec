"""The first layer of a net: scales its input to mean 0 and std 1."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from brique.errors import ShapeError


class Standardize(nn.Module):
    """Returns (x - mean) / std, where mean and std are fixed.

    mean: one number, or one for each channel.
    std: the same, above 0.
    Raises ShapeError when mean and std disagree on the channels, or std is not above 0.

    >>> Standardize(0.5, 0.5)(torch.tensor([0.0, 0.5, 1.0]))
    tensor([-1.,  0.,  1.])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", _by_channel(mean))
        self.register_buffer("std", _by_channel(std))
        if self.mean.numel() != self.std.numel():
            counts = f"mean has {self.mean.numel()} numbers but std has {self.std.numel()}"
            raise ShapeError(f"Standardize: {counts}; pass as many of both.")
        if not self.std.is_meta and not bool((self.std > 0).all()):
            values = self.std.flatten().tolist()
            raise ShapeError(
                f"Standardize: std must be above 0, not {values}; pass 1 for a constant channel."
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return x of any shape (N, C, H, W), centered; with one mean for all, any shape at all."""
        return (x - self.mean) / self.std

    def extra_repr(self) -> str:
        """Return the two settings, as print(net) shows them."""
        return f"mean={self.mean.flatten().tolist()}, std={self.std.flatten().tolist()}"


def _by_channel(numbers: float | Sequence[float]) -> Tensor:
    tensor = torch.tensor(numbers, dtype=torch.float32)
    return tensor if tensor.ndim == 0 else tensor.view(-1, 1, 1)  # (C, 1, 1): meets (N, C, H, W)
