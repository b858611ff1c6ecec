"""A block that adds what it finds to what it was given."""

from torch import Tensor, nn
from torch.nn import functional


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut: features (N, A, H, W) -> (N, B, H / stride, ...).

    before, features: A and B.
    stride: 1 or 2.
    Source: He, Zhang, Ren, Sun 2015, arXiv:1512.03385, figure 2; the shortcut of a block that
        changes shape is an average over its places and a 1x1 convolution, as in He et al. 2018,
        arXiv:1812.01187, figure 2c.

    >>> import torch
    >>> Residual(8, 16, stride=2)(torch.zeros(1, 8, 6, 6)).shape
    torch.Size([1, 16, 3, 3])
    """

    def __init__(self, before: int, features: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first: nn.Module = nn.Conv2d(before, features, 3, stride=stride, padding=1, bias=False)
        self.first_norm: nn.Module = nn.BatchNorm2d(features)
        self.second: nn.Module = nn.Conv2d(features, features, 3, padding=1, bias=False)
        last_norm = nn.BatchNorm2d(features)
        nn.init.zeros_(last_norm.weight)  # at first the block passes on what it was given
        self.second_norm: nn.Module = last_norm
        self.shortcut: nn.Sequential = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if before != features:
            self.shortcut.append(nn.Conv2d(before, features, 1, bias=False))
            self.shortcut.append(nn.BatchNorm2d(features))

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, B, H / stride, W / stride), none below 0."""
        found = functional.relu(self.first_norm(self.first(x)), inplace=True)
        found = self.second_norm(self.second(found))
        return functional.relu(found + self.shortcut(x), inplace=True)
