"""Fakes generated once a turn for both losses, so that batch norm counts them once."""

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
from brique.inference import eval_mode
from brique.run import Run
from resuming import alone, assert_equal, stopped

CALLS = Counter()  # outside of the run: resuming does not put it back


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 400
    batch_size: int = 64
    lr: float = 2e-3
    seed: int = 0


def arc(n: int) -> Tensor:
    """Return points (n, 2) near the upper half of a circle."""
    generator = torch.Generator().manual_seed(0)
    angle = torch.pi * torch.rand(n, generator=generator)
    points = 2 * torch.stack([angle.cos(), angle.sin()], dim=1)
    return points + 0.1 * torch.randn(n, 2, generator=generator)


def energy_distance(net: nn.Module, noise: Tensor, real: Tensor) -> float:
    """Return the energy distance of fake and real points, 0 if they are alike."""
    with eval_mode(net):
        a, b = net(noise), real
    within = torch.cdist(a, a).mean() + torch.cdist(b, b).mean()
    return (2 * torch.cdist(a, b).mean() - within).item()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = data.arrays(point=arc(3000))
    generator = run.place(
        nn.Sequential(
            nn.Linear(4, 64), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2),
        )
    )  # fmt: skip
    critic = run.place(
        nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(64, 1))
    )
    fixed, real = run.noise(300, 4, name="fixed"), points.valid["point"].to(run.device)

    def fakes(n: int) -> Tensor:
        CALLS["fakes"] += 1
        return generator(run.noise(n, 4))  # (n, 2)

    def critic_loss(batch: Batch) -> Tensor:  # what the critic pays
        real_score, fake_score = critic(batch.point), critic(run.once(fakes, len(batch)))
        return functional.softplus(-real_score).mean() + functional.softplus(fake_score).mean()

    def generator_loss(batch: Batch) -> Tensor:  # the loss of the generator
        return functional.softplus(-critic(run.once(fakes, len(batch)))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.99))
    game = Game(
        Player("critic", critic, critic_loss, adam, schedule=cosine),
        Player("generator", generator, generator_loss, adam, schedule=cosine),
    )
    stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    run.log(energy_distance=energy_distance(generator, fixed, real))

    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, energy_distance=energy_distance(generator, fixed, real))

    return run.finish(
        task="none", generator=generator, critic=critic, counted=generator[1].num_batches_tracked
    )


def test_fakes_match_the_arc(uninterrupted):
    distances = curve(uninterrupted, "energy_distance")
    assert distances[0] / distances[-1] > 20, distances


def test_they_are_made_once_a_turn(tmp_path):
    CALLS.clear()
    numbers = alone(main, Args(turns=50), tmp_path / "run").numbers
    assert CALLS["fakes"] == numbers["counted"] == 50


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    resumed = stopped(main, Args(), tmp_path / "pieces", [0, 77, 290, 291, 399], monkeypatch)
    assert_equal(uninterrupted, resumed)
