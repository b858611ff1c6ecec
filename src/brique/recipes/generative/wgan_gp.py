"""A Wasserstein GAN with gradient penalty learns a mixture of 25 Gaussians (WGAN-GP).

Paper    Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1.
Departs  128 units per layer; fewer turns at a higher, decaying learning rate; the plain GAN, for
         comparison, has the same nets but a tenth of the learning rate, Adam's betas (0.5, 0.999)
         in place of (0, 0.9), and a generator that is updated every turn.
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
from brique.game import Game, Player, gradient, linear
from brique.run import Run
from brique.schema import Schema

# modes: how many of the 25 are covered; gradient_norm: mean norm of the critic's gradient at
# interpolated points
EXPECT = {"generated": {"modes": (25, 25), "gradient_norm": (0.9, 1.1), "plain_modes": (0, 24)}}
QUICK = {"turns": 160}
LEARNS = {"wgan_gp/energy_distance": "falls"}

STD = 0.05  # of each Gaussian; neighboring means have distance 1


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    turns: int = 20000
    """Turns (training steps) of each game; the WGAN-GP generator is updated every fifth turn."""
    batch_size: int = 128
    """Number of real points per batch, and of generated ones."""
    noise: int = 2
    """Dimensions of the noise."""
    penalty: float = 1.0
    """Weight of the gradient penalty, lambda in the paper."""
    lr: float = 2e-3
    """Initial learning rate of Adam for WGAN-GP, decayed to zero; the plain GAN has a tenth."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Nets: noise (N, Z) -> points (N, 2); points (N, 2) -> scores (N, 1)."""

    def mlp(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(),
            nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, outputs),
        )  # fmt: skip

    return {
        "generator": mlp(args.noise, 2), "critic": mlp(2, 1),
        "plain_generator": mlp(args.noise, 2), "plain_discriminator": mlp(2, 1),
    }  # fmt: skip


def main(args: Args) -> dict[str, float]:
    """Train a plain GAN, then WGAN-GP; count the modes that each generator covers."""
    run = Run.start(__file__, args)
    points = gaussians(16_000)
    nets = run.place(build(args, points.schema))
    fixed_noise = run.noise(5000, args.noise, name="scores")  # the same noise at every evaluation
    generator, critic, plain_generator, plain_discriminator = nets.values()

    def critic_loss(batch: Batch) -> Tensor:  # minus the estimated Wasserstein distance
        real, fake = batch.point, generator(run.noise(len(batch), args.noise))
        epsilon = run.noise(len(batch), 1, kind="uniform")
        norm = gradient(critic, epsilon * real + (1 - epsilon) * fake).norm(dim=1)  # (N,)
        gradient_penalty = args.penalty * (norm - 1).square().mean()
        return critic(fake).mean() - critic(real).mean() + gradient_penalty

    def g_loss(batch: Batch) -> Tensor:
        return -critic(generator(run.noise(len(batch), args.noise))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.0, 0.9))
    wgan_gp = Game(
        Player("critic", critic, critic_loss, adam, schedule=linear),
        Player("generator", generator, g_loss, adam, schedule=linear, every=5),
    )
    plain = plain_gan(run, plain_generator, plain_discriminator, args)
    for name, game, net in ("plain", plain, plain_generator), ("wgan_gp", wgan_gp, generator):
        stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.evaluate:
                fake = net(fixed_noise)
                distance = energy_distance(fake, points.valid)
                run.log(turn, energy_distance=distance, modes=count_modes(fake))

    (test,) = points.test.batches(len(points.test)).on(run.device)
    plain_fake, fake = plain_generator(fixed_noise), generator(fixed_noise)
    run.picture("points", scatter(test.point, plain_fake, fake))
    epsilon = run.noise(len(test), 1, kind="uniform", name="interpolates")
    interpolates = epsilon * test.point + (1 - epsilon) * fake[: len(test)]
    norm = gradient(critic, interpolates).norm(dim=1).mean()
    results = {"modes": count_modes(fake), "plain_modes": count_modes(plain_fake)}
    results |= {"gradient_norm": norm.item()}
    return run.finish(answers="generator", task="generate", **nets, **results)


def plain_gan(run: Run, generator: nn.Module, discriminator: nn.Module, args: Args) -> Game:
    """Return the game of Goodfellow et al. 2014, with the non-saturating loss."""

    def d_loss(batch: Batch) -> Tensor:
        fake_logits = discriminator(generator(run.noise(len(batch), args.noise)))
        real_logits = discriminator(batch.point)
        return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()

    def g_loss(batch: Batch) -> Tensor:
        fake_logits = discriminator(generator(run.noise(len(batch), args.noise)))
        return functional.softplus(-fake_logits).mean()

    adam = partial(torch.optim.Adam, lr=args.lr / 10, betas=(0.5, 0.999))
    return Game(
        Player("discriminator", discriminator, d_loss, adam, schedule=linear),
        Player("generator", generator, g_loss, adam, schedule=linear),
    )


def gaussians(n: int) -> data.Data:
    """Return n points (n, 2) of a mixture of 25 Gaussians on a 5 x 5 grid, always the same."""
    generator = torch.Generator().manual_seed(25)
    means = torch.randint(-2, 3, (n, 2), generator=generator)
    points = means + STD * torch.randn(n, 2, generator=generator)
    return data.arrays(point=points, name="25 Gaussians")


def count_modes(points: Tensor) -> int:
    """Count the modes that have at least 1% of all points (N, 2) within three std of their mean."""
    mean = points.round().clamp(-2, 2)
    near = mean[(points - mean).norm(dim=1) < 3 * STD]
    _, counts = near.unique(dim=0, return_counts=True)
    return int((counts >= len(points) / 100).sum())  # an equal share is 4%


def energy_distance(fake: Tensor, split: Split) -> Tensor:
    """Return the energy distance of generated (N, 2) and real points; 0: equal distributions."""
    real, fake = next(split.batches(1000)).point, fake[:1000].cpu()
    between, within = torch.cdist(fake, real).mean(), torch.cdist(fake, fake).mean()
    return 2 * between - within - torch.cdist(real, real).mean()


def scatter(*samples: Tensor) -> Tensor:
    """Return scatter plots (3, H, W), side by side, of the first 2,500 of samples (N, 2)."""
    panels = [Panel(size=(200, 200), x=(-2.5, 2.5), y=(-2.5, 2.5)) for _ in samples]
    for panel, points in zip(panels, samples, strict=True):
        panel.points(points[:2500, 0], points[:2500, 1], radius=0.7, color=4)
    return torch.cat([panel.pixels() for panel in panels], dim=2)


if __name__ == "__main__":
    cli.main_with(Args, main)
