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


def clusters(n: int, classes: int, shift: float) -> data.Data:
    """Return points of so many heaps in 6 dimensions, moved away from 0 by a shift."""
    generator = torch.Generator().manual_seed(classes)
    label = torch.randint(classes, (n,), generator=generator)
    centers = 2 * torch.randn(classes, 6, generator=generator) + shift
    point = centers[label] + 0.5 * torch.randn(n, 6, generator=generator)
    return data.arrays(point=point, label=label, classes=[f"heap {k}" for k in range(classes)])


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    source, target = clusters(2000, 8, shift=0.0), clusters(1000, 4, shift=1.0)
    body = run.place(
        nn.Sequential(
            nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(),
        )
    )  # fmt: skip
    source_net = run.place(nn.Sequential(body, nn.Linear(16, 8)))
    net = run.place(nn.Sequential(body, nn.Linear(16, 4)))

    def loss(classifier: nn.Module, batch: Batch) -> Tensor:
        return functional.cross_entropy(classifier(batch.point), batch.label)

    adam = partial(torch.optim.Adam, lr=args.lr)
    game = Game(Player("classifier", source_net, partial(loss, source_net), adam))
    stream = source.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    for _ in run.play(game, stream, name="body"):
        pass
    body_before = {name: tensor.clone() for name, tensor in body.state_dict().items()}

    game = Game(Player("head", net[1], partial(loss, net), adam), reads=[net])
    stream = target.train.batches(args.batch_size, turns=args.head_turns, seed=args.seed)
    for turn in run.play(game, stream, name="head"):
        if turn.evaluate:
            run.log(turn, valid_accuracy=accuracy(net, target.valid))

    changed = sum(not torch.equal(body_before[name], t) for name, t in body.state_dict().items())
    return run.finish(net=net, test_accuracy=accuracy(net, target.test), tensors_moved=changed)


def test_the_head_learns_and_the_body_stays_frozen(uninterrupted):
    losses = curve(uninterrupted, "head/head")
    assert losses[0] / losses[-1] > 15, losses
    assert uninterrupted.numbers["test_accuracy"] > 0.95, "chance is 0.25"
    assert uninterrupted.numbers["tensors_moved"] == 0


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    stops = [20, 149, 160, 180, 199]  # the first two fall into the body's stage
    resumed = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(uninterrupted, resumed)
