"""An encoder of pictures: a small residual net with max and mean pooling."""

import math

import torch
from torch import Tensor, nn

from brique.nets.residual import residual
from brique.schema import Picture


class PictureEncoder(nn.Module):
    """Pictures (N, C, H, W) in [0, 1] -> features (N, D): max and mean over the pixels.

    field: of the pictures, which are standardized first.
    width: channels of the first stage.
    """

    def __init__(self, field: Picture, width: int = 16) -> None:
        super().__init__()
        side = min(field.shape[1:])
        stem = 1 if side < 48 else 2 if side < 128 else 4
        stages = min(4, max(2, int(math.log2(max(4, side // stem))) - 1))
        std = [value or 1.0 for value in field.std or (1.0,)]
        mean = list(field.mean or (0.0,))
        net = residual(field.shape[0], 1, mean, std, width=width, stages=stages, stem=stem)
        layers = list(net.get_submodule("body").children())[:-2]  # without the mean over the pixels
        self.body: nn.Module = nn.Sequential(*layers)
        self.width: int = 2 * width * 2 ** (stages - 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return features."""
        features = self.body(pixels)  # (N, D, H', W')
        return torch.cat([features.amax(dim=(2, 3)), features.mean(dim=(2, 3))], dim=1)
