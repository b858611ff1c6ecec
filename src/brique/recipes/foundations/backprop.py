"""Slopes by hand: the chain rule backwards through a net, held against autograd and differences.

Paper    Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors".
Departs  slopes of whole batches, through any bend whose derivative is written down.
Run      brique run backprop
Reached  see benchmarks/recipes.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, cos, exp, nn, sin, tanh
from torch.nn import functional

from brique import bricks, cli, data
from brique.bricks import Residual, Standardize, Temperature, slope_error
from brique.data import Nothing
from brique.draw import graph
from brique.game import Game, Player, slope
from brique.run import Run
from brique.schema import Schema

EXPECT = {"generated": {
    "recursion": (0.0, 1e-10), "apart": (0.0, 1e-10), "bricks": (0.0, 1e-6),
    "square_of_1": (2.0, 2.0), "square_of_2": (4.0, 4.0), "square_of_4": (8.0, 8.0),
    "composed": (0.0, 1e-12), "run_once": (1.0, 1.0), "run_twice": (2.0, 2.0),
}}  # fmt: skip
QUICK = {"turns": 60}

Function = Callable[[Tensor], Tensor]
BENDS: dict[str, tuple[nn.Module, Function]] = {  # g, and its derivative
    "tanh": (nn.Tanh(), lambda a: 1 - a.tanh() ** 2),
    "sigmoid": (nn.Sigmoid(), lambda a: a.sigmoid() * (1 - a.sigmoid())),
    "relu": (nn.ReLU(), lambda a: (a > 0).to(a.dtype)),
    "leaky relu": (nn.LeakyReLU(0.1), lambda a: 0.1 + 0.9 * (a > 0).to(a.dtype)),
    "elu": (nn.ELU(), lambda a: torch.where(a > 0, 1.0, a.exp())),
    "linear": (nn.Identity(), torch.ones_like),
}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    turns: int = 500
    """Steps of the net whose slopes are made by hand, and of its twin."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema | None = None) -> dict[str, nn.Module]:
    """Two like nets: inputs (N, 10) -> answers (N, 5) in (-1, 1), float64."""
    nets = {name: stack([10, 20, 5], ["tanh", "tanh"]) for name in ("by_hand", "by_autograd")}
    nets["by_autograd"].load_state_dict(nets["by_hand"].state_dict())
    return nets


def stack(sizes: list[int], bends: list[str]) -> nn.Module:
    """Return layers x <- g(W x + b)."""
    layers = [nn.Linear(*ends) for ends in pairwise(sizes)]
    pairs = zip(layers, (BENDS[bend][0] for bend in bends), strict=True)
    return nn.Sequential(*(part for pair in pairs for part in pair)).double()


class ByHand(torch.autograd.Function):
    """Layers x <- g(W x + b) whose slopes are written down: autograd sees one operation."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bends: list[str], *weights: Tensor) -> Tensor:  # noqa: ANN401, D102
        ctx.bends, ctx.weights, ctx.inputs, ctx.sums = bends, weights, [], []
        for bend, weight, bias in zip(bends, weights[::2], weights[1::2], strict=True):
            ctx.inputs.append(x)
            ctx.sums.append(x @ weight.T + bias)
            x = BENDS[bend][0](ctx.sums[-1])
        return x

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401, D102
        slopes, from_above = list[Tensor](), above[0]  # dE/dx of the last layer
        for i in reversed(range(len(ctx.bends))):
            delta = from_above * BENDS[ctx.bends[i]][1](ctx.sums[i])  # dE/d(W x + b)
            slopes = [delta.T @ ctx.inputs[i], delta.sum(0), *slopes]  # dE/dW, dE/db
            from_above = delta @ ctx.weights[2 * i]  # dE/dx of the layer below
        return (from_above, None, *slopes)


def checks() -> dict[str, float | Tensor]:
    """Return how far slopes are from where they should be, and those of the lectures' examples."""
    net, x = stack([6] * (len(BENDS) + 1), list(BENDS)), torch.randn(7, 6, dtype=torch.float64)
    weights = [*net.parameters()]
    by_hand = torch.autograd.grad(ByHand.apply(x, list(BENDS), *weights).square().sum(), weights)
    by_autograd = torch.autograd.grad(net(x).square().sum(), weights)
    apart = [(a - b).abs().max() for a, b in zip(by_hand, by_autograd, strict=True)]

    rows = [nn.Linear(4, 3), nn.BatchNorm1d(4), nn.LayerNorm(4), nn.Softmax(1), Temperature()]
    rows += [nn.GRU(4, 3), nn.LSTM(4, 3), bricks.Usual(), *(bend for bend, _ in BENDS.values())]
    rows += [bricks.Restore([1.0], [2.0]), bricks.Band((4, 1)), bricks.Least(), bricks.Mixture(3)]
    pictures = [nn.Conv2d(3, 4, 3, padding=1), nn.ConvTranspose2d(3, 2, 4), Standardize(0.4, 0.3)]
    pictures += [Residual(3, 3), Residual(3, 4, stride=2), nn.BatchNorm2d(3), nn.MaxPool2d(2)]
    errors = [slope_error(part, torch.randn(5, 4)) for part in rows]
    errors += [slope_error(part, torch.randn(2, 3, 6, 6)) for part in pictures]

    x, y, z = (torch.tensor([1.0, 2.0, 4.0], requires_grad=True) for _ in range(3))
    squares, once = slope(torch.square, x), slope(lambda z: x * y + z, z)
    for _ in range(2):  # a cell that is run twice: slopes are added to those that are there
        (x * y + z).sum().backward()
    assert z.grad is not None
    x, y = torch.tensor([0.3, 0.7], dtype=torch.float64)
    found = slope(lambda x: 2 * sin(x + 3 * y) + 6 * exp(5 * x) * tanh(y), x)
    wanted = 2 * cos(x + 3 * y) + 30 * exp(5 * x) * tanh(y)  # 30 = 6 * 5, the slope inside
    return {
        "recursion": max(apart), "bricks": max(errors), "composed": (found - wanted).abs(),
        "square_of_1": squares[0], "square_of_2": squares[1], "square_of_4": squares[2],
        "run_once": once[0], "run_twice": z.grad[0],
    }  # fmt: skip


def main(args: Args) -> dict[str, float]:
    """Hold slopes by hand against autograd's, train with both, draw the graph that they follow."""
    run = Run.start(__file__, args)
    checked, nets = checks(), run.place(build(args))
    x = run.noise(100, 10, dtype=torch.float64, name="inputs")
    wanted = tanh(x @ run.noise(10, 5, dtype=torch.float64, name="teacher") / 3)

    def by_hand(x: Tensor) -> Tensor:
        return ByHand.apply(x, ["tanh", "tanh"], *nets["by_hand"].parameters())

    def distance(answer: Function, _: Nothing) -> Tensor:
        return functional.mse_loss(answer(x), wanted)

    sgd = partial(torch.optim.SGD, lr=0.2, momentum=0.9)
    ways = {"by_hand": by_hand, "by_autograd": nets["by_autograd"]}
    game = Game(*(Player(way, nets[way], partial(distance, ways[way]), sgd) for way in ways))
    for turn in run.play(game, data.nothing(args.turns)):
        if turn.looks:
            run.log(turn, apart=(nets["by_hand"](x) - nets["by_autograd"](x)).abs().max())

    w1, b1, w2, b2 = nets["by_hand"].parameters()
    loss = ((w2 @ (w1 @ x[0] + b1).tanh() + b2).tanh() - wanted[0]).square().sum()
    drawn = [graph(loss, backward=back, W1=w1, b1=b1, W2=w2, b2=b2) for back in (False, True)]
    run.picture("graph", torch.stack(drawn))
    return run.finish(answers="by_hand", task="none", **nets, **checked)


if __name__ == "__main__":
    cli.main_with(Args, main)
