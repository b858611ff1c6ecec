"""A walker finds the bottom of Rosenbrock's valley (LBFGS: its optimizer evaluates the loss)."""

from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn

from brique import data
from brique.data.batch import Nothing
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
    place = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64, device=run.device))

    def height(_: Nothing) -> Tensor:  # 0 at (1, 1)
        x, y = place
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    lbfgs = partial(torch.optim.LBFGS, max_iter=args.evaluations, line_search_fn="strong_wolfe")
    game = Game(Player("walker", [place], height, lbfgs))

    for turn in run.play(game, data.nothing(args.turns)):
        if turn.looks:
            run.log(turn, distance=(place - 1).norm())

    return run.finish(task="none", place=place, distance=(place - 1).norm())


def test_the_walker_reaches_the_bottom(whole):
    heights = curve(whole, "walker")
    assert heights[0] / heights[-1] > 1e10, heights
    assert whole.numbers["distance"] < 1e-3


def test_it_stops_and_resumes_exactly(whole, tmp_path, monkeypatch):
    pieces = stopped(main, Args(), tmp_path / "pieces", [0, 3, 8, 9, 17], monkeypatch)
    assert_equal(whole, pieces)
