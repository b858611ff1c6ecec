"""How long a step: too short, too long, and shorter and shorter where the ground shakes.

Paper    Robbins, Monro 1951, "A stochastic approximation method", section 2.
Departs  the slopes are known, and the noise in them is ours.
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
        "short_end": (0.99, 1.01), "long_end": (-1.01, -0.99),  # both begin at 2
        "constant_of_formula": (0.85, 1.15),  # height that noise keeps up, over what it should be
        "constant_of_steps": (5.0, 1e3), "constant_of_exponential": (5.0, 1e3),
        "constant_of_inverse": (5.0, 1e3),
    }
}  # fmt: skip
QUICK = {"turns": 150}
LEARNS = {"exponential/height": "falls"}

ETAS = {"short": 0.125, "long": 0.5}
DECAYS = {
    "constant": lambda progress: 1.0,
    "steps": steps(0.4, 0.6, 0.8, factor=0.2),
    "exponential": lambda progress: math.exp(-6 * progress),
    "inverse": lambda progress: 1 / (1 + 30 * progress),
}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    turns: int = 600
    """Turns of each walk where the ground shakes."""
    walkers: int = 2000
    """How many walk there at once; their mean height is measured."""
    lr: float = 0.2
    """First step length there."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema | None = None) -> dict[str, nn.Module]:
    """Walkers as nets without inputs: places (5, 1) between the wells, (N, 1) in the bowl."""
    starts = torch.tensor([2.0, 1.4, 0.4, -0.2, -1.5], dtype=torch.float64)
    places = dict.fromkeys(ETAS, starts) | dict.fromkeys(DECAYS, torch.ones(args.walkers).double())
    return {name: nn.ParameterList([start.clone()]) for name, start in places.items()}


def wells(w: Tensor) -> Tensor:
    """Return heights of places: 0 at -1 and at 1, a hill between."""
    return (w.square() - 1).square() / 4


def bowl(w: Tensor) -> Tensor:
    """Return heights of places: 0 at 0, curvature 1."""
    return w.square() / 2


def main(args: Args) -> dict[str, float]:
    """Step down into two wells with two step lengths, then into a bowl with noise in the slopes."""
    run = Run.start(__file__, args)
    nets = run.place(build(args))

    def height(name: str, _: Nothing) -> Tensor:
        (place,) = nets[name].parameters()
        if name in ETAS:
            return wells(place).sum()
        return (bowl(place) + run.noise(len(place), dtype=place.dtype) * place).sum()

    for name, net in nets.items():
        sgd = partial(optim.SGD, lr=ETAS.get(name, args.lr))
        walker = Player("point", net, partial(height, name), sgd, schedule=DECAYS.get(name))
        (place,) = net.parameters()
        run.memory[name] = [place.tolist() if name in ETAS else bowl(place).mean().item()]
        for turn in run.play(
            Game(walker), data.nothing(16 if name in ETAS else args.turns), name=name
        ):
            low = bowl(place).mean().item()
            run.memory[name].append(place.tolist() if name in ETAS else low)
            if turn.looks and name in DECAYS:
                run.log(turn, height=low)

    heights = {name: run.memory[name] for name in DECAYS}
    numbers = {f"{name}_end": run.memory[name][-1][0] for name in ETAS}
    floor = sum(heights["constant"][-100:]) / 100
    numbers["constant_of_formula"] = floor / (args.lr / (4 - 2 * args.lr))
    numbers |= {f"constant_of_{n}": floor / heights[n][-1] for n in DECAYS if n != "constant"}
    frames = zip(*(run.memory[name] for name in ETAS), strict=True)
    run.picture("wells", torch.stack([_frame(places) for places in frames]))
    run.picture("decays", _decays(heights))
    return run.finish(answers="short", task="none", **nets, **numbers)


def _frame(places: tuple[list[float], ...]) -> Tensor:
    x = torch.linspace(-2.2, 2.2, 200)
    drawn: list[Tensor] = []
    for (name, eta), walkers in zip(ETAS.items(), places, strict=True):
        panel = Panel(f"{name} steps: {eta:g} of the slope", x=(-2.2, 2.2), y=(-0.2, 3))
        panel.line(x, wells(x), color=1)
        for color, w in enumerate(walkers):
            panel.marks([w], wells(torch.tensor([w])), color=(5, 0, 2, 4, 6)[color], radius=4)
        drawn.append(panel.pixels())
    return torch.stack(drawn)


def _decays(heights: dict[str, list[float]]) -> Tensor:
    turns = range(len(heights["constant"]))
    panel = Panel("mean height in gusts", x=(0, max(turns)), y=(1e-4, 1), log=True, size=(300, 420))
    for color, (name, values) in zip((5, 0, 2, 4), heights.items(), strict=True):
        panel.line(turns, values, color=color, name=name)
    return panel.pixels()


if __name__ == "__main__":
    cli.main_with(Args, main)
