"""SqueezeNet 1.1: a small net for photographs with published weights.

Source: Iandola et al. 2016, arXiv:1602.07360; version 1.1 pools earlier, at 0.4 times the cost.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from brique.bricks import Standardize, Temperature
from brique.nets.builder import builder

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@builder
def squeezenet(
    channels: int,
    classes: int,
    mean: float | Sequence[float] = IMAGENET_MEAN,
    std: float | Sequence[float] = IMAGENET_STD,
    *,
    dropout: float = 0.5,
) -> nn.Sequential:
    """Return SqueezeNet 1.1 with a linear head: pictures -> class scores.

    Its `body` maps pictures (N, C, H, W) in [0, 1], of 17 x 17 pixels or more, to 512 features; the
    names in `body.features` are as in the published weights. Its `head` scores the classes.
    channels: C.
    classes: K, the number of scores (N, K).
    mean, std: of the pixels, one number or one per channel; by default those of ImageNet.
    dropout: share of the features that are left out in training, in [0, 1).
    Source: Iandola et al. 2016, arXiv:1602.07360; Lin, Chen, Yan 2013, arXiv:1312.4400 (the mean).

    >>> import torch
    >>> net = squeezenet(3, 2)
    >>> net.body(torch.zeros(5, 3, 64, 48)).shape, net(torch.zeros(5, 3, 64, 48)).shape
    (torch.Size([5, 512]), torch.Size([5, 2]))
    """
    features = nn.Sequential(
        nn.Conv2d(channels, 64, kernel_size=3, stride=2), nn.ReLU(inplace=True), _max_pool(),
        _Fire(64, 16, 64), _Fire(128, 16, 64), _max_pool(),
        _Fire(128, 32, 128), _Fire(256, 32, 128), _max_pool(),
        _Fire(256, 48, 192), _Fire(384, 48, 192), _Fire(384, 64, 256), _Fire(512, 64, 256),
    )  # fmt: skip
    body = OrderedDict[str, nn.Module](
        standardize=Standardize(mean, std),
        features=features,
        mean=nn.AdaptiveAvgPool2d(1),
        flat=nn.Flatten(),
    )
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(512, classes), Temperature())
    parts = OrderedDict[str, nn.Module](body=nn.Sequential(body), head=head)
    return nn.Sequential(parts).to(memory_format=torch.channels_last)  # 4 times as fast on a CPU


class _Fire(nn.Module):
    """Squeezes features to `narrow`, then makes `wide` of one place each and `wide` of 3 x 3."""

    def __init__(self, in_channels: int, squeeze_channels: int, expand_channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze_channels, kernel_size=1)
        self.expand1x1 = nn.Conv2d(squeeze_channels, expand_channels, kernel_size=1)
        self.expand3x3 = nn.Conv2d(squeeze_channels, expand_channels, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 2 * wide, H, W)."""
        squeezed = self.squeeze(x).relu_()  # (N, narrow, H, W)
        return torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1).relu_()


def _max_pool() -> nn.Module:
    return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
