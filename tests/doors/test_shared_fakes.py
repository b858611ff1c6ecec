"""Forgeries made once a turn for both losses, so that the forger's batch norm counts them once."""

from collections import Counter
from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.inference import at_rest
from brique.run import Run
from resuming import alone, assert_equal, stopped

MADE = Counter()  # outside of the run: resuming does not put it back


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 400
    batch_size: int = 64
    lr: float = 2e-3
    seed: int = 0


def arc(n: int) -> Tensor:
    """Return points (n, 2) near the upper half of a circle."""
    drawn = torch.Generator().manual_seed(0)
    angle = torch.pi * torch.rand(n, generator=drawn)
    points = 2 * torch.stack([angle.cos(), angle.sin()], dim=1)
    return points + 0.1 * torch.randn(n, 2, generator=drawn)


def apart(net: nn.Module, noise: Tensor, real: Tensor) -> float:
    """Return the energy distance of forgeries and real points, 0 if they are alike."""
    with at_rest(net):
        a, b = net(noise), real
    spread = torch.cdist(a, a).mean() + torch.cdist(b, b).mean()
    return (2 * torch.cdist(a, b).mean() - spread).item()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = data.arrays(point=arc(3000))
    forger = run.place(
        nn.Sequential(
            nn.Linear(4, 64), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2),
        )
    )  # fmt: skip
    critic = run.place(
        nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(64, 1))
    )
    fixed, real = run.noise(300, 4, name="fixed"), points.valid["point"].to(run.device)

    def forgeries(n: int) -> Tensor:
        MADE["forgeries"] += 1
        return forger(run.noise(n, 4))  # (n, 2)

    def fooled(batch: Batch) -> Tensor:  # what the critic pays
        truth, forged = critic(batch.point), critic(run.once(forgeries, len(batch)))
        return functional.softplus(-truth).mean() + functional.softplus(forged).mean()

    def caught(batch: Batch) -> Tensor:  # what the forger pays
        return functional.softplus(-critic(run.once(forgeries, len(batch)))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.99))
    game = Game(
        Player("critic", critic, fooled, adam, schedule=cosine),
        Player("forger", forger, caught, adam, schedule=cosine),
    )
    stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    run.log(apart=apart(forger, fixed, real))

    for turn in run.play(game, stream):
        if turn.looks:
            run.log(turn, apart=apart(forger, fixed, real))

    return run.finish(
        task="none", forger=forger, critic=critic, counted=forger[1].num_batches_tracked
    )


def test_the_forgeries_come_to_lie_on_the_arc(whole):
    apart = curve(whole, "apart")
    assert apart[0] / apart[-1] > 20, apart


def test_they_are_made_once_a_turn(tmp_path):
    MADE.clear()
    numbers = alone(main, Args(turns=50), tmp_path / "run").numbers
    assert MADE["forgeries"] == numbers["counted"] == 50


def test_it_stops_and_resumes_exactly(whole, tmp_path, monkeypatch):
    pieces = stopped(main, Args(), tmp_path / "pieces", [0, 77, 290, 291, 399], monkeypatch)
    assert_equal(whole, pieces)
