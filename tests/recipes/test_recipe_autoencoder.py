"""What `autoencoder` measures and draws, where the answer is known."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from brique import data
from brique.data import Data
from brique.evaluation import classifier
from brique.recipes.unsupervised.autoencoder import Args, build, interpolate, main
from brique.run import Launch, launched
from brique.tasks.reconstruct import principal_components


@pytest.fixture(scope="module")
def digits() -> Data:
    return data.open("digits", size=28, channels=1)


def test_each_net_has_a_latent_of_its_size(digits: Data):
    for name, size in ("latent3", 3), ("latent7", 7):
        encoder, decoder = build(replace(Args(), latent_sizes=(3, 7)), digits.schema)[name]
        latents = encoder(torch.rand(5, 1, 28, 28))
        assert latents.shape == (5, size)
        assert decoder(latents).shape == (5, 1, 28, 28)


def test_interpolation_is_linear_in_the_latents():
    encoder, decoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 3)), nn.Linear(3, 784)
    last, first = torch.rand(2, 1, 28, 28)
    path = interpolate(nn.Sequential(encoder, nn.Sequential(decoder, nn.Tanh())), first, last)
    ends = encoder(torch.stack([first, last]))
    for place, weight in enumerate(torch.arange(12) / 11):
        latent = ends[0] + weight * (ends[1] - ends[0])
        assert torch.allclose(path[place], decoder(latent).tanh(), atol=1e-6)
    assert not path.requires_grad


def test_its_numbers_are_those_of_the_test_part(
    digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(classifier, "_TURNS", 20)
    args = replace(Args(), turns=3, latent_sizes=(5,))
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        numbers = main(args)
    (pca,) = principal_components(digits.train, [5])
    (test,) = digits.test.batches(1000)
    error = (pca(test.image) - test.image).square().mean().item()
    assert numbers["pca_error5"] == pytest.approx(error, rel=1e-5)
    assert numbers["error_ratio5"] == pytest.approx(error / numbers["net_error5"], rel=1e-5)
    gain = numbers["net_accuracy5"] - numbers["pca_accuracy5"]
    assert numbers["accuracy_gain5"] == gain
    drawn = {path.name for path in (tmp_path / "run" / "pictures").iterdir()}
    assert drawn == {"reconstructions.png", "interpolations.png"}
