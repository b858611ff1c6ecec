"""Pictures, by a small residual net: what it sees most of all, and on the whole."""

import math

import torch
from torch import Tensor, nn

from brique.nets.residual import residual
from brique.schema import Picture


class Pixels(nn.Module):
    """Pictures (N, C, H, W) in [0, 1] -> features (N, D): largest and mean over the places.

    kind: of the pictures, whose mean and spread are taken away first.
    width: features of the first stage.
    """

    def __init__(self, kind: Picture, width: int = 16) -> None:
        super().__init__()
        side = min(kind.shape[1:])
        stem = 1 if side < 48 else 2 if side < 128 else 4
        stages = min(4, max(2, int(math.log2(max(4, side // stem))) - 1))
        spread = [one or 1.0 for one in kind.std or (1.0,)]
        mean = list(kind.mean or (0.0,))
        whole = residual(kind.shape[0], 1, mean, spread, width=width, stages=stages, stem=stem)
        layers = list(whole.get_submodule("body").children())[:-2]  # all but the mean over places
        self.body: nn.Module = nn.Sequential(*layers)
        self.width: int = 2 * width * 2 ** (stages - 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return features."""
        seen = self.body(pixels)  # (N, D, H', W')
        return torch.cat([seen.amax(dim=(2, 3)), seen.mean(dim=(2, 3))], dim=1)
