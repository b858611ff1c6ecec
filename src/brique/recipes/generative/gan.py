"""A generator learns to draw digits by fooling a discriminator (GAN).

Paper    Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1, non-saturating loss of section 3.
Departs  Adam and batch norm of Radford et al. 2015, arXiv:1511.06434, section 3.
Run      brique run gan --data mnist
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.bricks import Standardize
from brique.data import Batch
from brique.game import Game, Player
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks.generate import gap, recognized

# discriminator: loss in nats (2 ln 2 = 1.386 at chance); the others: by a digit classifier on fakes
EXPECT = {"mnist": {"discriminator": (0.9, 1.38), "recognized": (0.6, 1.0), "rarest": (0.03, 0.1)}}
QUICK = {"turns": 60}
LEARNS = {"gap": "falls"}  # distance between the mean fake and the mean digit


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path."""
    turns: int = 9400
    """Turns (training steps): one move of the discriminator, one of the generator."""
    batch_size: int = 128
    """Real digits per batch, and fakes."""
    noise: int = 64
    """Dimensions of the noise."""
    lr: float = 2e-4
    """Learning rate of both Adam optimizers."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Nets: noise (N, Z) -> images (N, 1, 28, 28) in [0, 1]; images -> logits (N, 1)."""
    generator = nn.Sequential(
        nn.Linear(args.noise, 512), nn.BatchNorm1d(512), nn.LeakyReLU(0.2),
        nn.Linear(512, 1024), nn.BatchNorm1d(1024), nn.LeakyReLU(0.2),
        nn.Linear(1024, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)),
    )  # fmt: skip
    discriminator = nn.Sequential(
        Standardize(0.5, 0.5), nn.Flatten(),  # to [-1, 1]; without it the generator collapses
        nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(256, 1),
    )  # fmt: skip
    return {"generator": generator, "discriminator": discriminator}


def main(args: Args) -> dict[str, float]:
    """Play discriminator against generator; at the end a digit classifier scores the fakes."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    nets = run.place(build(args, digits.schema))
    generator, discriminator = nets["generator"], nets["discriminator"]
    fixed_noise = run.noise(64, args.noise, name="pictures")  # the same 64 seeds in every picture

    def fakes(n: int) -> Tensor:
        return generator(run.noise(n, args.noise))  # (n, 1, 28, 28)

    def d_loss(batch: Batch) -> Tensor:  # binary cross-entropy of real and fake
        real_logits, fake_logits = discriminator(batch.image), discriminator(fakes(len(batch)))
        return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()

    def g_loss(batch: Batch) -> Tensor:  # non-saturating
        return functional.softplus(-discriminator(fakes(len(batch)))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.999))
    game = Game(
        Player("discriminator", discriminator, d_loss, adam),
        Player("generator", generator, g_loss, adam),
    )
    stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)

    for turn in run.play(game, stream):
        if turn.evaluate:
            samples = run.picture(f"fakes-{turn.index:06d}", generator, fixed_noise)
            run.log(turn, gap=gap(samples, digits.valid))

    scores = recognized(generator, run.noise(2000, args.noise, name="scores"), digits)
    return run.finish(task="generate", generator=generator, discriminator=discriminator, **scores)


if __name__ == "__main__":
    cli.main_with(Args, main)
