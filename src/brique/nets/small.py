"""A plain small convolutional net: what `brique train` uses for pictures."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from brique.bricks import Standardize
from brique.errors import DataError
from brique.nets.builder import builder
from brique.schema import Category, Picture, Schema


@builder
def small(
    channels: int,
    size: Sequence[int],
    classes: int,
    mean: float | Sequence[float],
    spread: float | Sequence[float],
    *,
    width: int = 32,
) -> nn.Sequential:
    """Return a net of three convolutions and one linear layer: pictures -> class scores.

    channels, size: C and (H, W) of the pictures (N, C, H, W), in [0, 1].
    classes: K, the number of scores (N, K).
    mean, spread: of the pixels, one number or one a channel.
    width: features of the first convolution; the second has twice, the third four times as many.

    >>> import torch
    >>> net = small(1, [8, 8], 10, 0.3, 0.4)
    >>> net(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 10])
    """
    layers: list[nn.Module] = [Standardize(mean, spread)]
    height, broad = size
    before = channels
    for features in (width, 2 * width, 4 * width):
        layers += [
            nn.Conv2d(before, features, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(features),
            nn.ReLU(),
        ]
        if min(height, broad) >= 8:  # 8x8 digits keep 4x4 places: where a stroke is matters
            layers.append(nn.MaxPool2d(2))
            height, broad = height // 2, broad // 2
        before = features
    window = (max(1, height // 4), max(1, broad // 4))
    layers.append(nn.AvgPool2d(window))
    places = (height // window[0]) * (broad // window[1])
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(0.25), nn.Linear(before * places, classes)
    )


def default_arguments(schema: Schema) -> dict[str, Any]:
    """Return the arguments of `small` for a schema of one picture and one category, the target.

    Raises DataError on any other schema.
    """
    pictures = [name for name in schema.inputs if isinstance(schema[name], Picture)]
    category = schema[schema.target]
    if len(pictures) != 1 or not isinstance(category, Category):
        kinds = ", ".join(f"{name} ({field.kind})" for name, field in schema.fields.items())
        raise DataError(
            f"small: expected one picture and a category as target, got {kinds};"
            " pass a net of your own."
        )
    picture = schema[pictures[0]]
    channels, height, broad = picture.shape
    spread = picture.spread or (1.0,)
    return {
        "channels": channels,
        "size": [height, broad],
        "classes": len(category.names),
        "mean": list(picture.mean or (0.0,)),
        "spread": [one or 1.0 for one in spread],  # a constant channel has spread 0
    }
