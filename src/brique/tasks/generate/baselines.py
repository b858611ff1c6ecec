"""Pictures without a net: the mean picture, and samples of a Gaussian in PCA space."""

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
    """Return the PCA coordinates of the pictures of each baseline: (N, D), as many as `real`.

    fit: whether to sample the Gaussian too; else there is only the mean picture.
    """
    latents = {"mean": torch.zeros_like(real)}
    if fit:
        normal = torch.randn(real.shape, generator=keys.generator(_KEY))
        latents["axes"] = normal * components.std
    return latents
