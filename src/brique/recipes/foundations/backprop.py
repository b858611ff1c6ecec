"""Back-propagation implemented by hand, checked against autograd and finite differences.

Paper    Rumelhart, Hinton, Williams 1986, "Learning representations by back-propagating errors".
Departs  batched gradients, through any activation with a known derivative.
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

from brique import cli, data
from brique.bricks import ResidualBlock, Standardize, Temperature, gradient_error
from brique.data import Nothing
from brique.draw import graph
from brique.game import Game, Player, gradient
from brique.nets.denormalize import Denormalize
from brique.nets.error_quantiles import ErrorQuantiles
from brique.nets.latent_mixture import LatentMixture
from brique.nets.prediction_interval import PredictionInterval
from brique.nets.score_threshold import ScoreThreshold
from brique.run import Run
from brique.schema import Schema

EXPECT = {"generated": {
    "gradient_difference": (0.0, 1e-10), "output_difference": (0.0, 1e-10),
    "brick_error": (0.0, 1e-6), "chain_rule_error": (0.0, 1e-12),
    "square_gradient_1": (2.0, 2.0), "square_gradient_2": (4.0, 4.0),
    "square_gradient_4": (8.0, 8.0), "backward_once": (1.0, 1.0), "backward_twice": (2.0, 2.0),
}}  # fmt: skip
QUICK = {"turns": 60}

Function = Callable[[Tensor], Tensor]
ACTIVATIONS: dict[str, tuple[nn.Module, Function]] = {  # g, and its derivative g'
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
    """Turns (training steps) of the net with manual gradients, and of its autograd twin."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema | None = None) -> dict[str, nn.Module]:
    """Two equal nets: inputs (N, 10) -> outputs (N, 5) in (-1, 1), float64."""
    nets = {name: mlp([10, 20, 5], ["tanh", "tanh"]) for name in ("by_hand", "by_autograd")}
    nets["by_autograd"].load_state_dict(nets["by_hand"].state_dict())
    return nets


def mlp(sizes: list[int], activations: list[str]) -> nn.Module:
    """Return layers x <- g(W x + b)."""
    layers = [nn.Linear(*shape) for shape in pairwise(sizes)]
    pairs = zip(layers, (ACTIVATIONS[g][0] for g in activations), strict=True)
    return nn.Sequential(*(module for pair in pairs for module in pair)).double()


class ByHand(torch.autograd.Function):
    """Layers x <- g(W x + b) with manual gradients, as one autograd function."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, activations: list[str], *weights: Tensor) -> Tensor:  # noqa: ANN401, D102
        ctx.activations, ctx.weights, ctx.x, ctx.a = activations, weights, [], []
        for name, weight, bias in zip(activations, weights[::2], weights[1::2], strict=True):
            ctx.x.append(x)
            ctx.a.append(x @ weight.T + bias)
            x = ACTIVATIONS[name][0](ctx.a[-1])
        return x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401, D102
        weight_gradients, dx = list[Tensor](), gradients[0]  # dE/dx of the last layer
        for i in reversed(range(len(ctx.activations))):
            delta = dx * ACTIVATIONS[ctx.activations[i]][1](ctx.a[i])  # dE/da, a = W x + b
            weight_gradients = [delta.T @ ctx.x[i], delta.sum(0), *weight_gradients]  # dE/dW, dE/db
            dx = delta @ ctx.weights[2 * i]  # dE/dx of the layer below
        return (dx, None, *weight_gradients)


def check_gradients() -> dict[str, float | Tensor]:
    """Return errors of gradients against references, and gradients of small examples."""
    net = mlp([6] * (len(ACTIVATIONS) + 1), list(ACTIVATIONS))
    x, weights = torch.randn(7, 6, dtype=torch.float64), [*net.parameters()]
    y = ByHand.apply(x, list(ACTIVATIONS), *weights)
    by_hand = torch.autograd.grad(y.square().sum(), weights)
    by_autograd = torch.autograd.grad(net(x).square().sum(), weights)
    differences = [(a - b).abs().max() for a, b in zip(by_hand, by_autograd, strict=True)]
    brick_error = max(brick_errors())

    x, y, z = (torch.tensor([1.0, 2.0, 4.0], requires_grad=True) for _ in range(3))
    square_gradients, once = gradient(torch.square, x), gradient(lambda z: x * y + z, z)
    for _ in range(2):  # backward adds to z.grad
        (x * y + z).sum().backward()
    assert z.grad is not None
    x, y = torch.tensor([0.3, 0.7], dtype=torch.float64)
    derivative = gradient(lambda x: 2 * sin(x + 3 * y) + 6 * exp(5 * x) * tanh(y), x)
    expected = 2 * cos(x + 3 * y) + 30 * exp(5 * x) * tanh(y)  # 30 = 6 * 5, the inner derivative
    return {
        "gradient_difference": max(differences), "brick_error": brick_error,
        "chain_rule_error": (derivative - expected).abs(), "square_gradient_1": square_gradients[0],
        "square_gradient_2": square_gradients[1], "square_gradient_4": square_gradients[2],
        "backward_once": once[0], "backward_twice": z.grad[0],
    }  # fmt: skip


def brick_errors() -> list[float]:
    """Return the gradient error of each layer and brick, on small inputs."""
    flat = [nn.Linear(4, 3), nn.BatchNorm1d(4), nn.LayerNorm(4), nn.Softmax(1), Temperature()]
    flat += [nn.GRU(4, 3), nn.LSTM(4, 3), ErrorQuantiles(), *(g for g, _ in ACTIVATIONS.values())]
    flat += [Denormalize([1.0], [2.0]), PredictionInterval((4, 1)), ScoreThreshold()]
    flat += [LatentMixture(3)]
    spatial = [nn.Conv2d(3, 4, 3, padding=1), nn.ConvTranspose2d(3, 2, 4), Standardize(0.4, 0.3)]
    spatial += [ResidualBlock(3, 3), ResidualBlock(3, 4, stride=2)]
    spatial += [nn.BatchNorm2d(3), nn.MaxPool2d(2)]
    errors = [gradient_error(brick, torch.randn(5, 4)) for brick in flat]
    return errors + [gradient_error(brick, torch.randn(2, 3, 6, 6)) for brick in spatial]


def main(args: Args) -> dict[str, float]:
    """Check manual gradients, train with them and with autograd, draw the graph."""
    run = Run.start(__file__, args)
    results, nets = check_gradients(), run.place(build(args))
    x = run.noise(100, 10, dtype=torch.float64, name="inputs")
    targets = tanh(x @ run.noise(10, 5, dtype=torch.float64, name="teacher") / 3)

    def by_hand(x: Tensor) -> Tensor:
        return ByHand.apply(x, ["tanh", "tanh"], *nets["by_hand"].parameters())

    def loss(function: Function, _: Nothing) -> Tensor:
        return functional.mse_loss(function(x), targets)

    sgd = partial(torch.optim.SGD, lr=0.2, momentum=0.9)
    functions = {"by_hand": by_hand, "by_autograd": nets["by_autograd"]}
    game = Game(*(Player(name, nets[name], partial(loss, f), sgd) for name, f in functions.items()))
    for turn in run.play(game, data.nothing(args.turns)):
        if turn.evaluate:
            difference = (nets["by_hand"](x) - nets["by_autograd"](x)).abs().max()
            run.log(turn, output_difference=difference)

    w1, b1, w2, b2 = nets["by_hand"].parameters()
    error = ((w2 @ (w1 @ x[0] + b1).tanh() + b2).tanh() - targets[0]).square().sum()
    graphs = [
        graph(error, backward=is_backward, W1=w1, b1=b1, W2=w2, b2=b2)
        for is_backward in (False, True)
    ]
    run.picture("graph", torch.stack(graphs))
    return run.finish(answers="by_hand", task="none", **nets, **results)


if __name__ == "__main__":
    cli.main_with(Args, main)
