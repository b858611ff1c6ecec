"""The priors, metrics and losses of `adversarial_autoencoder`, where the answer is known."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from brique.data import Batch
from brique.evaluation.two_sample import nearest_neighbor_test
from brique.game import Game, Player
from brique.recipes.generative.adversarial_autoencoder import (
    PRIORS,
    adversaries,
    gaussian,
    metrics,
    nn_accuracy,
    scatter,
)


class Constant(nn.Module):
    """Returns the rows that it holds, for any input."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows = rows

    def forward(self, inputs: Tensor) -> Tensor:
        return self.rows[: len(inputs)]


def noise(seed: int, n: int = 1000):
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))


def paid(player: Player, batch: Batch) -> float:
    loss = player.loss(batch)
    assert isinstance(loss, Tensor)
    return loss.item()


def autoencoder(latents: Tensor, pictures: Tensor):
    return nn.Sequential(Constant(latents), Constant(pictures))


@pytest.mark.parametrize("name", PRIORS)
def test_latents_that_are_samples_of_a_prior_pass_its_test_alone(name: str):
    batch = Batch({"image": torch.zeros(1000, 1, 2, 2)})
    net = autoencoder(PRIORS[name](noise(1)), torch.full((1000, 1, 2, 2), 0.5))
    found = metrics(name, net, batch, noise(2))
    assert found["nn_accuracy"] == pytest.approx(0.5, abs=0.04)
    assert found["error"] == 0.25
    others = [metrics(n, net, batch, noise(2)) for n in PRIORS]
    assert sum(one["nn_accuracy"] > 0.7 for one in others) == 2


def test_plain_latents_are_compared_with_the_gaussian():
    batch = Batch({"image": torch.zeros(1000, 1, 2, 2)})
    found = metrics("plain", autoencoder(gaussian(noise(1)), batch.image), batch, noise(2))
    assert found == {"nn_accuracy": pytest.approx(0.5, abs=0.04), "error": 0}


def test_each_prior_has_its_moments_and_its_shape():
    drawn = {name: prior(noise(0, 20_000)) for name, prior in PRIORS.items()}
    assert drawn["gaussian"].std(dim=0) == pytest.approx([1, 1], abs=0.03)
    assert drawn["ring"].norm(dim=1).mean() == pytest.approx(2, abs=0.03)
    angle = torch.atan2(drawn["ring"][:, 1], drawn["ring"][:, 0]) * 10 / (2 * torch.pi)
    shares = torch.bincount(angle.round().long() % 10, minlength=10) / len(angle)
    assert shares == pytest.approx([0.1] * 10, abs=0.01)
    thin = PRIORS["swiss_roll"](noise(0, 20_000) * torch.tensor([0.0, 0.0, 1.0]))
    radius = thin.norm(dim=1) / 2.5
    spiral = torch.stack([(4 * torch.pi * radius).cos(), (4 * torch.pi * radius).sin()], 1)
    assert torch.allclose(thin, 2.5 * radius[:, None] * spiral, atol=1e-3)
    uniform = radius.square()  # twice as far out the spiral is twice as long
    quantiles = uniform.quantile(torch.tensor([0.0, 0.5, 1.0]))
    assert quantiles == pytest.approx([0.05, 0.525, 1], abs=0.02)


def test_the_two_sample_test_is_a_mean_over_pieces_as_large_as_the_sample():
    samples = torch.randn(50, 2)
    near, far = torch.randn(50, 2), torch.randn(50, 2) + 100
    one, other = nearest_neighbor_test(near, samples), nearest_neighbor_test(far, samples)
    assert other == 1
    assert nn_accuracy(torch.cat([near, far, near[:7]]), samples) == (one + other) / 2
    assert nn_accuracy(near[:20], samples) == nearest_neighbor_test(near[:20], samples[:20])


def test_priors_are_plotted_above_latents_colored_by_class():
    latents = {"ring": torch.zeros(4, 2), "gaussian": torch.ones(4, 2)}
    one, two = (scatter(latents, torch.tensor(k), noise(3, 9)) for k in ([0] * 4, [0, 0, 0, 1]))
    assert one.shape == (4, 3, 220, 220)
    assert torch.equal(one[:2], two[:2]), "samples of a prior have no class"
    assert not torch.equal(one[2:], two[2:])


def test_a_guessing_discriminator_pays_two_bits_and_the_encoder_one():
    encoder, discriminator = nn.Linear(4, 2), nn.Linear(2, 1)
    nn.init.zeros_(discriminator.weight)
    nn.init.zeros_(discriminator.bias)
    run: Any = SimpleNamespace(noise=torch.randn, once=lambda make, *inputs: make(*inputs))
    one, two = adversaries(run, encoder, discriminator, PRIORS["ring"], 1e-3)
    batch = Batch({"image": torch.randn(8, 4)})
    assert paid(one, batch) == pytest.approx(2 * math.log(2))
    assert paid(two, batch) == pytest.approx(math.log(2))


def test_the_discriminator_separates_and_the_encoder_approaches_the_prior():
    torch.manual_seed(0)
    encoder = nn.Linear(4, 2)
    discriminator = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    run: Any = SimpleNamespace(noise=torch.randn, once=lambda make, *inputs: make(*inputs))
    one, two = adversaries(run, encoder, discriminator, lambda noise: noise[:, :2] + 5, 1e-2)
    batches = [Batch({"image": torch.randn(64, 4)}) for _ in range(150)]
    first = encoder(batches[0].image).mean(dim=0)
    for _ in Game(one, reads=[encoder]).play(batches, turns=150):
        pass
    assert paid(one, batches[0]) < 0.3
    kept = [value.clone() for value in discriminator.parameters()]
    autoencoder = Player(
        "autoencoder", encoder, lambda batch: 0 * encoder(batch.image).sum(), two.optimizer
    )
    for _ in Game(autoencoder, two, reads=[discriminator]).play(batches, turns=150):
        pass
    assert (encoder(batches[0].image).mean(dim=0) - 5).norm() < (first - 5).norm() - 1
    assert all(map(torch.equal, kept, discriminator.parameters()))
