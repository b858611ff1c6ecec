"""A classifier that does not tell a nuisance, for an adversary tries to read it off its answers.

Louppe, Kagan, Cranmer 2017, arXiv:1611.01046, section 5.1; a normal density for the mixture.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch, Split
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.tasks import accuracy
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 150
    pivot_turns: int = 400
    batch_size: int = 128
    weight: float = 3.0
    lr: float = 1e-3
    seed: int = 0


def collisions(n: int) -> data.Data:
    """Return points of background, and of a signal that the nuisance z moves along one axis."""
    generator = torch.Generator().manual_seed(0)
    label, z = torch.randint(2, (n,), generator=generator), torch.randn(n, generator=generator)
    point = torch.randn(n, 2, generator=generator)
    background = torch.stack([point[:, 0], -0.5 * point[:, 0] + 0.87 * point[:, 1]], dim=1)
    signal = point + torch.stack([torch.ones(n), 1 + z], dim=1)
    point = torch.where(label.unsqueeze(1) == 1, signal, background)
    return data.arrays(point=point, nuisance=z, label=label, classes=["background", "signal"])


def layers(*widths: int) -> nn.Sequential:
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*parts[:-1])


def nuisance_correlation(net: nn.Module, split: Split) -> float:
    """Return how the answers for signal go with the nuisance, as a correlation in [0, 1]."""
    signal = split["label"] == 1
    predictions = net(split["point"][signal].to(net[0].weight.device)).softmax(dim=1)[:, 1]
    pairs = torch.stack([predictions.cpu(), split["nuisance"][signal]])
    return pairs.corrcoef()[0, 1].abs().item()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    events = collisions(6000)
    net, adversary = run.place(layers(2, 32, 32, 2)), run.place(layers(1, 32, 2))

    def classifier_loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(net(batch.point), batch.label)

    def adversary_loss(batch: Batch) -> Tensor:  # nats to tell z of signal from the answer
        prediction, signal = net(batch.point).softmax(dim=1)[:, 1:], batch.label == 1
        mean, log_variance = adversary(prediction)[signal].unbind(dim=1)
        return functional.gaussian_nll_loss(mean, batch.nuisance[signal], log_variance.exp())

    def pivot_loss(batch: Batch) -> Tensor:
        return classifier_loss(batch) - args.weight * adversary_loss(batch)

    adam = partial(torch.optim.Adam, lr=args.lr)
    baseline = Game(Player("classifier", net, classifier_loss, adam))
    stream = events.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    for turn in run.play(baseline, stream, name="plain"):
        if turn.evaluate:
            run.log(
                turn,
                nuisance_correlation=nuisance_correlation(net, events.valid),
                accuracy=accuracy(net, events.valid),
            )

    game = Game(
        Player("adversary", adversary, adversary_loss, adam, schedule=cosine),
        Player("classifier", net, pivot_loss, adam, schedule=cosine),
    )
    stream = events.train.batches(args.batch_size, turns=args.pivot_turns, seed=args.seed)
    for turn in run.play(game, stream, name="pivot"):
        if turn.evaluate:
            run.log(
                turn,
                nuisance_correlation=nuisance_correlation(net, events.valid),
                accuracy=accuracy(net, events.valid),
            )

    return run.finish(
        net=net,
        nuisance_correlation=nuisance_correlation(net, events.test),
        accuracy=accuracy(net, events.test),
    )


def test_predictions_correlate_less_with_the_nuisance(uninterrupted):
    baseline, pivot = (
        curve(uninterrupted, "plain/nuisance_correlation"),
        curve(uninterrupted, "pivot/nuisance_correlation"),
    )
    assert baseline[-1] / uninterrupted.numbers["nuisance_correlation"] > 4, (baseline, pivot)
    assert uninterrupted.numbers["accuracy"] > 0.68, "chance is 0.5, and 0.8 without the adversary"


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    stops = [40, 149, 200, 201, 399]  # the first two fall into the plain stage
    resumed = stopped(main, Args(), tmp_path / "pieces", stops, monkeypatch)
    assert_equal(uninterrupted, resumed)
