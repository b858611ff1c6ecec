"""What `adversarial_autoencoder` measures and what its rivals pay, on nets whose answer is known."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from brique.data import Batch
from brique.game import Game, Player
from brique.recipes.generative.adversarial_autoencoder import STYLE, judged, rivals
from brique.tasks.samples import SHAPES, classes


class Says(nn.Module):
    """Returns rows that it was given, whatever it is asked."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def forward(self, inputs):
        return self.rows[: len(inputs)]


def noise(seed):
    return torch.randn(1000, 1 + STYLE, generator=torch.Generator().manual_seed(seed))


def says(code, pictures):
    return nn.Sequential(Says(code), Says(pictures))


@pytest.mark.parametrize("name", SHAPES)
def test_codes_that_are_draws_of_the_shape_are_not_told_from_it(name):
    batch = Batch({"image": torch.zeros(1000, 1, 2, 2)})
    pictures = torch.full((1000, 1, 2, 2), 0.5)
    found = judged(name, says(SHAPES[name](noise(1)), pictures), batch, noise(2))
    assert found["told"] == pytest.approx(0.5, abs=0.04)
    assert found["error"] == 0.25
    others = [judged(n, says(SHAPES[name](noise(1)), pictures), batch, noise(2)) for n in SHAPES]
    assert sum(one["told"] > 0.7 for one in others) == 2


def test_plain_codes_stand_beside_the_gaussian():
    batch = Batch({"image": torch.zeros(1000, 1, 2, 2)})
    found = judged("plain", says(SHAPES["gaussian"](noise(1)), batch.image), batch, noise(2))
    assert found == {"told": pytest.approx(0.5, abs=0.04), "error": 0}


def test_a_reader_is_right_where_the_likeliest_class_is():
    code = classes(3, noise(1))
    label = code[:, :3].argmax(dim=1)
    label[:100] = (label[:100] + 1) % 3
    batch = Batch({"image": torch.zeros(1000, 1, 2, 2), "label": label})
    assert judged("alone", says(code, batch.image), batch, noise(2)) == {
        "accuracy": pytest.approx(0.9)
    }


def test_a_critic_that_only_guesses_pays_two_bits_and_its_rival_one():
    encoder, critic = nn.Linear(4, 2), nn.Linear(2, 1)
    nn.init.zeros_(critic.weight)
    nn.init.zeros_(critic.bias)
    run = SimpleNamespace(noise=torch.randn, once=lambda make, *inputs: make(*inputs))
    one, two = rivals(run, encoder, critic, SHAPES["ring"], 1e-3)
    batch = Batch({"image": torch.randn(8, 4)})
    assert one.loss(batch).item() == pytest.approx(2 * math.log(2))
    assert two.loss(batch).item() == pytest.approx(math.log(2))


def test_the_critic_learns_to_tell_and_the_deceiver_to_come_near():
    torch.manual_seed(0)
    encoder, critic = nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    run = SimpleNamespace(noise=torch.randn, once=lambda make, *inputs: make(*inputs))
    one, two = rivals(run, encoder, critic, lambda drawn: drawn[:, :2] + 5, 1e-2)
    batches = [Batch({"image": torch.randn(64, 4)}) for _ in range(150)]
    first = encoder(batches[0].image).mean(dim=0)
    for _ in Game(one, reads=[encoder]).play(batches, turns=150):
        pass
    assert one.loss(batches[0]).item() < 0.3
    kept = [value.clone() for value in critic.parameters()]
    rebuilder = Player(
        "rebuilder", encoder, lambda batch: 0 * encoder(batch.image).sum(), two.optimizer
    )
    for _ in Game(rebuilder, two, reads=[critic]).play(batches, turns=150):
        pass
    assert (encoder(batches[0].image).mean(dim=0) - 5).norm() < (first - 5).norm() - 1
    assert all(map(torch.equal, kept, critic.parameters()))
