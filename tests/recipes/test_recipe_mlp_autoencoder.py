"""The metric of `mlp_autoencoder`, and the sizes of its net."""

import pytest
import torch
from torch import Tensor, nn

from brique import data
from brique.recipes.unsupervised.mlp_autoencoder import Args, build, unexplained_variance
from brique.tasks.reconstruct import principal_components


class Mean(nn.Module):
    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.mean(dim=0, keepdim=True).expand_as(pictures)


def test_perfect_pictures_leave_nothing_unexplained_and_their_mean_everything():
    pictures = torch.rand(50, 1, 4, 4)
    assert unexplained_variance(nn.Identity(), pictures) == 0
    assert unexplained_variance(Mean(), pictures).item() == pytest.approx(1, rel=1e-5)


def test_components_leave_the_variance_of_the_others():
    digits = data.open("digits")
    pictures = next(digits.train.batches(len(digits.train))).image
    (pca,) = principal_components(digits.train, [8])
    variances = torch.linalg.eigvalsh(pictures.flatten(1).double().T.cov(correction=0))
    share = variances[:-8].sum() / variances.sum()
    assert unexplained_variance(pca, pictures).item() == pytest.approx(share.item(), rel=1e-4)


def test_the_latent_has_its_size():
    encoder, decoder = build(Args(latent_size=3), data.open("digits").schema)
    latents = encoder(torch.rand(5, 1, 8, 8))
    assert latents.shape == (5, 3)
    assert decoder(latents).shape == (5, 1, 8, 8)
