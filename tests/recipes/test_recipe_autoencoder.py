"""What `autoencoder` measures and draws, where the answer is known."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from brique import data
from brique.recipes.unsupervised.autoencoder import Args, between, build, main
from brique.run import Launch, launched
from brique.tasks import reader
from brique.tasks.reconstruct import principal


@pytest.fixture(scope="module")
def digits():
    return data.open("digits", size=28, channels=1)


def test_each_net_has_a_code_of_its_size(digits):
    for name, size in ("code3", 3), ("code7", 7):
        encoder, decoder = build(replace(Args(), sizes=(3, 7)), digits.schema)[name]
        codes = encoder(torch.rand(5, 1, 28, 28))
        assert codes.shape == (5, size)
        assert decoder(codes).shape == (5, 1, 28, 28)


def test_the_way_between_two_digits_is_straight_in_the_codes():
    encoder, decoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 3)), nn.Linear(3, 784)
    last, first = torch.rand(2, 1, 28, 28)
    way = between(nn.Sequential(encoder, nn.Sequential(decoder, nn.Tanh())), first, last)
    ends = encoder(torch.stack([first, last]))
    for place, share in enumerate(torch.arange(12) / 11):
        code = ends[0] + share * (ends[1] - ends[0])
        assert torch.allclose(way[place], decoder(code).tanh(), atol=1e-6)
    assert not way.requires_grad


def test_its_numbers_are_those_of_the_test_part(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "_TURNS", 20)
    args = replace(Args(), turns=3, sizes=(5,))
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        numbers = main(args)
    (axes,) = principal(digits.train, [5])
    (test,) = digits.test.batches(1000)
    error = (axes(test.image) - test.image).square().mean().item()
    assert numbers["linear_error5"] == pytest.approx(error, rel=1e-5)
    assert numbers["ratio5"] == pytest.approx(error / numbers["net_error5"], rel=1e-5)
    assert numbers["gain5"] == numbers["net_read5"] - numbers["linear_read5"]
    drawn = {path.name for path in (tmp_path / "run" / "pictures").iterdir()}
    assert drawn == {"reconstructions.png", "interpolations.png"}
