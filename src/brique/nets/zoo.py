"""Nets of the library timm (the extra `zoo`), as body and head; nothing is ever downloaded."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import nn

from brique.bricks import Standardize, Temperature
from brique.errors import ModelError, did_you_mean
from brique.nets.builder import set_origin


@dataclass(frozen=True)
class PretrainedConfig:
    """The entry of a net in timm's table.

    size: height and width of the pictures that its weights were made for; None if they differ.
    mean, std: of the pixels in [0, 1], one number a channel.
    classifier: the layers that score the classes of the published weights.
    """

    channels: int
    size: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classifier: tuple[str, ...]


def is_valid_name(name: str) -> bool:
    """Tell whether a text can be the name of a net, such as "resnet18.a1_in1k".

    timm also takes "hf-hub:..." and "local-dir:...", which make it download or read files.
    """
    return re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)?", name) is not None


def pretrained_config(name: str) -> PretrainedConfig:
    """Return the entry of a net in timm's table.

    Raises ModelError when there is no such net, or timm is not installed.
    """
    timm = _timm(name)
    try:
        entry: Any = timm.models.get_pretrained_cfg(name)
    except RuntimeError as error:
        raise ModelError(f"timm:{name}: {str(error).rstrip('.')}; leave the tag out.") from error
    channels, height, width = entry.input_size
    layers = entry.classifier
    return PretrainedConfig(
        channels,
        height if height == width else None,
        tuple(entry.mean),
        tuple(entry.std),
        (layers,) if isinstance(layers, str) else tuple(layers or ()),
    )


def build(
    name: str,
    *,
    channels: int,
    classes: int,
    mean: list[float],
    std: list[float],
    dropout: float = 0.0,
) -> nn.Sequential:
    """Return timm's net as `body`, with fresh weights, and a linear `head`: pictures -> scores.

    Raises ModelError when timm is not installed, has no such net, or cannot build it.
    """
    timm = _timm(name)
    try:
        # the name holds no address (see is_valid_name); pretrained=False downloads nothing
        backbone: nn.Module = timm.create_model(
            name, pretrained=False, num_classes=0, in_chans=channels
        )
        feature_size = _feature_size(backbone, pretrained_config(name), channels)
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        raise ModelError(
            f"timm:{name}: cannot be made for {channels} channels without its classifier "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}); choose "
            "another net."
        ) from error
    body = OrderedDict[str, nn.Module](standardize=Standardize(mean, std), net=backbone)
    head = nn.Sequential(nn.Dropout(dropout), nn.Linear(feature_size, classes), Temperature())
    parts = OrderedDict[str, nn.Module](body=nn.Sequential(body), head=head)
    arguments = {"channels": channels, "classes": classes, "mean": mean, "std": std}
    return set_origin(nn.Sequential(parts), f"timm:{name}", arguments | {"dropout": dropout})


def _timm(name: str) -> ModuleType:
    """Return timm, if it has a net of that name."""
    try:
        import timm
    except ImportError as error:
        raise ModelError(
            f"timm:{name}: the library timm is not installed; add it with "
            "pip install 'brique[zoo]'."
        ) from error
    if not is_valid_name(name) or not timm.is_model(name):
        hint = did_you_mean(name, timm.list_models()) or ";"
        raise ModelError(f"timm:{name}: timm has no such net{hint} choose one of its names.")
    return timm


def _feature_size(net: nn.Module, config: PretrainedConfig, channels: int) -> int:
    """Return D of a net's features (N, D)."""
    size = config.size or 224
    with torch.no_grad():
        features = net.eval()(torch.zeros(1, channels, size, size))
    net.train()
    if features.ndim != 2:
        raise ValueError(f"its features have shape {tuple(features.shape)}, not (N, D)")
    return features.shape[1]
