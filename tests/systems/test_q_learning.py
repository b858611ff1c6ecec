"""An agent learns the value of each step in a corridor (Q-learning, Mnih et al. 2015).

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


class Environment:
    """Each turn one step (0 left, 1 right), mostly the greedy one; batches from the replay buffer.

    A walk starts in a random cell and ends in the last one, with reward 1.
    """

    def __init__(self, net: nn.Module, args: Args, device: torch.device) -> None:
        self.turns, self._batch_size, self._net = args.turns, args.batch_size, net
        self._replay_buffer = torch.zeros(
            500, 4, dtype=torch.int64, device=device
        )  # cell, step, next, end
        self._count = self._cell = 0

    def __iter__(self) -> "Environment":
        return self

    def __next__(self) -> Batch:
        exploration, random_action, start = torch.rand(3).tolist()
        best = int(self._net(one_hot_cells(self._replay_buffer.new_tensor([self._cell]))).argmax())
        action = int(random_action * 2) if exploration < 0.3 else best
        next_cell = max(0, self._cell + 2 * action - 1)
        is_terminal = next_cell == CELLS - 1
        row = self._replay_buffer.new_tensor([self._cell, action, next_cell, is_terminal])
        self._replay_buffer[self._count % len(self._replay_buffer)] = row
        self._count += 1
        self._cell = int(start * (CELLS - 1)) if is_terminal else next_cell
        stored = min(self._count, len(self._replay_buffer))
        rows = self._replay_buffer[torch.randint(stored, (self._batch_size,), device=row.device)]
        return Batch(dict(zip(("cell", "step", "reached", "end"), rows.unbind(1), strict=True)))

    def state(self) -> dict[str, Tensor | int]:
        return {"seen": self._replay_buffer, "count": self._count, "cell": self._cell}

    def restore(self, state: dict[str, Tensor | int]) -> None:
        self._replay_buffer.copy_(state["seen"])
        self._count, self._cell = state["count"], state["cell"]


def one_hot_cells(positions: Tensor) -> Tensor:
    return functional.one_hot(positions, CELLS).float()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    net = run.place(nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2)))
    target = run.place(nn.Sequential(nn.Linear(CELLS, 32), nn.ReLU(), nn.Linear(32, 2)))
    target.load_state_dict(net.state_dict())
    all_cells = torch.arange(CELLS - 1, device=run.device)
    true_values = DISCOUNT ** (CELLS - 2 - all_cells)  # the value of a step to the right

    def td_error(batch: Batch) -> Tensor:
        next_values = target(one_hot_cells(batch.reached)).amax(dim=1)
        td_targets = torch.where(batch.end == 1, 1.0, DISCOUNT * next_values)
        action_values = net(one_hot_cells(batch.cell)).gather(1, batch.step.unsqueeze(1)).squeeze(1)
        return functional.mse_loss(action_values, td_targets)

    game = Game(
        Player("agent", net, td_error, partial(torch.optim.Adam, lr=args.lr)), reads=[target]
    )
    for turn in run.play(game, Environment(net, args, run.device)):
        if turn.index % args.copy_every == args.copy_every - 1:
            target.load_state_dict(net.state_dict())
        if turn.evaluate:
            action_values = net(one_hot_cells(all_cells))  # (7, 2)
            run.log(
                turn,
                error=(action_values[:, 1] - true_values).abs().max(),
                correct=(action_values.diff() > 0).sum(),
            )

    return run.finish(task="none", net=net)


def test_q_learning_finds_the_action_values(uninterrupted):
    errors = curve(uninterrupted, "error")
    assert errors[0] / errors[-1] > 30, errors
    assert uninterrupted.numbers["correct"] == CELLS - 1


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    resumed = stopped(main, Args(), tmp_path / "pieces", [0, 18, 19, 460, 799], monkeypatch)
    assert_equal(uninterrupted, resumed)
