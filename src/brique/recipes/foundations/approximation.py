"""One hidden layer comes as near to a curve as is asked; without bends five layers are one.

Paper    Cybenko 1989, "Approximation by superpositions of a sigmoidal function", theorem 2.
Departs  weights are trained, and once written down, where the theorem says only that they exist.
Run      brique run approximation
Reached  see benchmarks/recipes.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Nothing
from brique.draw import Panel
from brique.game import Game, Player, slope
from brique.run import Run
from brique.schema import Schema

EXPECT = {  # error: the largest on [-1.5, 1.5], where the curve spans 2.6
    "generated": {
        "tanh2/error": (0.5, 1.6), "tanh8/error": (0.0, 0.8), "tanh32/error": (0.0, 0.01),
        "tanh128/error": (0.0, 0.002), "bumps_of_allowed": (0.0, 1.0), "collapse": (0.0, 1e-10),
        "linear/xor": (0.0, 0.75), "relu/xor": (1.0, 1.0),
    }
}  # fmt: skip
QUICK = {"turns": 5}
LEARNS = {"tanh32/error": "falls"}

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "gaussian": lambda x: torch.exp(-x * x),
    "relu": torch.relu, "leaky relu": partial(functional.leaky_relu, negative_slope=0.1),
    "elu": functional.elu, "softplus": functional.softplus,
    "maxout of two": lambda x: torch.maximum(0.5 * x + 0.5, -x),
}  # fmt: skip
CRITERIA: dict[str, Callable[[Tensor], Tensor]] = {  # of an error; of the right class's score
    "squared error": torch.square, "absolute error": torch.abs,
    "hinge": lambda x: torch.relu(1 - x), "cross-entropy": lambda x: functional.softplus(-x),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    units: tuple[int, ...] = (2, 8, 32, 128)
    """Hidden units of each net that is trained."""
    turns: int = 100
    """Turns a net, each ten steps of LBFGS."""
    epsilons: tuple[float, ...] = (2.0, 0.5, 0.1, 0.01)
    """Errors that nets whose weights are written down must stay under."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema | None = None) -> dict[str, nn.Module]:
    """Curves: places (N, 1) -> heights (N, 1); XOR: pairs (N, 2) -> scores (N, 1); float64."""
    nets: dict[str, nn.Module] = {}
    for units in args.units:
        first, last = nn.Linear(1, units), nn.Linear(units, 1)
        nn.init.uniform_(first.weight, 3.0, 6.0)
        nn.init.uniform_(first.bias, -7.0, 7.0)  # bends all over [-1.5, 1.5]
        nn.init.zeros_(last.weight)
        nets[f"tanh{units}"] = nn.Sequential(first, nn.Tanh(), last)
    for name, bend in ("linear", nn.Identity), ("relu", nn.ReLU):
        layers = [nn.Linear(2, 16), *(nn.Linear(16, 16) for _ in range(3)), nn.Linear(16, 1)]
        nets[name] = nn.Sequential(*(part for layer in layers for part in (layer, bend())))[:-1]
    return {name: net.double() for name, net in nets.items()}


def curve(x: Tensor) -> Tensor:
    """Return the heights to come near to; nowhere on [-1.5, 1.5] is it steeper than 13."""
    return torch.sin(8 * x) * x


def bumps(x: Tensor, epsilon: float) -> Tensor:
    """Return heights (N, 1) within epsilon of the curve, by a hidden layer that is written down."""
    count = int(3 * 13 / epsilon) + 1  # bumps: the curve changes by less over the width of one
    edges = torch.linspace(-1.5, 1.5, count + 1, dtype=x.dtype, device=x.device)
    heights = curve((edges[1:] + edges[:-1]) / 2)
    edges[0], edges[-1] = -2, 2  # the outer bumps go on beyond the ends
    steps = torch.sigmoid((x - edges) * (20 * count / 3))  # (N, count + 1): the hidden layer
    return (steps[:, :-1] - steps[:, 1:]) @ heights[:, None]  # a bump: a step up, a step down


def collapsed(net: nn.Module, x: Tensor) -> Tensor:
    """Return the scores of a stack of linear layers, by the one layer that it amounts to."""
    weight, bias = torch.eye(2, dtype=x.dtype, device=x.device), x.new_zeros(2)
    for layer in (part for part in net.modules() if isinstance(part, nn.Linear)):
        weight, bias = layer.weight @ weight, layer.weight @ bias + layer.bias
    return x @ weight.T + bias


def main(args: Args) -> dict[str, float]:
    """Train wider and wider nets on a curve, write one down, try XOR with and without bends."""
    run = Run.start(__file__, args)
    nets = run.place(build(args))
    x = torch.linspace(-1.5, 1.5, 512, dtype=torch.float64, device=run.device)[:, None]
    dense = torch.linspace(-1.5, 1.5, 1111, dtype=x.dtype, device=run.device)[:, None]
    pairs = x.new_tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    differ = x.new_tensor([[0], [1], [1], [0]])

    def distance(net: nn.Module, _: Nothing) -> Tensor:
        return 1e6 * functional.mse_loss(net(x), curve(x))  # LBFGS skips curvature below 1e-10

    def confusion(net: nn.Module, _: Nothing) -> Tensor:
        return functional.binary_cross_entropy_with_logits(net(pairs), differ)

    def error(heights: Tensor) -> Tensor:
        return (heights - curve(dense)).abs().max()

    lbfgs = partial(torch.optim.LBFGS, max_iter=10, line_search_fn="strong_wolfe")
    for name, net in nets.items():
        loss = partial(confusion if name in ("linear", "relu") else distance, net)
        game = Game(Player("net", net, loss, lbfgs))
        for turn in run.play(game, data.nothing(args.turns), name=name):
            if turn.looks and loss.func is distance:
                run.log(turn, error=error(net(dense)))
            elif turn.looks:
                run.log(turn, xor=((net(pairs) > 0) == (differ > 0)).double().mean())

    written = {epsilon: bumps(dense, epsilon) for epsilon in args.epsilons}
    fits = {f"{n} tanh units": nets[f"tanh{n}"](dense) for n in args.units}
    fits |= {f"bumps, allowed {e:g}": heights for e, heights in written.items()}
    run.picture("fits", torch.stack([_fit(name, dense, fits[name]) for name in fits]))
    for title, functions in ("activations", ACTIVATIONS), ("criteria", CRITERIA):
        run.picture(title, torch.stack([_shape(name, f) for name, f in functions.items()]))
    allowed = max(error(written[e]) / e for e in written)
    apart = (collapsed(nets["linear"], pairs) - nets["linear"](pairs)).abs().max()
    best = f"tanh{args.units[-1]}"
    return run.finish(answers=best, task="none", bumps_of_allowed=allowed, collapse=apart, **nets)


def _fit(title: str, x: Tensor, heights: Tensor) -> Tensor:
    panel = Panel(title, x=(-1.5, 1.5), y=(-1.6, 1.6)).line(x, curve(x), width=4, color=1)
    return panel.line(x, heights, color=5).pixels()


def _shape(title: str, function: Callable[[Tensor], Tensor]) -> Tensor:
    x = torch.linspace(-3, 3, 600)
    panel = Panel(title, x=(-3, 3), y=(-2, 4)).line(x, function(x), color=4, name="value")
    return panel.line(x, slope(function, x), color=5, name="slope").pixels()


if __name__ == "__main__":
    cli.main_with(Args, main)
