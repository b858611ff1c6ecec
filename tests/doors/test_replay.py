"""A walker learns by trial what each step in a corridor is worth (Q-learning, Mnih et al. 2015).

Its stream is a world: it steps as the turns go, remembers, and can be put back.
"""

from dataclasses import dataclass
from functools import partial

import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Batch
from brique.game import Game, Player
from brique.run import Run
from resuming import assert_equal, stopped

CELLS, DISCOUNT = 8, 0.9


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 800
    batch_size: int = 32
    copy_every: int = 20
    lr: float = 3e-3
    seed: int = 0


class Corridor:
    """Each turn one step (0 left, 1 right), mostly the best known; a batch of those remembered.

    A walk starts in a random cell and ends in the last one, with reward 1.
    """

    def __init__(self, net: nn.Module, args: Args, device: torch.device) -> None:
        self.turns, self._batch_size, self._net = args.turns, args.batch_size, net
        self._seen = torch.zeros(500, 4, dtype=torch.int64, device=device)  # cell, step, next, end
        self._count = self._cell = 0

    def __iter__(self) -> "Corridor":
        return self

    def __next__(self) -> Batch:
        chance, other, start = torch.rand(3).tolist()
        best = int(self._net(cells(self._seen.new_tensor([self._cell]))).argmax())
        step = int(other * 2) if chance < 0.3 else best
        reached = max(0, self._cell + 2 * step - 1)
        end = reached == CELLS - 1
        row = self._seen.new_tensor([self._cell, step, reached, end])
        self._seen[self._count % len(self._seen)] = row
        self._count += 1
        self._cell = int(start * (CELLS - 1)) if end else reached
        known = min(self._count, len(self._seen))
        rows = self._seen[torch.randint(known, (self._batch_size,), device=row.device)]
        return Batch(dict(zip(("cell", "step", "reached", "end"), rows.unbind(1), strict=True)))

    def state(self) -> dict[str, Tensor | int]:
        return {"seen": self._seen, "count": self._count, "cell": self._cell}

    def restore(self, state: dict[str, Tensor | int]) -> None:
        self._seen.copy_(state["seen"])
        self._count, self._cell = state["count"], state["cell"]


def cells(places: Tensor) -> Tensor:
    return functional.one_hot(places, CELLS).float()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    net = run.place(nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2)))
    target = run.place(nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2)))
    target.load_state_dict(net.state_dict())
    every = torch.arange(CELLS - 1, device=run.device)
    truth = DISCOUNT ** (CELLS - 2 - every)  # what the step to the right is worth

    def surprise(batch: Batch) -> Tensor:
        promised = target(cells(batch.reached)).amax(dim=1)
        worth = torch.where(batch.end == 1, 1.0, DISCOUNT * promised)
        said = net(cells(batch.cell)).gather(1, batch.step.unsqueeze(1)).squeeze(1)
        return functional.mse_loss(said, worth)

    game = Game(
        Player("walker", net, surprise, partial(torch.optim.Adam, lr=args.lr)), reads=[target]
    )
    for turn in run.play(game, Corridor(net, args, run.device)):
        if turn.index % args.copy_every == args.copy_every - 1:
            target.load_state_dict(net.state_dict())
        if turn.looks:
            said = net(cells(every))  # (7, 2)
            run.log(turn, error=(said[:, 1] - truth).abs().max(), right=(said.diff() > 0).sum())

    return run.finish(task="none", net=net)


def test_the_walker_learns_what_steps_are_worth(whole):
    errors = curve(whole, "error")
    assert errors[0] / errors[-1] > 30, errors
    assert whole.numbers["right"] == CELLS - 1


def test_it_stops_and_resumes_exactly(whole, tmp_path, monkeypatch):
    pieces = stopped(main, Args(), tmp_path / "pieces", [0, 18, 19, 460, 799], monkeypatch)
    assert_equal(whole, pieces)
