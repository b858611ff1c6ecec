"""A forger learns to draw digits by deceiving a critic (GAN).

Paper    Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1, non-saturating forger of section 3.
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
from brique.tasks.generate import gap, recognised

# critic: nats, 2 ln 2 = 1.386 when it only guesses; the others: a digit reader's view of forgeries
EXPECT = {"mnist": {"critic": (0.9, 1.38), "recognised": (0.6, 1.0), "rarest": (0.03, 0.1)}}
QUICK = {"turns": 60}
LEARNS = {"gap": "falls"}  # from the mean forgery to the mean digit


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path."""
    turns: int = 9400
    """Turns: one move of the critic, one of the forger."""
    batch_size: int = 128
    """Real digits a turn, and as many forgeries."""
    noise: int = 64
    """Numbers that each forgery starts from."""
    lr: float = 2e-4
    """Step length of both Adams."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Forger: noise (N, Z) -> digits (N, 1, 28, 28) in [0, 1]; critic: digits -> scores (N, 1)."""
    forger = nn.Sequential(
        nn.Linear(args.noise, 512), nn.BatchNorm1d(512), nn.LeakyReLU(0.2),
        nn.Linear(512, 1024), nn.BatchNorm1d(1024), nn.LeakyReLU(0.2),
        nn.Linear(1024, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)),
    )  # fmt: skip
    critic = nn.Sequential(
        Standardize(0.5, 0.5), nn.Flatten(),  # pixels to [-1, 1]; without it the forger collapses
        nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Linear(256, 1),
    )  # fmt: skip
    return {"forger": forger, "critic": critic}


def main(args: Args) -> dict[str, float]:
    """Play critic against forger; at the end a digit reader judges the forgeries."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    nets = run.place(build(args, digits.schema))
    forger, critic = nets["forger"], nets["critic"]
    fixed = run.noise(64, args.noise, name="pictures")  # the same 64 seeds in every picture

    def forgeries(n: int) -> Tensor:
        return forger(run.noise(n, args.noise))  # (n, 1, 28, 28)

    def fooled(batch: Batch) -> Tensor:  # what the critic pays
        real, forged = critic(batch.image), critic(forgeries(len(batch)))
        return functional.softplus(-real).mean() + functional.softplus(forged).mean()

    def caught(batch: Batch) -> Tensor:  # what the forger pays
        return functional.softplus(-critic(forgeries(len(batch)))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.999))
    game = Game(Player("critic", critic, fooled, adam), Player("forger", forger, caught, adam))
    stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)

    for turn in run.play(game, stream):
        if turn.looks:
            forged = run.picture(f"forgeries-{turn.index:06d}", forger, fixed)
            run.log(turn, gap=gap(forged, digits.valid))

    judged = recognised(forger, run.noise(2000, args.noise, name="judged"), digits)
    return run.finish(task="generate", forger=forger, critic=critic, **judged)


if __name__ == "__main__":
    cli.main_with(Args, main)
