"""A residual block."""

from torch import Tensor, nn
from torch.nn import functional


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: features (N, A, H, W) -> (N, B, H / stride, ...).

    in_channels, out_channels: A and B.
    stride: 1 or 2.
    Source: He, Zhang, Ren, Sun 2015, arXiv:1512.03385, figure 2; the shortcut of a block that
        changes shape is average pooling and a 1x1 convolution, as in He et al. 2018,
        arXiv:1812.01187, figure 2c.

    >>> import torch
    >>> ResidualBlock(8, 16, stride=2)(torch.zeros(1, 8, 6, 6)).shape
    torch.Size([1, 16, 3, 3])
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1: nn.Module = nn.Conv2d(
            in_channels, out_channels, 3, stride=stride, padding=1, bias=False
        )
        self.norm1: nn.Module = nn.BatchNorm2d(out_channels)
        self.conv2: nn.Module = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        norm = nn.BatchNorm2d(out_channels)
        nn.init.zeros_(norm.weight)  # at first the block is the identity
        self.norm2: nn.Module = norm
        self.shortcut: nn.Sequential = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if in_channels != out_channels:
            self.shortcut.append(nn.Conv2d(in_channels, out_channels, 1, bias=False))
            self.shortcut.append(nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, B, H / stride, W / stride), none below 0."""
        out = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        out = self.norm2(self.conv2(out))
        return functional.relu(out + self.shortcut(x), inplace=True)
