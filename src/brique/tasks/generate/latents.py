"""Validation of a generator with latents, and the density of its latents."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.evaluation.reconstruction import squared_errors
from brique.inference import batch_size_for, eval_mode, even_indices, tensor_of
from brique.nets.latent_mixture import LatentMixture

MAX_LATENTS = 20_000  # that a mixture is fitted to, at most


def validate(net: nn.Module, split: Split) -> float:
    """Return the mean squared error per pixel of `net.reconstruct` on a split; NaN if empty."""
    if not len(split):
        return math.nan
    field = split.schema.inputs[0]
    total = 0.0
    with eval_mode(net) as device:
        for batch in split.batches(min(256, batch_size_for(split.schema[field]))).on(device):
            pictures = tensor_of(batch, field)
            total += float(squared_errors(_reconstruct(net, pictures), pictures).sum())
    return total / len(split)


def fit_mixture(net: nn.Module, train: Split) -> None:
    """Fit the latent mixture of a net to the latents of training pictures.

    net: with `body`, pictures -> latents, and one `LatentMixture` layer; without it, nothing is
        fitted.
    """
    layers = [module for module in net.modules() if isinstance(module, LatentMixture)]
    if len(layers) != 1:
        return
    encoder, field = net.get_submodule("body"), train.schema.inputs[0]
    subset = train.select(train.ids[even_indices(len(train), MAX_LATENTS)])
    latents: list[Tensor] = []
    with eval_mode(net) as device:
        for batch in subset.batches(min(256, batch_size_for(train.schema[field]))).on(device):
            latents.append(encoder(tensor_of(batch, field)).cpu())
        layers[0].fit(torch.cat(latents))


def _reconstruct(net: nn.Module, pictures: Tensor) -> Tensor:
    reconstruction: Any = getattr(net, "reconstruct")(pictures)  # noqa: B009 - nn.Module has no such method
    return reconstruction
