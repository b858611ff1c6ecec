"""A forger imitates 25 heaps of points, led by a critic whose slope is held at one (WGAN-GP).

Paper    Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1.
Departs  128 units a layer and few turns, so longer steps that shrink; the plain GAN beside it has
         the same nets, and five times as many moves of its forger.
Run      brique run wgan_gp
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch, Split
from brique.draw import Panel
from brique.game import Game, Player, linear, slope
from brique.run import Run
from brique.schema import Schema

# modes: heaps found, of 25; steepness: mean norm of the critic's slope between real and forged
EXPECT = {"generated": {"modes": (25, 25), "steepness": (0.9, 1.1), "plain_modes": (0, 24)}}
QUICK = {"turns": 160}
LEARNS = {"penalized/apart": "falls"}

SPREAD = 0.05  # of a heap; the middles of two neighbors are 1 apart


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    turns: int = 20000
    """Turns of each game: a move of the critic; every fifth, one of the forger (plain: every)."""
    batch_size: int = 128
    """Real points a turn, and as many forgeries."""
    noise: int = 2
    """Numbers that each forgery starts from."""
    penalty: float = 1.0
    """Weight of the squared distance of the critic's slope from one."""
    lr: float = 2e-3
    """First step length of WGAN-GP's Adams, falling to zero; a plain GAN's is a tenth of it."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Forgers: noise (N, Z) -> points (N, 2); critics: points -> scores (N, 1)."""

    def layers(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
            nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, outputs),
        )  # fmt: skip

    sizes = {"forger": (args.noise, 2), "critic": (2, 1)}
    sizes |= {f"plain_{name}": size for name, size in sizes.items()}
    return {name: layers(*size) for name, size in sizes.items()}


def main(args: Args) -> dict[str, float]:
    """Play the plain game, then the one with the penalty; count the heaps that each found."""
    run = Run.start(__file__, args)
    points = heaps(16_000)
    nets = run.place(build(args, points.schema))
    fixed = run.noise(5000, args.noise, name="judged")  # the same seeds at every look
    forger, critic, plain_forger, plain_critic = nets.values()

    def fooled(batch: Batch) -> Tensor:  # minus the earth mover's distance, as the critic sees it
        real, fake = batch.point, forger(run.noise(len(batch), args.noise))
        share = run.noise(len(batch), 1, kind="uniform")
        steep = slope(critic, share * real + (1 - share) * fake).norm(dim=1)  # (N,)
        penalty = args.penalty * (steep - 1).square().mean()
        return critic(fake).mean() - critic(real).mean() + penalty

    def caught(batch: Batch) -> Tensor:
        return -critic(forger(run.noise(len(batch), args.noise))).mean()

    def plain_fooled(batch: Batch) -> Tensor:
        fake = plain_critic(plain_forger(run.noise(len(batch), args.noise)))
        real = plain_critic(batch.point)
        return functional.softplus(-real).mean() + functional.softplus(fake).mean()

    def plain_caught(batch: Batch) -> Tensor:
        fake = plain_critic(plain_forger(run.noise(len(batch), args.noise)))
        return functional.softplus(-fake).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.0, 0.9))
    plain_adam = partial(torch.optim.Adam, lr=args.lr / 10, betas=(0.5, 0.999))
    plain = Game(
        Player("critic", plain_critic, plain_fooled, plain_adam, schedule=linear),
        Player("forger", plain_forger, plain_caught, plain_adam, schedule=linear),
    )
    penalized = Game(
        Player("critic", critic, fooled, adam, schedule=linear),
        Player("forger", forger, caught, adam, schedule=linear, every=5),
    )
    for name, game, by in ("plain", plain, plain_forger), ("penalized", penalized, forger):
        stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.looks:
                run.log(turn, apart=apart(by(fixed), points.valid), modes=modes(by(fixed)))

    (test,) = points.test.batches(len(points.test)).on(run.device)
    plain_fake, fake = plain_forger(fixed), forger(fixed)
    run.picture("points", seen(test.point, plain_fake, fake))
    share = run.noise(len(test), 1, kind="uniform", name="between")
    between = share * test.point + (1 - share) * fake[: len(test)]
    steep = slope(critic, between).norm(dim=1).mean()
    numbers = {"modes": modes(fake), "plain_modes": modes(plain_fake), "steepness": steep.item()}
    return run.finish(answers="forger", task="generate", **nets, **numbers)


def heaps(n: int) -> data.Data:
    """Return n points (2,): heaps round the 25 crossings of a grid."""
    drawn = torch.Generator().manual_seed(25)
    middles = torch.randint(-2, 3, (n, 2), generator=drawn)
    points = middles + SPREAD * torch.randn(n, 2, generator=drawn)
    return data.arrays(point=points, name="25 Gaussians")


def modes(points: Tensor) -> int:
    """Count the heaps that hold a quarter of their share of points (N, 2) within three spreads."""
    middle = points.round().clamp(-2, 2)
    near = middle[(points - middle).norm(dim=1) < 3 * SPREAD]
    _, counts = near.unique(dim=0, return_counts=True)
    return int((counts >= len(points) / 100).sum())


def apart(fake: Tensor, split: Split) -> Tensor:
    """Return the energy distance of forgeries (N, 2) from real points: 0 where they are alike."""
    real, fake = next(split.batches(1000)).point, fake[:1000].cpu()
    across, within = torch.cdist(fake, real).mean(), torch.cdist(fake, fake).mean()
    return 2 * across - within - torch.cdist(real, real).mean()


def seen(*clouds: Tensor) -> Tensor:
    """Return drawings (3, H, W), side by side, of clouds of points (N, 2)."""
    panels = [Panel(size=(200, 200), x=(-2.5, 2.5), y=(-2.5, 2.5)) for _ in clouds]
    for panel, points in zip(panels, clouds, strict=True):
        panel.marks(points[:2500, 0], points[:2500, 1], radius=0.7, color=4)
    return torch.cat([panel.pixels() for panel in panels], dim=2)


if __name__ == "__main__":
    cli.main_with(Args, main)
