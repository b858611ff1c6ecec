"""A generator learns a ring of eight clusters, with a critic of bounded gradient (WGAN-GP)."""

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from curves import curve
from torch import Tensor, nn

from brique import data
from brique.data import Batch
from brique.game import Game, Player, gradient
from brique.run import Run
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 500
    batch_size: int = 64
    penalty: float = 1.0
    lr: float = 2e-3
    seed: int = 0


def ring_of_clusters(n: int) -> Tensor:
    """Return points (n, 2), with std 0.1 around eight centers of a circle of radius 2."""
    generator = torch.Generator().manual_seed(0)
    angle = torch.randint(8, (n,), generator=generator) * (math.pi / 4)
    centers = 2 * torch.stack([angle.cos(), angle.sin()], dim=1)
    return centers + 0.1 * torch.randn(n, 2, generator=generator)


def layers(*widths: int) -> nn.Sequential:
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*parts[:-1])


def energy_distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the energy distance of two clouds of points, 0 if they are alike."""
    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = data.arrays(point=ring_of_clusters(4000))
    nets = run.place({"generator": layers(4, 64, 64, 2), "critic": layers(2, 64, 64, 1)})
    generator, critic = nets["generator"], nets["critic"]
    fixed, real = run.noise(400, 4, name="fixed"), points.valid["point"].to(run.device)

    def fakes(n: int) -> Tensor:
        return generator(run.noise(n, 4))  # (n, 2)

    def critic_loss(batch: Batch) -> Tensor:  # what the critic pays
        fake, share = fakes(len(batch)), run.noise(len(batch), 1, kind="uniform")
        interpolated = share * batch.point + (1 - share) * fake
        gradient_penalty = (gradient(critic, interpolated).norm(dim=1) - 1).square().mean()
        return critic(fake).mean() - critic(batch.point).mean() + args.penalty * gradient_penalty

    def generator_loss(batch: Batch) -> Tensor:  # the loss of the generator
        return -critic(fakes(len(batch))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.9))
    game = Game(
        Player("critic", critic, critic_loss, adam),
        Player("generator", generator, generator_loss, adam, every=5),
    )
    stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    run.log(energy_distance=energy_distance(generator(fixed), real))

    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, energy_distance=energy_distance(generator(fixed), real))

    return run.finish(task="none", generator=generator, critic=critic)


def test_fakes_match_the_ring(uninterrupted):
    distances = curve(uninterrupted, "energy_distance")
    assert distances[0] / distances[-1] > 8, distances


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    stops = [2, 4, 300, 303, 499]  # before, at and after a move of the generator
    resumed = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(uninterrupted, resumed)
