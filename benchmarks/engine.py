"""What the engine costs a turn: `game.play` minus a plain loop, over nets that do no work.

    python benchmarks/engine.py

Prints, for one and two players with 1 to 101 parameter tensors, microseconds a turn of both loops
(best of several rounds, alternating), and the cost of a player and of a parameter tensor.
"""

import platform
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from brique.game import Game, Player

TURNS, ROUNDS = 300, 15
ALLOWED_PLAYER, ALLOWED_TENSOR = 50.0, 1.0  # microseconds


def net(tensors: int) -> nn.ParameterList:
    """Return a net of parameter tensors with one number each."""
    return nn.ParameterList(torch.zeros(1) for _ in range(tensors))


def work(parameters: nn.ParameterList) -> Tensor:
    """Return the least a loss can be that reaches every parameter."""
    return torch.cat(list(parameters)).sum()


def plain(nets: list[nn.ParameterList]) -> Callable[[], None]:
    """Return the loop that one would write by hand."""
    optimizers = [torch.optim.SGD(n.parameters(), lr=0.0) for n in nets]

    def play() -> None:
        for _ in range(TURNS):
            for parameters, optimizer in zip(nets, optimizers, strict=True):
                optimizer.zero_grad()
                work(parameters).backward()
                optimizer.step()

    return play


def engine(nets: list[nn.ParameterList]) -> Callable[[], None]:
    """Return the same by the engine, with all of its checks."""
    sgd = partial(torch.optim.SGD, lr=0.0)
    players = [Player(f"p{i}", n, lambda _, n=n: work(n), sgd) for i, n in enumerate(nets)]
    game = Game(*players)

    def play() -> None:
        for _ in game.play([None] * TURNS):
            pass

    return play


def seconds(play: Callable[[], None]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    play()
    return time.perf_counter() - start


def cost(players: int, tensors: int) -> tuple[float, float]:
    """Return microseconds a turn, best of the rounds, of the plain loop and of the engine."""
    loops = [make([net(tensors) for _ in range(players)]) for make in (plain, engine)]
    times = [[seconds(loop) for loop in loops] for _ in range(ROUNDS)]
    best = [min(t[i] for t in times) / TURNS * 1e6 for i in (0, 1)]
    return best[0], best[1]


def main() -> None:
    """Print the table and the verdict."""
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, 1 thread, microseconds")
    print(f"{'players':>8}{'tensors each':>14}{'plain':>8}{'engine':>8}{'more':>8}{'allowed':>9}")
    worst = 0.0
    for players in (1, 2):
        for tensors in (1, 11, 51, 101):
            before, after = cost(players, tensors)
            allowed = players * (ALLOWED_PLAYER + tensors * ALLOWED_TENSOR)
            worst = max(worst, (after - before) / allowed)
            print(
                f"{players:>8}{tensors:>14}{before:>8.1f}{after:>8.1f}{after - before:>8.1f}"
                f"{allowed:>9.0f}"
            )
    print(f"worst share of the allowance: {worst:.2f}")


if __name__ == "__main__":
    main()
