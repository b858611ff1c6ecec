"""Gradient descent: the learning rate selects the minimum, and its decay averages out noise.

Paper    Robbins, Monro 1951, "A stochastic approximation method", section 2.
Departs  an exact gradient, to which noise is added.
Run      brique run descent
Reached  see benchmarks/recipes.md
"""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn, optim

from brique import cli, data
from brique.data import Nothing
from brique.draw import Panel
from brique.game import Game, Player, steps
from brique.run import Run
from brique.schema import Schema

EXPECT = {
    "generated": {
        "small_lr_end": (0.99, 1.01), "large_lr_end": (-1.01, -0.99),  # both start at 2
        "constant_over_theory": (0.85, 1.15),  # stationary loss over its closed form
        "constant_over_step": (5.0, 1e3), "constant_over_exponential": (5.0, 1e3),
        "constant_over_inverse_time": (5.0, 1e3),
    }
}  # fmt: skip
QUICK = {"turns": 150}
LEARNS = {"exponential/loss": "falls"}

RATES = {"small_lr": 0.125, "large_lr": 0.5}
SCHEDULES = {
    "constant": lambda progress: 1.0,
    "step": steps(0.4, 0.6, 0.8, factor=0.2),
    "exponential": lambda progress: math.exp(-6 * progress),
    "inverse_time": lambda progress: 1 / (1 + 30 * progress),
}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    turns: int = 600
    """Turns under each schedule."""
    points: int = 2000
    """Points optimized in parallel under each schedule; their mean loss is reported."""
    lr: float = 0.2
    """Initial learning rate under each schedule."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema | None = None) -> dict[str, nn.Module]:
    """Parameters without inputs: 5 points on the double well per rate, N points on the parabola."""
    starts = torch.tensor([2.0, 1.4, 0.4, -0.2, -1.5], dtype=torch.float64)
    points = dict.fromkeys(RATES, starts) | dict.fromkeys(SCHEDULES, torch.ones(args.points))
    return {name: nn.ParameterList([start.double().clone()]) for name, start in points.items()}


def double_well(w: Tensor) -> Tensor:
    """Return the loss at positions (N,): minima of 0 at -1 and 1, a maximum between."""
    return (w.square() - 1).square() / 4


def parabola(w: Tensor) -> Tensor:
    """Return the loss at positions (N,): a minimum of 0 at 0, curvature 1."""
    return w.square() / 2


def main(args: Args) -> dict[str, float]:
    """Minimize a double well at two learning rates, then a parabola with a noisy gradient."""
    run = Run.start(__file__, args)
    nets = run.place(build(args))

    def loss(name: str, _: Nothing) -> Tensor:
        (w,) = nets[name].parameters()
        if name in RATES:
            return double_well(w).sum()
        return (parabola(w) + run.noise(len(w), dtype=w.dtype) * w).sum()  # gradient w + noise

    for name, net in nets.items():
        sgd = partial(optim.SGD, lr=RATES.get(name, args.lr))
        game = Game(Player("point", net, partial(loss, name), sgd, schedule=SCHEDULES.get(name)))
        (w,) = net.parameters()
        run.memory[name] = [w.tolist() if name in RATES else parabola(w).mean().item()]
        turns = 16 if name in RATES else args.turns
        for turn in run.play(game, data.nothing(turns), name=name):
            mean_loss = parabola(w).mean().item()
            run.memory[name].append(w.tolist() if name in RATES else mean_loss)
            if turn.evaluate and name in SCHEDULES:
                run.log(turn, loss=mean_loss)

    losses = {name: run.memory[name] for name in SCHEDULES}
    results = {f"{name}_end": run.memory[name][-1][0] for name in RATES}
    plateau = sum(losses["constant"][-100:]) / 100
    results["constant_over_theory"] = plateau / (args.lr / (4 - 2 * args.lr))
    others = [name for name in losses if name != "constant"]
    results |= {f"constant_over_{name}": plateau / losses[name][-1] for name in others}
    frames = zip(*(run.memory[name] for name in RATES), strict=True)
    run.picture("double_well", torch.stack([_frame(positions) for positions in frames]))
    run.picture("schedules", _curves(losses))
    return run.finish(answers="small_lr", task="none", **nets, **results)


def _frame(positions: tuple[list[float], ...]) -> Tensor:
    x = torch.linspace(-2.2, 2.2, 200)
    panels: list[Tensor] = []
    for rate, points in zip(RATES.values(), positions, strict=True):
        panel = Panel(f"learning rate {rate:g}", x=(-2.2, 2.2), y=(-0.2, 3))
        panel.line(x, double_well(x), color=1)
        for color, w in enumerate(points):
            panel.points(
                [w], double_well(torch.tensor([w])), color=(5, 0, 2, 4, 6)[color], radius=4
            )
        panels.append(panel.pixels())
    return torch.stack(panels)


def _curves(losses: dict[str, list[float]]) -> Tensor:
    turns = range(len(losses["constant"]))
    panel = Panel("mean loss", x=(0, max(turns)), y=(1e-4, 1), log=True, size=(300, 420))
    for color, (name, values) in zip((5, 0, 2, 4), losses.items(), strict=True):
        panel.line(turns, values, color=color, label=name)
    return panel.pixels()


if __name__ == "__main__":
    cli.main_with(Args, main)
