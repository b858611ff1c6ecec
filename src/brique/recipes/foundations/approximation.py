"""Universal approximation: one hidden layer fits any function; linear layers collapse to one.

Paper    Cybenko 1989, "Approximation by superpositions of a sigmoidal function", theorem 2.
Departs  weights are trained, or constructed; the theorem only proves their existence.
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
from brique.game import Game, Player, gradient
from brique.run import Run
from brique.schema import Schema

EXPECT = {  # max_error: on [-1.5, 1.5], where the target has a range of 2.6
    "generated": {
        "tanh2/max_error": (0.5, 1.6), "tanh8/max_error": (0.0, 0.8),
        "tanh32/max_error": (0.0, 0.01), "tanh128/max_error": (0.0, 0.002),
        "bump_error_ratio": (0.0, 1.0), "collapse_error": (0.0, 1e-10),
        "linear/xor_accuracy": (0.0, 0.75), "relu/xor_accuracy": (1.0, 1.0),
    }
}  # fmt: skip
QUICK = {"turns": 5}
LEARNS = {"tanh32/max_error": "falls"}

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "gaussian": lambda x: torch.exp(-x * x),
    "relu": torch.relu, "leaky relu": partial(functional.leaky_relu, negative_slope=0.1),
    "elu": functional.elu, "softplus": functional.softplus,
    "maxout of two": lambda x: torch.maximum(0.5 * x + 0.5, -x),
}  # fmt: skip
LOSSES: dict[str, Callable[[Tensor], Tensor]] = {  # of an error; of the margin of the true class
    "squared error": torch.square, "absolute error": torch.abs,
    "hinge": lambda x: torch.relu(1 - x), "cross-entropy": lambda x: functional.softplus(-x),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    units: tuple[int, ...] = (2, 8, 32, 128)
    """Hidden units of each trained net."""
    turns: int = 100
    """Turns (training steps) per net, ten LBFGS iterations each."""
    epsilons: tuple[float, ...] = (2.0, 0.5, 0.1, 0.01)
    """Error bounds of the constructed nets."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema | None = None) -> dict[str, nn.Module]:
    """Regression: x (N, 1) -> y (N, 1); XOR: pairs (N, 2) -> logits (N, 1); float64."""
    nets: dict[str, nn.Module] = {}
    for units in args.units:
        first, last = nn.Linear(1, units), nn.Linear(units, 1)
        nn.init.uniform_(first.weight, 3.0, 6.0)
        nn.init.uniform_(first.bias, -7.0, 7.0)  # transitions all over [-1.5, 1.5]
        nn.init.zeros_(last.weight)
        nets[f"tanh{units}"] = nn.Sequential(first, nn.Tanh(), last)
    for name, activation in ("linear", nn.Identity), ("relu", nn.ReLU):
        layers = [nn.Linear(2, 16), *(nn.Linear(16, 16) for _ in range(3)), nn.Linear(16, 1)]
        nets[name] = nn.Sequential(*(m for layer in layers for m in (layer, activation())))[:-1]
    return {name: net.double() for name, net in nets.items()}


def target(x: Tensor) -> Tensor:
    """Return the function to approximate; its derivative on [-1.5, 1.5] is below 13."""
    return torch.sin(8 * x) * x


def bumps(x: Tensor, epsilon: float) -> Tensor:
    """Return y (N, 1) within epsilon of the target, by a constructed hidden layer."""
    count = int(3 * 13 / epsilon) + 1  # bumps: the target changes by less over the width of one
    edges = torch.linspace(-1.5, 1.5, count + 1, dtype=x.dtype, device=x.device)
    heights = target((edges[1:] + edges[:-1]) / 2)
    edges[0], edges[-1] = -2, 2  # the outer bumps extend beyond the interval
    hidden = torch.sigmoid((x - edges) * (20 * count / 3))  # (N, count + 1)
    return (hidden[:, :-1] - hidden[:, 1:]) @ heights[:, None]  # a bump: two sigmoids


def collapsed(net: nn.Module, x: Tensor) -> Tensor:
    """Return the outputs of the single linear layer that equals a stack of linear layers."""
    weight, bias = torch.eye(2, dtype=x.dtype, device=x.device), x.new_zeros(2)
    for layer in (module for module in net.modules() if isinstance(module, nn.Linear)):
        weight, bias = layer.weight @ weight, layer.weight @ bias + layer.bias
    return x @ weight.T + bias


def main(args: Args) -> dict[str, float]:
    """Train nets of increasing width, construct one, learn XOR with and without activations."""
    run = Run.start(__file__, args)
    nets = run.place(build(args))
    x = torch.linspace(-1.5, 1.5, 512, dtype=torch.float64, device=run.device)[:, None]
    grid = torch.linspace(-1.5, 1.5, 1111, dtype=x.dtype, device=run.device)[:, None]
    xor_inputs = x.new_tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    xor_targets = x.new_tensor([[0], [1], [1], [0]])

    def regression_loss(net: nn.Module, _: Nothing) -> Tensor:
        return 1e6 * functional.mse_loss(net(x), target(x))  # LBFGS skips curvature below 1e-10

    def xor_loss(net: nn.Module, _: Nothing) -> Tensor:
        return functional.binary_cross_entropy_with_logits(net(xor_inputs), xor_targets)

    def max_error(y: Tensor) -> Tensor:
        return (y - target(grid)).abs().max()

    lbfgs = partial(torch.optim.LBFGS, max_iter=10, line_search_fn="strong_wolfe")
    for name, net in nets.items():
        loss = partial(xor_loss if name in ("linear", "relu") else regression_loss, net)
        game = Game(Player("net", net, loss, lbfgs))
        for turn in run.play(game, data.nothing(args.turns), name=name):
            if turn.evaluate and loss.func is regression_loss:
                run.log(turn, max_error=max_error(net(grid)))
            elif turn.evaluate:
                run.log(
                    turn, xor_accuracy=((net(xor_inputs) > 0) == (xor_targets > 0)).double().mean()
                )

    constructed = {epsilon: bumps(grid, epsilon) for epsilon in args.epsilons}
    fits = {f"{n} tanh units": nets[f"tanh{n}"](grid) for n in args.units}
    fits |= {f"bumps, epsilon {e:g}": y for e, y in constructed.items()}
    run.picture("fits", torch.stack([_fit(name, grid, fits[name]) for name in fits]))
    for title, functions in ("activations", ACTIVATIONS), ("losses", LOSSES):
        run.picture(title, torch.stack([_plot(name, f) for name, f in functions.items()]))
    ratio = max(max_error(constructed[e]) / e for e in constructed)
    collapse_error = (
        (collapsed(nets["linear"], xor_inputs) - nets["linear"](xor_inputs)).abs().max()
    )
    results = {"bump_error_ratio": ratio.item(), "collapse_error": collapse_error.item()}
    return run.finish(answers=f"tanh{args.units[-1]}", task="none", **nets, **results)


def _fit(title: str, x: Tensor, y: Tensor) -> Tensor:
    panel = Panel(title, x=(-1.5, 1.5), y=(-1.6, 1.6)).line(x, target(x), width=4, color=1)
    return panel.line(x, y, color=5).pixels()


def _plot(title: str, function: Callable[[Tensor], Tensor]) -> Tensor:
    x = torch.linspace(-3, 3, 600)
    panel = Panel(title, x=(-3, 3), y=(-2, 4)).line(x, function(x), color=4, label="value")
    return panel.line(x, gradient(function, x), color=5, label="derivative").pixels()


if __name__ == "__main__":
    cli.main_with(Args, main)
