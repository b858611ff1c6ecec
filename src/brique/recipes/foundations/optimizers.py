"""Nine optimizers on an ill-conditioned quadratic, and eight of them on digits.

Paper    LeCun, Bottou, Orr, Muller 1998, "Efficient BackProp", sections 4, 5 and 6.
Departs  also Adagrad, Adadelta, RMSProp and Adam, published later.
Run      brique run optimizers
Reached  see benchmarks/recipes.md
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.nn import functional

from brique import cli, data
from brique.data import Batch
from brique.draw import Panel
from brique.game import Game, Player, gradient
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks import accuracy

EXPECT = {"digits": {  # turns until the loss of the quadratic is a millionth of that at the start
    "sgd_turns": (300.0, 400.0), "momentum_turns": (50.0, 100.0), "nesterov_turns": (50.0, 100.0),
    "lbfgs_turns": (1.0, 10.0), "newton_turns": (1.0, 1.0), "full_batch_loss_ratio": (2.0, 100.0),
    "test_accuracy": (0.95, 1.0),
}}  # fmt: skip
QUICK = {"quadratic_turns": 60, "turns": 60}
LEARNS = {"sgd-digits/valid_loss": "falls"}

OPTIMIZERS: dict[str, tuple[Callable[..., Any], float, float]] = {  # learning rates on both
    "sgd": (optim.SGD, 2 / 101, 0.3),  # 2 / (least + greatest curvature): none is faster
    "momentum": (partial(optim.SGD, momentum=9 / 11), 0.01, 0.06),
    "nesterov": (partial(optim.SGD, momentum=9 / 11, nesterov=True), 0.01, 0.06),
    "adagrad": (optim.Adagrad, 0.3, 0.03),
    "adadelta": (optim.Adadelta, 1.0, 1.0),
    "rmsprop": (optim.RMSprop, 0.01, 0.003),
    "adam": (optim.Adam, 0.1, 0.005),
    "lbfgs": (partial(optim.LBFGS, max_iter=4, line_search_fn="strong_wolfe"), 1.0, 1.0),
}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    quadratic_turns: int = 1000
    """Maximum turns (training steps) on the quadratic."""
    turns: int = 1000
    """Turns on digits; full-batch optimizers get the same number of per-example gradients."""
    batch_size: int = 32
    """Digits per batch."""
    seed: int = 0
    """Random seed."""


class Newton(optim.Optimizer):
    """Newton's method: each step minimizes the second-order approximation."""

    def __init__(self, params: Iterable[Any], function: Callable[[Tensor], Tensor]) -> None:
        super().__init__(params, {"lr": 1.0})
        self.function = function

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move by minus the inverse Hessian times the gradient."""
        (w,) = self.param_groups[0]["params"]
        hessian = [gradient(lambda w, i=i: gradient(self.function, w)[i], w) for i in range(len(w))]
        with torch.no_grad():
            w -= torch.linalg.solve(torch.stack(hessian), w.grad)


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Equal nets, one for each optimizer: pictures (N, 1, 8, 8) -> class scores (N, K)."""
    num_classes = len(schema["label"].names)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, num_classes))
    return {name: copy.deepcopy(net) for name in [*OPTIMIZERS, "full_batch"]}


def quadratic(w: Tensor) -> Tensor:
    """Return the loss at w (..., 2): curvature 1 along the diagonal, 100 across."""
    x, y = w.unbind(-1)
    return ((x + y).square() + 100 * (x - y).square()) / 4


def main(args: Args) -> dict[str, float]:
    """Minimize the quadratic, then train on digits, with SGD in mini-batch and full-batch form."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=8, channels=1)
    nets = run.place(build(args, digits.schema))
    valid = next(iter(digits.valid.batches(len(digits.valid)))).to(run.device)

    def classification_loss(net: nn.Module, batch: Batch) -> Tensor:
        return functional.cross_entropy(net(batch.image), batch.label)

    optimizers = {
        name: partial(optimizer_class, lr=lr)
        for name, (optimizer_class, lr, _) in OPTIMIZERS.items()
    }
    optimizers["newton"] = partial(Newton, function=quadratic)
    for name, optimizer in optimizers.items():
        w = nn.Parameter(torch.tensor([1.3, 1.1], dtype=torch.float64, device=run.device))
        tolerance, run.memory[name] = 1e-6 * quadratic(w).item(), [w.tolist()]
        game = Game(Player("point", [w], lambda _, w=w: quadratic(w), optimizer))
        for _ in run.play(game, data.nothing(args.quadratic_turns), name=name):
            run.memory[name].append(w.tolist())
            if quadratic(w) < tolerance:
                break
    run.picture("paths", torch.stack([_path(name, run.memory[name]) for name in optimizers]))

    for name, (optimizer_class, _, lr) in (OPTIMIZERS | {"full_batch": OPTIMIZERS["sgd"]}).items():
        stage, loss = f"{name}-digits", partial(classification_loss, nets[name])
        batch_size = len(digits.train) if name in ("full_batch", "lbfgs") else args.batch_size
        turns = max(2, args.turns * args.batch_size // (batch_size * (5 if name == "lbfgs" else 1)))
        run.memory[stage] = [[0.0, loss(valid).item()]]
        game = Game(Player("classifier", nets[name], loss, partial(optimizer_class, lr=lr)))
        stream = digits.train.batches(batch_size, turns=turns, seed=args.seed)
        for turn in run.play(game, stream, name=stage):
            if turn.evaluate:
                run.log(turn, valid_loss=loss(valid))
                run.memory[stage].append([(turn.index + 1) / turns, loss(valid).item()])
    curves = {name: run.memory[f"{name}-digits"] for name in nets}
    run.picture("curves", _curves(curves))
    results = {f"{name}_turns": len(run.memory[name]) - 1.0 for name in optimizers}
    results["full_batch_loss_ratio"] = curves["full_batch"][-1][1] / curves["sgd"][-1][1]
    best_name = min(nets, key=lambda name: curves[name][-1][1])
    results["test_accuracy"] = accuracy(nets[best_name], digits.test)
    return run.finish(answers=best_name, task="classify", **nets, **results)


def _path(title: str, path: list[list[float]]) -> Tensor:
    grid = torch.cartesian_prod(*[torch.linspace(-0.4, 1.6, 160)] * 2).view(160, 160, 2)
    panel = Panel(f"{title}: {len(path) - 1} turns", x=(-0.4, 1.6), y=(-0.4, 1.6))
    xs, ys = zip(*path, strict=True)
    panel.heatmap(((quadratic(grid) + 0.01).log() / 2).floor() % 2).line(xs, ys, color=5, width=1)
    return panel.points(xs, ys, color=5, radius=1.5).points([0], [0], color=4).pixels()


def _curves(curves: dict[str, list[list[float]]]) -> Tensor:
    panel = Panel("validation loss on digits", y=(0.05, 3), log=True, size=(360, 480))
    for color, (name, points) in enumerate(curves.items()):
        line_color, width = (color, 1.6) if color < 7 else (None, 2 * color - 13)
        panel.line(*zip(*points, strict=True), color=line_color, width=width, label=name)
    return panel.pixels()


if __name__ == "__main__":
    cli.main_with(Args, main)
