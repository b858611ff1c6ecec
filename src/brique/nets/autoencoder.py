"""An autoencoder of pictures, and a generator of pictures from noise."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from brique.bricks import ResidualBlock, Standardize
from brique.errors import DataError
from brique.nets.builder import builder
from brique.nets.error_quantiles import ErrorQuantiles
from brique.nets.latent_mixture import LatentMixture
from brique.schema import Picture, Schema

HIDDEN_SIZE = 256  # features between convolutions and latents
_MAX_CHANNELS = 128  # per stage


@builder
def autoencoder(
    shape: Sequence[int],
    mean: float | Sequence[float],
    std: float | Sequence[float],
    *,
    latent: int = 32,
    width: int = 16,
) -> nn.Sequential:
    """Return an autoencoder: `body`, pictures -> latents (N, D), `head`, latents -> pictures.

    shape: (C, H, W) of the pictures (N, C, H, W), in [0, 1].
    mean, std: of the pixels, one number or one per channel.
    latent: D, the size of the latent vector.
    width: channels of the first stage; each further stage has twice as many, up to 128, on half the
        resolution, until it is about 4 x 4.
    Source: Hinton, Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks",
        with residual blocks, trained end to end.

    >>> net = autoencoder([1, 28, 28], 0.3, 0.4, latent=8)
    >>> net(torch.zeros(2, 1, 28, 28)).shape, net.body(torch.zeros(2, 1, 28, 28)).shape
    (torch.Size([2, 1, 28, 28]), torch.Size([2, 8]))
    """
    body, head = _encoder_and_decoder(shape, mean, std, latent=latent, width=width)
    head.append(ErrorQuantiles())
    return nn.Sequential(OrderedDict[str, nn.Module](body=body, head=head))


@builder
def generator(
    shape: Sequence[int],
    mean: float | Sequence[float],
    std: float | Sequence[float],
    *,
    latent: int = 32,
    width: int = 16,
    components: int = 10,
) -> "Generator":
    """Return a net that generates pictures from normal noise (N, D + 1) by sampled latents.

    shape, mean, std, latent, width: as for `autoencoder`.
    components: normal distributions of the mixture that latents are sampled from.
    Source: Ghosh et al. 2020, arXiv:1903.12436, "From variational to deterministic autoencoders".

    >>> net = generator([1, 8, 8], 0.3, 0.4, latent=4)
    >>> net(torch.zeros(2, net.noise_size)).shape, net.reconstruct(torch.zeros(2, 1, 8, 8)).shape
    (torch.Size([2, 1, 8, 8]), torch.Size([2, 1, 8, 8]))
    """
    body, head = _encoder_and_decoder(shape, mean, std, latent=latent, width=width)
    return Generator(body, head, LatentMixture(latent, components))


class Generator(nn.Module):
    """Noise (N, D + 1) -> latents by `mixture` -> pictures by `head`; `body` encodes pictures.

    noise_size: D + 1.
    """

    def __init__(self, body: nn.Module, head: nn.Module, mixture: LatentMixture) -> None:
        super().__init__()
        self.body: nn.Module = body
        self.mixture: LatentMixture = mixture
        self.head: nn.Module = head
        self.noise_size: int = mixture.mean.shape[1] + 1

    def forward(self, noise: Tensor) -> Tensor:
        """Return pictures (N, C, H, W)."""
        return self.head(self.mixture(noise))

    def reconstruct(self, pictures: Tensor) -> Tensor:
        """Return pictures (N, C, H, W) reconstructed from their latents."""
        return self.head(self.body(pictures))


def autoencoder_arguments(schema: Schema) -> dict[str, Any]:
    """Return the arguments of `autoencoder` for a schema with one picture as its only input.

    Raises DataError on any other schema.
    """
    inputs = [schema[name] for name in schema.inputs]
    if len(inputs) != 1 or not isinstance(inputs[0], Picture):
        description = ", ".join(f"{name} ({field.kind})" for name, field in schema.fields.items())
        raise DataError(
            f"autoencoder: expected one picture as the only input, got {description}; leave the"
            " rest out, or pass a net of your own."
        )
    picture = inputs[0]
    return {
        "shape": list(picture.shape),
        "mean": list(picture.mean or (0.0,)),
        "std": [value or 1.0 for value in picture.std or (1.0,)],  # a constant channel has 0
    }


def _encoder_and_decoder(
    shape: Sequence[int],
    mean: float | Sequence[float],
    std: float | Sequence[float],
    *,
    latent: int,
    width: int,
) -> tuple[nn.Sequential, nn.Sequential]:
    """Return encoder (pictures -> latents) and decoder (latents -> pictures)."""
    channels, *size = shape
    sizes = [tuple(size)]
    for _ in range(max(1, round(math.log2(max(8, min(size)) / 4.5)))):
        sizes.append(tuple((side + 1) // 2 for side in sizes[-1]))
    widths = [channels, *(min(_MAX_CHANNELS, width * 2**stage) for stage in range(len(sizes) - 1))]
    flat_size = widths[-1] * math.prod(sizes[-1])
    body: list[nn.Module] = [Standardize(mean, std)]
    for in_channels, out_channels in pairwise(widths):
        body.append(ResidualBlock(in_channels, out_channels, stride=2))
    body += [
        nn.Flatten(),
        *_linear_block(flat_size, HIDDEN_SIZE),
        _ResidualLayer(HIDDEN_SIZE),
        nn.Linear(HIDDEN_SIZE, latent),
    ]
    encoder, decoder = nn.Sequential(*body), _decoder(latent, widths, sizes)
    channels_last = torch.channels_last  # twice as fast on a CPU
    return encoder.to(memory_format=channels_last), decoder.to(memory_format=channels_last)


def _decoder(latent: int, widths: list[int], sizes: list[tuple[int, ...]]) -> nn.Sequential:
    """Return the decoder: latents (N, D) -> pictures; widths and sizes by level, pictures first."""
    layers: list[nn.Module] = [
        *_linear_block(latent, HIDDEN_SIZE),
        _ResidualLayer(HIDDEN_SIZE),
        *_linear_block(HIDDEN_SIZE, widths[-1] * math.prod(sizes[-1])),
        nn.Unflatten(1, (widths[-1], *sizes[-1])),
    ]
    for level in range(len(sizes) - 2, -1, -1):
        out_channels = widths[max(1, level)]
        layers += [
            nn.Upsample(size=sizes[level]),
            nn.Conv2d(widths[level + 1], out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    layers += [nn.Conv2d(widths[1], widths[0], kernel_size=3, padding=1), nn.Sigmoid()]
    return nn.Sequential(*layers)


def _linear_block(in_features: int, out_features: int) -> list[nn.Module]:
    return [
        nn.Linear(in_features, out_features, bias=False),
        nn.BatchNorm1d(out_features),
        nn.ReLU(inplace=True),
    ]


class _ResidualLayer(nn.Module):
    """A residual layer: features (N, width) -> (N, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer: nn.Sequential = nn.Sequential(*_linear_block(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, width)."""
        return x + self.layer(x)
