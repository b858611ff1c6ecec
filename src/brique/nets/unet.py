"""A small residual U-Net, which `brique train` uses for pictures with a class per pixel."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.bricks import ResidualBlock, Standardize
from brique.errors import DataError
from brique.nets.builder import builder
from brique.schema import Mask, Picture, Schema


@builder
def unet(
    channels: int,
    classes: int,
    mean: float | Sequence[float],
    std: float | Sequence[float],
    *,
    width: int = 32,
    depth: int = 1,
    stages: int = 4,
    stem: int = 2,
    dropout: float = 0.1,
) -> nn.Module:
    """Return a U-Net: pictures (N, C, H, W) in [0, 1], of any size -> class scores (N, K, H, W).

    Its `body` computes features (N, width, H / stem, W / stem), its `head` scores them, and the
    scores are resized to the pictures.
    channels: C. classes: K.
    mean, std: of the pixels, one number or one per channel.
    width: channels of the first stage; each further stage has more, at half the resolution.
    depth: blocks per stage on the way down; on the way up there is one.
    stages: number of stages.
    stem: stride of the first convolution, 1, 2 or 4.
    dropout: dropout rate of the head.
    Source: Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, with residual blocks, features
        added instead of concatenated, and the mean over all places as context.

    >>> net = unet(3, 5, 0.4, 0.3, width=8, stages=3)
    >>> net(torch.zeros(2, 3, 45, 60)).shape
    torch.Size([2, 5, 45, 60])
    """
    stem_layers = nn.Sequential(
        Standardize(mean, std),
        nn.Conv2d(channels, width, 3 if stem == 1 else 2 * stem + 1, stride=stem,
                  padding=1 if stem == 1 else stem, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )  # fmt: skip
    widths = [width * 2**stage for stage in range(stages)]
    net = _SegmentationNet(_UNetBody(stem_layers, widths, depth), width, classes, dropout)
    return net.to(memory_format=torch.channels_last)  # twice as fast on a CPU


def unet_arguments(schema: Schema) -> dict[str, Any]:
    """Return the arguments of `unet` for a schema of one picture and a mask, the target.

    Raises DataError on any other schema.
    """
    pictures = [name for name in schema.inputs if isinstance(schema[name], Picture)]
    mask = schema[schema.target]
    if len(pictures) != 1 or len(schema.inputs) != 1 or not isinstance(mask, Mask):
        description = ", ".join(f"{name} ({field.kind})" for name, field in schema.fields.items())
        raise DataError(
            f"unet: expected one picture and a mask as target, got {description}; pass a net of"
            " your own."
        )
    picture = schema[pictures[0]]
    return {
        "channels": picture.shape[0],
        "classes": len(mask.names),
        "mean": list(picture.mean or (0.0,)),
        "std": [value or 1.0 for value in picture.std or (1.0,)],  # a constant channel has 0
    }


class _SegmentationNet(nn.Module):
    """Scores the features of a body, and resizes the scores to the pictures."""

    def __init__(self, body: nn.Module, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.body: nn.Module = body
        self.head: nn.Sequential = nn.Sequential(
            nn.Dropout2d(dropout), nn.Conv2d(width, classes, kernel_size=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (N, K, H, W)."""
        return _resize(self.head(self.body(x)), x)


class _UNetBody(nn.Module):
    """Residual stages down and up again, with skip connections."""

    def __init__(self, stem: nn.Sequential, widths: list[int], depth: int) -> None:
        super().__init__()
        self.stem: nn.Sequential = stem
        self.down: nn.ModuleList = nn.ModuleList()
        self.skip: nn.ModuleList = nn.ModuleList()
        self.up: nn.ModuleList = nn.ModuleList()
        in_channels = widths[0]
        for stage, width in enumerate(widths):
            blocks = [
                ResidualBlock(
                    width if k else in_channels, width, stride=2 if stage and not k else 1
                )
                for k in range(depth)
            ]
            self.down.append(nn.Sequential(*blocks))
            in_channels = width
        self.context: nn.Module = nn.Conv2d(in_channels, in_channels, kernel_size=1)
        for width, lower_channels in zip(widths[-2::-1], widths[:0:-1], strict=True):
            self.skip.append(nn.Sequential(
                nn.Conv2d(lower_channels, width, kernel_size=1, bias=False), nn.BatchNorm2d(width)
            ))  # fmt: skip
            self.up.append(ResidualBlock(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, width, H / stem, W / stem), none below 0."""
        x = self.stem(x)
        features: list[Tensor] = []
        for stage in self.down:
            x = stage(x)
            features.append(x)
        x = x + self.context(x.mean((2, 3), keepdim=True))
        for project, block, skip in zip(self.skip, self.up, features[-2::-1], strict=True):
            x = block(functional.relu(_resize(project(x), skip) + skip))
        return x


def _resize(x: Tensor, like: Tensor) -> Tensor:
    """Return features or scores, resized to another tensor's height and width."""
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
