"""Codes that rebuild their points and are drawn like noise: three players, two share the encoder.

Makhzani et al. 2015, arXiv:1511.05644.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 300
    batch_size: int = 64
    lr: float = 2e-3
    seed: int = 0


def sheet(n: int) -> Tensor:
    """Return points (n, 8) of a curved sheet of two dimensions."""
    drawn = torch.Generator().manual_seed(0)
    place = 2 * torch.rand(n, 2, generator=drawn) - 1
    return torch.tanh(place @ torch.randn(2, 8, generator=drawn)) + 0.5


def layers(*widths: int) -> nn.Sequential:
    parts = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*parts[:-1])


def apart(a: Tensor, b: Tensor) -> Tensor:
    """Return the energy distance of two clouds of points, 0 if they are alike."""
    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    points = data.arrays(point=sheet(4000))
    encoder, decoder = run.place(layers(8, 32, 32, 2)), run.place(layers(2, 32, 32, 8))
    critic = run.place(layers(2, 32, 32, 1))
    prior, seen = run.noise(400, 2, name="prior"), points.valid["point"].to(run.device)

    def distance(batch: Batch) -> Tensor:  # what the rebuilder pays
        return functional.mse_loss(decoder(encoder(batch.point)), batch.point)

    def fooled(batch: Batch) -> Tensor:  # what the critic pays
        noise, code = critic(run.noise(len(batch), 2)), critic(encoder(batch.point))
        return functional.softplus(-noise).mean() + functional.softplus(code).mean()

    def caught(batch: Batch) -> Tensor:  # what the deceiver pays
        return functional.softplus(-critic(encoder(batch.point))).mean()

    adam = partial(torch.optim.Adam, lr=args.lr, betas=(0.5, 0.99))
    game = Game(
        Player("rebuilder", [encoder, decoder], distance, adam, schedule=cosine),
        Player("critic", critic, fooled, adam, schedule=cosine),
        Player("deceiver", encoder, caught, adam, schedule=cosine, shares=("rebuilder",)),
    )
    stream = points.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    run.log(apart=apart(encoder(seen), prior))

    for turn in run.play(game, stream):
        if turn.looks:
            run.log(turn, apart=apart(encoder(seen), prior))

    return run.finish(task="none", encoder=encoder, decoder=decoder, critic=critic)


def test_the_codes_rebuild_and_look_like_noise(whole):
    distance, apart = curve(whole, "rebuilder"), curve(whole, "apart")
    assert distance[0] / distance[-1] > 50, distance
    assert apart[0] / apart[-1] > 8, apart


def test_it_stops_and_resumes_exactly(whole, tmp_path, monkeypatch):
    pieces = stopped(main, Args(), tmp_path / "pieces", [0, 77, 190, 191, 299], monkeypatch)
    assert_equal(whole, pieces)
