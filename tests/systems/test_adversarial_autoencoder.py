"""An adversarial autoencoder: three players, two of them share the encoder.

Makhzani et al. 2015, arXiv:1511.05644.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 300
    batch_size: int = 64
    lr: float = 2e-3
    seed: int = 0


def curved_sheet(n: int) -> Tensor:
    """Return points (n, 8) of a curved sheet of two dimensions."""
    generator = torch.Generator().manual_seed(0)
    coordinates = 2 * torch.rand(n, 2, generator=generator) - 1
    return torch.tanh(coordinates @ torch.randn(2, 8, generator=generator)) + 0.5


def layers(*widths: int) -> nn.Sequential:
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*parts[:-1])


def energy_distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the energy distance of two clouds of points, 0 if they are alike."""
    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = data.arrays(point=curved_sheet(4000))
    encoder, decoder = run.place(layers(8, 32, 32, 2)), run.place(layers(2, 32, 32, 8))
    critic = run.place(layers(2, 32, 32, 1))
    prior, valid_points = run.noise(400, 2, name="prior"), points.valid["point"].to(run.device)

    def reconstruction_loss(batch: Batch) -> Tensor:  # the loss of the autoencoder
        return functional.mse_loss(decoder(encoder(batch.point)), batch.point)

    def critic_loss(batch: Batch) -> Tensor:  # what the critic pays
        prior_score, latent_score = critic(run.noise(len(batch), 2)), critic(encoder(batch.point))
        return functional.softplus(-prior_score).mean() + functional.softplus(latent_score).mean()

    def adversarial_loss(batch: Batch) -> Tensor:  # the loss of the generator
        return functional.softplus(-critic(encoder(batch.point))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.99))
    game = Game(
        Player("autoencoder", [encoder, decoder], reconstruction_loss, adam, schedule=cosine),
        Player("critic", critic, critic_loss, adam, schedule=cosine),
        Player(
            "generator", encoder, adversarial_loss, adam, schedule=cosine, shares=("autoencoder",)
        ),
    )
    stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    run.log(energy_distance=energy_distance(encoder(valid_points), prior))

    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, energy_distance=energy_distance(encoder(valid_points), prior))

    return run.finish(task="none", encoder=encoder, decoder=decoder, critic=critic)


def test_latents_reconstruct_and_match_the_prior(uninterrupted):
    losses, distances = curve(uninterrupted, "autoencoder"), curve(uninterrupted, "energy_distance")
    assert losses[0] / losses[-1] > 50, losses
    assert distances[0] / distances[-1] > 8, distances


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    resumed = stopped(main, Args(), tmp_path / "pieces", [0, 77, 190, 191, 299], monkeypatch)
    assert_equal(uninterrupted, resumed)
