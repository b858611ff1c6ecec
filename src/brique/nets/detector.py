"""An anchor-free one-stage detector, which `brique train` uses for pictures with boxes."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.bricks import ResidualBlock, Standardize
from brique.errors import DataError
from brique.nets.builder import builder
from brique.nets.score_threshold import ScoreThreshold
from brique.nets.squeezenet import IMAGENET_MEAN, IMAGENET_STD, squeezenet
from brique.schema import Boxes, Picture, Schema, Tags

Pyramid = tuple[list[Tensor], tuple[int, int]]
"""Features (N, D, h, w), the finest first, and height and width of the pictures."""

_INITIAL_DISTANCE = 4.0  # from a location to each side of its box, in strides, before training
_INITIAL_LOGIT = -4.6  # score of a class before training: 1%


@builder
def detector(
    channels: int,
    classes: int,
    mean: float | Sequence[float] = IMAGENET_MEAN,
    std: float | Sequence[float] = IMAGENET_STD,
    *,
    backbone: Literal["residual", "squeezenet"] = "residual",
    width: int = 32,
    depth: int = 1,
    stem: int = 2,
    neck: int = 96,
    dropout: float = 0.0,
) -> nn.Sequential:
    """Return a detector: pictures (N, C, H, W) in [0, 1] -> rows (N, P, 7 + K).

    Each of P locations of a picture, on three grids, has a row: its position and stride
    (x, y, stride) and one box (x0, y0, x1, y1), in pixels of the picture, and the logits of K
    classes. The `body` computes features on two or three grids, the `head` predicts from them.
    channels: C. classes: K.
    mean, std: of the pixels, one number or one per channel; by default those of ImageNet.
    backbone: "residual", a small net of its own, or "squeezenet", which has published weights.
    width, depth, stem: of "residual": channels of its first stage, blocks per stage, and the
        stride of its first convolution; the grids have strides of 4, 8 and 16 times the stem.
    neck: channels of the head.
    dropout: dropout rate of the head.
    Source: Tian, Shen, Chen, He 2019, arXiv:1904.01355 (FCOS); Lin et al. 2016, arXiv:1612.03144
        (feature pyramid); all levels share one head.

    >>> net = detector(3, 2, width=8, stem=1)
    >>> net(torch.zeros(5, 3, 64, 64)).shape
    torch.Size([5, 336, 9])
    """
    if backbone == "squeezenet":
        body: nn.Module = _SqueezeNetBackbone(channels, mean, std)
        feature_channels = [256, 512]
    else:
        body = _ResidualBackbone(channels, mean, std, width=width, depth=depth, stem=stem)
        feature_channels = [width * 4, width * 8, width * 16]
    head = _Head(feature_channels, neck, classes, dropout)
    net = nn.Sequential(OrderedDict[str, nn.Module](body=body, head=head))
    return net.to(memory_format=torch.channels_last)


def detector_arguments(schema: Schema) -> dict[str, Any]:
    """Return the arguments of `detector` for one picture as input, boxes and classes as targets.

    Raises DataError on any other schema.
    """
    inputs = [schema[name] for name in schema.inputs]
    targets = [schema[name] for name in schema.targets]
    tags = [target for target in targets if isinstance(target, Tags)]
    is_supported = len(inputs) == 1 and len(targets) == 2 and isinstance(targets[0], Boxes)
    if not is_supported or not tags or not isinstance(inputs[0], Picture):
        description = ", ".join(f"{name} ({field.kind})" for name, field in schema.fields.items())
        raise DataError(
            "detector: expected one picture, and boxes with their classes as targets, got "
            f"{description}; pass a net of your own."
        )
    picture = inputs[0]
    return {
        "channels": picture.shape[0],
        "classes": len(tags[0].names),
        "mean": list(picture.mean or (0.0,)),
        "std": [value or 1.0 for value in picture.std or (1.0,)],  # a constant channel has 0
    }


class _ResidualBackbone(nn.Module):
    """A residual net that returns the features of its last three stages."""

    def __init__(
        self,
        channels: int,
        mean: float | Sequence[float],
        std: float | Sequence[float],
        *,
        width: int,
        depth: int,
        stem: int,
    ) -> None:
        super().__init__()
        self.stem_layers: nn.Sequential = nn.Sequential(
            Standardize(mean, std),
            nn.Conv2d(channels, width, 3 if stem == 1 else 2 * stem + 1, stride=stem,
                      padding=1 if stem == 1 else stem, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )  # fmt: skip
        self.stages: nn.ModuleList = nn.ModuleList()
        in_channels = width
        for stage in range(5):
            out_channels = width * 2**stage
            block = ResidualBlock(in_channels, out_channels, stride=2 if stage else 1)
            self.stages.append(nn.Sequential(
                block, *(ResidualBlock(out_channels, out_channels) for _ in range(depth - 1))
            ))  # fmt: skip
            in_channels = out_channels

    def forward(self, x: Tensor) -> Pyramid:
        """Return the features of the last three stages."""
        size = (x.shape[2], x.shape[3])
        x = self.stem_layers(x)
        features: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[2:], size


class _SqueezeNetBackbone(nn.Module):
    """SqueezeNet 1.1 without its classifier; returns features at strides 8 and 16."""

    def __init__(
        self, channels: int, mean: float | Sequence[float], std: float | Sequence[float]
    ) -> None:
        super().__init__()
        self.standardize: nn.Module = Standardize(mean, std)
        features = squeezenet(channels, 2).get_submodule("body.features")
        assert isinstance(features, nn.Sequential)
        self.features: nn.Sequential = features  # named as in the published weights

    def forward(self, x: Tensor) -> Pyramid:
        """Return the features before the last pooling, and the last ones."""
        size = (x.shape[2], x.shape[3])
        x = self.standardize(x)
        fine = self.features[:8](x)
        return [fine, self.features[8:](fine)], size


class _Head(nn.Module):
    """Merges the features of several grids from coarse to fine; predicts a row per location."""

    def __init__(
        self, feature_channels: list[int], neck: int, classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.lateral: nn.ModuleList = nn.ModuleList(
            nn.Sequential(nn.Conv2d(in_channels, neck, 1, bias=False), nn.BatchNorm2d(neck))
            for in_channels in feature_channels
        )
        self.downsample: nn.ModuleList = nn.ModuleList(
            ResidualBlock(neck, neck, stride=2) for _ in range(3 - len(feature_channels))
        )
        self.merge: nn.ModuleList = nn.ModuleList(
            ResidualBlock(neck, neck) for _ in feature_channels[1:]
        )
        self.dropout: nn.Module = nn.Dropout2d(dropout)
        self.tower: nn.Module = ResidualBlock(neck, neck)
        self.scores: nn.Conv2d = nn.Conv2d(neck, classes, 3, padding=1)
        self.sides: nn.Conv2d = nn.Conv2d(neck, 4, 3, padding=1)
        self.scales: nn.Parameter = nn.Parameter(torch.ones(3))  # of the sides, by grid
        self.threshold: nn.Module = ScoreThreshold()
        for layer, bias in ((self.scores, _INITIAL_LOGIT), (self.sides, 0.0)):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, bias)  # pyright: ignore[reportArgumentType]

    def forward(self, pyramid: Pyramid) -> Tensor:
        """Return rows (N, P, 7 + K)."""
        features, size = pyramid
        grids = [layer(level) for layer, level in zip(self.lateral, features, strict=True)]
        for index in range(len(grids) - 2, -1, -1):  # from coarse to fine
            upsampled = functional.interpolate(grids[index + 1], size=grids[index].shape[2:])
            grids[index] = self.merge[index](functional.relu(grids[index] + upsampled))
        for layer in self.downsample:
            grids.append(layer(grids[-1]))
        rows = [
            self._rows(level, size, self.scales[scale_index])
            for scale_index, level in enumerate(grids)
        ]
        return self.threshold(torch.cat(rows, dim=1))

    def _rows(self, grid: Tensor, size: tuple[int, int], scale: Tensor) -> Tensor:
        """Return the rows of the locations of one grid: (N, h * w, 7 + K)."""
        features = self.tower(self.dropout(functional.relu(grid)))
        scores = self.scores(features).permute(0, 2, 3, 1).flatten(1, 2).float()
        raw = self.sides(features).permute(0, 2, 3, 1).flatten(1, 2).float() * scale
        locations = _locations(grid, size).expand(len(grid), -1, -1)  # (N, P, 3)
        stride = locations[..., 2:]
        distances = (
            _INITIAL_DISTANCE * stride * raw.clamp(-4, 4).exp()
        )  # to the left, top, right, bottom
        boxes = torch.cat(
            [locations[..., :2] - distances[..., :2], locations[..., :2] + distances[..., 2:]],
            dim=2,
        )
        return torch.cat([locations, boxes, scores], dim=2)


def _locations(grid: Tensor, size: tuple[int, int]) -> Tensor:
    """Return x, y and stride of the locations of a grid over pictures of a size: (h * w, 3)."""
    height, width = grid.shape[2:]
    y_stride, x_stride = size[0] / height, size[1] / width
    y = (torch.arange(height, device=grid.device) + 0.5) * y_stride
    x = (torch.arange(width, device=grid.device) + 0.5) * x_stride
    points = torch.stack([x.expand(height, -1), y[:, None].expand(-1, width)], dim=2).flatten(0, 1)
    return functional.pad(points, (0, 1), value=(y_stride * x_stride) ** 0.5)
