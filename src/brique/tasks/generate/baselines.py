"""Pictures without a net: the mean picture, and draws along the principal components of train."""

from collections.abc import Mapping

import torch
from torch import Tensor

from brique import keys
from brique.evaluation.pca import PrincipalComponents

NAMES = {
    "mean": "the mean image",
    "axes": "Gaussian in principal components",
}
"""Titles in sentences and tables."""

_KEY = keys.text_key("generated along axes")


def baseline_latents(
    real: Tensor, components: PrincipalComponents, *, fit: bool
) -> Mapping[str, Tensor]:
    """Return where the pictures of each method lie along the axes: (N, D), as many as real ones.

    fit: whether pictures are drawn along the components; else there is the mean picture alone.
    """
    latents = {"mean": torch.zeros_like(real)}
    if fit:
        normal = torch.randn(real.shape, generator=keys.generator(_KEY))
        latents["axes"] = normal * components.std
    return latents
