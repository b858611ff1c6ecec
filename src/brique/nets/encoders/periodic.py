"""Periodic embeddings of numbers: sines and cosines, which help a net find thresholds."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

FREQUENCIES, FEATURES_PER_NUMBER = 16, 8
MAX_NUMBERS = 128  # inputs with more numbers have no periodic embedding


class PeriodicEmbedding(nn.Module):
    """Numbers (N, F) -> features (N, 8 F), from sines and cosines of each number.

    count: F. The frequencies are learned.
    Source: Gorishniy, Rubachev, Babenko 2022, arXiv:2203.05556, section 3.3.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.frequency: nn.Parameter = nn.Parameter(0.3 * torch.randn(count, FREQUENCIES))
        bound = (2 * FREQUENCIES) ** -0.5
        self.weight: nn.Parameter = nn.Parameter(
            torch.empty(count, 2 * FREQUENCIES, FEATURES_PER_NUMBER).uniform_(-bound, bound)
        )
        self.bias: nn.Parameter = nn.Parameter(torch.zeros(count, FEATURES_PER_NUMBER))

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, 8 F), none below 0."""
        angle = 2 * math.pi * self.frequency * x.unsqueeze(2)  # (N, F, W)
        periodic = torch.cat([angle.sin(), angle.cos()], dim=2)
        projected = torch.einsum("nfw,fwe->nfe", periodic, self.weight) + self.bias
        return functional.relu(projected).flatten(1)
