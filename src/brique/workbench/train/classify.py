"""A small convolutional net learns to name pictures by their class.

Paper    LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II.
Departs  batch norm (Ioffe, Szegedy 2015, arXiv:1502.03167), ReLU, and AdamW along a cosine
         (Loshchilov, Hutter 2019, arXiv:1711.05101); keeps the weights that were best on valid.
Run      brique train digits
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from brique import cli, data, nets
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Schema
from brique.tasks import accuracy, classify

EXPECT = {"digits": {"test_accuracy": (0.97, 1.0)}}
QUICK = {"turns": 60}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path."""
    size: int | None = None
    """Height and width that pictures are brought to; by default their own."""
    turns: int = 800
    """Turns, one batch each."""
    batch_size: int = 32
    """Pictures a turn."""
    width: int = 32
    """Features of the first convolution; the next have twice and four times as many."""
    lr: float = 2e-3
    """First step length of AdamW; it falls along a cosine to zero."""
    weight_decay: float = 0.05
    """Pull of every weight toward zero, in step lengths."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> nn.Module:
    """Pictures (N, C, H, W) in [0, 1] -> class scores (N, K)."""
    return nets.small(**nets.default_arguments(schema), width=args.width)


def main(args: Args) -> dict[str, float]:
    """Train, keep the weights that are best on valid, read the test pictures once."""
    run = Run.start(__file__, args)
    photos = data.open(args.data, size=args.size)
    net = run.place(build(args, photos.schema))

    def mistakes(batch: Batch) -> Tensor:
        return classify.loss(net(batch.image), batch.label)

    adam = partial(torch.optim.AdamW, lr=args.lr, weight_decay=args.weight_decay)
    game = Game(Player("reader", net, mistakes, adam, schedule=cosine))
    stream = photos.train.batches(args.batch_size, turns=args.turns, seed=args.seed)

    for turn in run.play(game, stream):
        if turn.looks:
            run.log(turn, valid_accuracy=accuracy(net, photos.valid))
            run.keep_best(net, classify.certainty(net, photos.valid))

    judged = classify.judge(net, photos.test, beside=photos.train)
    run.result(**judged)
    return run.finish(net=net, test_accuracy=judged["test"]["accuracy"])


if __name__ == "__main__":
    cli.main_with(Args, main)
