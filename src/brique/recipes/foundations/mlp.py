"""A multilayer perceptron with one hidden layer classifies digits.

Paper    Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors".
Departs  ReLU, softmax with cross-entropy, Adam.
Run      brique run mlp
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

EXPECT = {"digits": {"test_accuracy": (0.95, 1)}}
QUICK = {"turns": 100}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    turns: int = 6000
    """Turns (training steps), one batch each."""
    batch_size: int = 64
    """Pictures per batch."""
    hidden: int = 128
    """Hidden units."""
    lr: float = 3e-3
    """Initial learning rate of Adam, decayed to zero along a cosine."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Module:
    """Pictures (N, C, H, W) -> class scores (N, K)."""
    pixels = torch.Size(schema["image"].shape).numel()
    return nn.Sequential(
        nn.Flatten(),  # (N, C * H * W)
        nn.Linear(pixels, args.hidden), nn.ReLU(),
        nn.Linear(args.hidden, len(schema["label"].names)),
    )  # fmt: skip


def main(args: Args) -> dict[str, float]:
    """Train, evaluating on the validation part; evaluate on the test part once at the end."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category})
    net = run.place(build(args, digits.schema))

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(net(batch.image), batch.label)

    adam = partial(torch.optim.Adam, lr=args.lr)
    game = Game(Player("classifier", net, loss, adam, schedule=cosine))
    stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)

    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, valid_accuracy=accuracy(net, digits.valid))

    return run.finish(net=net, test_accuracy=accuracy(net, digits.test))


if __name__ == "__main__":
    cli.main_with(Args, main)
