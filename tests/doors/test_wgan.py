"""A forger imitates a ring of eight heaps of points, led by a critic of bounded slope (WGAN-GP)."""

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from curves import curve
from torch import Tensor, nn

from brique import data
from brique.data import Batch
from brique.game import Game, Player, slope
from brique.run import Run
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 500
    batch_size: int = 64
    penalty: float = 1.0
    lr: float = 2e-3
    seed: int = 0


def ring(n: int) -> Tensor:
    """Return points (n, 2), spread 0.1 about eight places of a circle of radius 2."""
    drawn = torch.Generator().manual_seed(0)
    angle = torch.randint(8, (n,), generator=drawn) * (math.pi / 4)
    centers = 2 * torch.stack([angle.cos(), angle.sin()], dim=1)
    return centers + 0.1 * torch.randn(n, 2, generator=drawn)


def layers(*widths: int) -> nn.Sequential:
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*parts[:-1])


def apart(a: Tensor, b: Tensor) -> Tensor:
    """Return the energy distance of two clouds of points, 0 if they are alike."""
    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = data.arrays(point=ring(4000))
    nets = run.place({"forger": layers(4, 64, 64, 2), "critic": layers(2, 64, 64, 1)})
    forger, critic = nets["forger"], nets["critic"]
    fixed, real = run.noise(400, 4, name="fixed"), points.valid["point"].to(run.device)

    def forged(n: int) -> Tensor:
        return forger(run.noise(n, 4))  # (n, 2)

    def fooled(batch: Batch) -> Tensor:  # what the critic pays
        fake, share = forged(len(batch)), run.noise(len(batch), 1, kind="uniform")
        between = share * batch.point + (1 - share) * fake
        steep = (slope(critic, between).norm(dim=1) - 1).square().mean()
        return critic(fake).mean() - critic(batch.point).mean() + args.penalty * steep

    def caught(batch: Batch) -> Tensor:  # what the forger pays
        return -critic(forged(len(batch))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.9))
    game = Game(
        Player("critic", critic, fooled, adam),
        Player("forger", forger, caught, adam, every=5),
    )
    stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    run.log(apart=apart(forger(fixed), real))

    for turn in run.play(game, stream):
        if turn.looks:
            run.log(turn, apart=apart(forger(fixed), real))

    return run.finish(task="none", forger=forger, critic=critic)


def test_the_forgeries_come_to_lie_on_the_ring(whole):
    apart = curve(whole, "apart")
    assert apart[0] / apart[-1] > 8, apart


def test_it_stops_and_resumes_exactly(whole, tmp_path, monkeypatch):
    stops = [2, 4, 300, 303, 499]  # before, at and after a move of the forger
    pieces = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(whole, pieces)
