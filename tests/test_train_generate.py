"""`brique train --task generate`: pictures that are made, told from real ones or not, shown."""

import numpy as np
import pytest
import torch
from torch import nn

import brique
from brique import data, nets
from brique.cli import main
from brique.errors import DataError, ModelError, ShapeError
from brique.evaluation.two_sample import nearest_neighbor_test, own_neighbor_shares
from brique.nets.latent_mixture import LatentMixture
from brique.planning import Request
from brique.run import read_run
from brique.tasks import generate
from brique.tasks.generate import train as training
from brique.tasks.generate.plan import plan
from resuming import alone, assert_equal, stopped


def test_a_mixture_draws_what_it_learnt():
    draw = torch.Generator().manual_seed(0)
    heaps = torch.tensor([[5.0, 0.0], [-5.0, 3.0]])
    which = torch.randint(2, (3000,), generator=draw)
    known = heaps[which] + torch.randn(3000, 2, generator=draw) * torch.tensor([0.3, 1.0])
    brick = LatentMixture(2, components=2)
    brick.fit(known)
    drawn = brick(torch.randn(3000, 3, generator=draw))
    assert nearest_neighbor_test(known, drawn) == pytest.approx(0.5, abs=0.03)
    assert float(drawn[drawn[:, 0] > 0].std(dim=0)[0]) == pytest.approx(0.3, abs=0.03)


def test_of_few_codes_fewer_parts_are_fitted():
    brick = LatentMixture(3, components=10)
    brick.fit(torch.randn(30, 3))  # one part alone: the others are never chosen
    assert brick.cumulative_weights.tolist() == [1.0] * 10
    assert bool(brick(torch.randn(50, 4)).isfinite().all())
    assert torch.equal(LatentMixture(3)(torch.zeros(2, 4)), torch.zeros(2, 3))


def test_the_net_makes_pictures_of_noise_and_rebuilds_others():
    net = nets.generator([3, 16, 20], 0.5, 0.5, latent=6, width=4)
    assert net.noise_size == 7
    assert net(torch.randn(5, 7)).shape == (5, 3, 16, 20)
    assert net.reconstruct(torch.rand(5, 3, 16, 20)).shape == (5, 3, 16, 20)


class Echo(nn.Module):
    """Makes pictures of a pool, one for each row of noise."""

    noise_size = 1

    def __init__(self, pool):
        super().__init__()
        self.pool = pool

    def forward(self, noise):
        return self.pool[(1000 * noise[:, 0].abs()).long() % len(self.pool)]


def pixels(split):
    return torch.as_tensor(split["image"]).float() / 255


def test_copies_of_train_are_found():
    digits = data.open("digits")
    values = generate.evaluate(Echo(pixels(digits.train)), digits, compare=False).values
    assert values["test"]["copied"] == 1.0
    assert values["test"]["mixing"] > 0.8
    assert set(values["baseline"]) == {"mean"}


def test_noise_is_told_from_digits_and_a_normal_distribution_stands_beside():
    digits = data.open("digits")
    noise = torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    values = generate.evaluate(Echo(noise), digits).values
    assert values["test"]["mixing"] < 0.1
    assert values["test"]["copied"] == 0
    assert values["comparison"]["best"] == "axes"
    assert values["comparison"]["outcome"] == "worse"
    assert generate.sentence(values).startswith(
        "Worse than the best baseline. Nearest-neighbor mixing of 359"
    )
    with pytest.raises(ShapeError, match="size of the noise of a .* is unknown; give"):
        generate.evaluate(nn.Linear(3, 64), digits)


def test_the_shares_are_those_of_the_test_of_two_samples():
    first, second = torch.randn(40, 2), torch.randn(40, 2) + 1
    own = own_neighbor_shares(first, second)
    assert own.shape == (80,)
    assert float(own.mean()) == nearest_neighbor_test(first, second)


# The verb


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "run"
    words = ["train", "digits", "--task", "generate", "--epochs", "25", "--out", str(out)]
    assert main(words) == 0
    return out


def test_it_is_judged_and_shown(made):
    record = read_run(made)
    assert (record.train, record.result["task"]) == ("generate", "generate")
    assert record.result["test"]["mixing"] > record.result["baseline"]["axes"]["mixing"]
    assert record.json["data"][0]["test_reads"] == 1
    page = (made / "report.html").read_text()
    for title in ("Generated images", "Nearest-neighbor mixing of", "Near-copies of training"):
        assert title in page
    assert "Missing sections" not in page
    assert brique.evaluate(made)["test"] == record.result["test"]
    assert (made / "pictures" / "samples.png").is_file()


def test_its_model_makes_pictures_and_answers_none(made, tmp_path):
    model = brique.load(made)
    pictures = model.net(torch.randn(6, model.net.noise_size)).detach()
    assert pictures.shape == (6, 1, 8, 8)
    assert 0 <= float(pictures.min()) <= float(pictures.max()) <= 1
    with pytest.raises(ModelError, match="generates pictures from noise and takes no input"):
        model.predict([np.zeros((8, 8), np.uint8)])


def test_stopped_and_resumed_it_ends_in_equal_bits(tmp_path, monkeypatch):
    args = training.Args(turns=30, batch_size=32, width=8, latent=4, average=0.8, patience=100)
    whole = alone(training.main, args, tmp_path / "whole")
    pieces = stopped(training.main, args, tmp_path / "pieces", [4, 11, 12, 20, 27], monkeypatch)
    assert_equal(whole, pieces)


def test_codes_are_half_as_long_as_to_rebuild():
    digits = data.open("digits")
    assert plan(digits, Request(source="digits"))["latent"] == 8
    empty = data.arrays(image=torch.rand(20, 1, 8, 8), split=["train"] * 20)
    with pytest.raises(DataError, match="generate: the split is empty"):
        generate.evaluate(Echo(torch.rand(4, 1, 8, 8)), empty)
