"""A point finds the minimum of Rosenbrock's valley (LBFGS: its optimizer evaluates the loss)."""

from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn

from brique import data
from brique.data.core.batch import Nothing
from brique.game import Game, Player
from brique.run import Run
from resuming import assert_equal, stopped


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 20
    evaluations: int = 4
    seed: int = 0


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    position = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64, device=run.device))

    def rosenbrock(_: Nothing) -> Tensor:  # 0 at (1, 1)
        x, y = position
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    lbfgs = partial(torch.optim.LBFGS, max_iter=args.evaluations, line_search_fn="strong_wolfe")
    game = Game(Player("point", [position], rosenbrock, lbfgs))

    for turn in run.play(game, data.nothing(args.turns)):
        if turn.evaluate:
            run.log(turn, distance=(position - 1).norm())

    return run.finish(task="none", place=position, distance=(position - 1).norm())


def test_lbfgs_reaches_the_minimum(uninterrupted):
    losses = curve(uninterrupted, "point")
    assert losses[0] / losses[-1] > 1e10, losses
    assert uninterrupted.numbers["distance"] < 1e-3


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    resumed = stopped(main, Args(), tmp_path / "pieces", [0, 3, 8, 9, 17], monkeypatch)
    assert_equal(uninterrupted, resumed)
