"""LeNet-5 classifies handwritten digits (61,706 parameters).

Paper    LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II-B.
Departs  softmax instead of RBF units, pooling without parameters, full S2-C3 connections.
Run      brique run lenet5 --data digits
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks import accuracy

EXPECT = {"digits": {"test_accuracy": (0.965, 1.0)}, "mnist": {"test_accuracy": (0.987, 1.0)}}
QUICK = {"turns": 100}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path."""
    turns: int = 5600
    """Turns (training steps), one batch each."""
    batch_size: int = 128
    """Digits per batch."""
    lr: float = 0.1
    """Initial learning rate of SGD, decayed to zero along a cosine."""
    momentum: float = 0.9
    """Momentum, in [0, 1)."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Module:
    """Digits (N, 1, 28, 28) in [0, 1] -> class scores (N, K)."""
    return nn.Sequential(
        nn.ZeroPad2d(2),  # (N, 1, 32, 32): strokes reach the center of receptive fields
        nn.Conv2d(1, 6, kernel_size=5), nn.Tanh(), nn.AvgPool2d(2),  # C1, S2: (N, 6, 14, 14)
        nn.Conv2d(6, 16, kernel_size=5), nn.Tanh(), nn.AvgPool2d(2),  # C3, S4: (N, 16, 5, 5)
        nn.Conv2d(16, 120, kernel_size=5), nn.Tanh(), nn.Flatten(),  # C5: (N, 120)
        nn.Linear(120, 84), nn.Tanh(),  # F6
        nn.Linear(84, len(schema["label"].names)),
    )  # fmt: skip


def main(args: Args) -> dict[str, float]:
    """Train, evaluating on the validation digits; evaluate on the test digits once at the end."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    net = run.place(build(args, digits.schema))

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(net(batch.image), batch.label)

    sgd = partial(torch.optim.SGD, lr=args.lr, momentum=args.momentum)
    game = Game(Player("classifier", net, loss, sgd, schedule=cosine))
    stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)

    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, valid_accuracy=accuracy(net, digits.valid))

    return run.finish(net=net, test_accuracy=accuracy(net, digits.test))


if __name__ == "__main__":
    cli.main_with(Args, main)
