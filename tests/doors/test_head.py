"""A new head learns on a frozen body whose batch norm must not see the new pictures."""

from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch
from brique.game import Game, Player
from brique.run import Run
from brique.tasks import accuracy
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 150
    head_turns: int = 200
    batch_size: int = 64
    lr: float = 1e-2
    seed: int = 0


def heaps(n: int, classes: int, shift: float) -> data.Data:
    """Return points of so many heaps in 6 dimensions, moved away from 0 by a shift."""
    drawn = torch.Generator().manual_seed(classes)
    label = torch.randint(classes, (n,), generator=drawn)
    centers = 2 * torch.randn(classes, 6, generator=drawn) + shift
    point = centers[label] + 0.5 * torch.randn(n, 6, generator=drawn)
    return data.arrays(point=point, label=label, classes=[f"heap {k}" for k in range(classes)])


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    old, new = heaps(2000, 8, shift=0.0), heaps(1000, 4, shift=1.0)
    body = run.place(
        nn.Sequential(
            nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(),
        )
    )  # fmt: skip
    first = run.place(nn.Sequential(body, nn.Linear(16, 8)))
    net = run.place(nn.Sequential(body, nn.Linear(16, 4)))

    def mistakes(reader: nn.Module, batch: Batch) -> Tensor:
        return functional.cross_entropy(reader(batch.point), batch.label)

    adam = partial(torch.optim.Adam, lr=args.lr)
    game = Game(Player("reader", first, partial(mistakes, first), adam))
    stream = old.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    for _ in run.play(game, stream, name="body"):
        pass
    before = {name: tensor.clone() for name, tensor in body.state_dict().items()}

    game = Game(Player("head", net[1], partial(mistakes, net), adam), reads=[net])
    stream = new.train.batches(args.batch_size, turns=args.head_turns, seed=args.seed)
    for turn in run.play(game, stream, name="head"):
        if turn.looks:
            run.log(turn, valid_accuracy=accuracy(net, new.valid))

    moved = sum(not torch.equal(before[name], t) for name, t in body.state_dict().items())
    return run.finish(net=net, test_accuracy=accuracy(net, new.test), tensors_moved=moved)


def test_the_head_learns_and_the_body_stands_still(whole):
    losses = curve(whole, "head/head")
    assert losses[0] / losses[-1] > 15, losses
    assert whole.numbers["test_accuracy"] > 0.95, "chance is 0.25"
    assert whole.numbers["tensors_moved"] == 0


def test_it_stops_and_resumes_exactly(whole, tmp_path, monkeypatch):
    stops = [20, 149, 160, 180, 199]  # the first two fall into the body's stage
    pieces = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(whole, pieces)
