"""Digits squeezed through 2 to 32 numbers and rebuilt, by a net and by principal components.

Paper    Hinton, Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
Departs  convolutions at both ends, batch norm, layers with a way past them; trained as a whole from
         the start, by squared error.
Run      brique run autoencoder --data mnist
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks.reconstruct import named, principal, rebuilt, rows

# ratio: squared error of as many principal components, over the net's; gain: share of rebuilt
# digits that a reader names rightly, less that of those rebuilt from principal components
EXPECT = {
    "mnist": {
        "ratio2": (1.4, 3), "ratio8": (2.6, 9), "ratio32": (3.3, 9),
        "gain2": (0.25, 1), "gain4": (0.25, 1),
    }
}  # fmt: skip
QUICK = {"turns": 60, "sizes": (2, 8)}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    sizes: tuple[int, ...] = (2, 4, 8, 16, 32)
    """Numbers that a digit becomes, one net for each."""
    turns: int = 8500
    """Turns of each net."""
    batch_size: int = 64
    """Digits a turn."""
    lr: float = 4e-3
    """First step length of Adam; it falls along a cosine to zero."""
    seed: int = 0
    """Seed of everything random."""


class Deeper(nn.Module):
    """Adds what a layer finds to what came in: depth for short codes, a way past it for long."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(256, 256), nn.BatchNorm1d(256), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, 256)."""
        return x + self.layer(x)


def build(args: Args, schema: Schema) -> dict[str, nn.Sequential]:
    """Nets of an encoder, digits (N, 1, 28, 28) -> codes (N, size), and a decoder back."""

    def coder(size: int) -> nn.Sequential:
        encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Flatten(), nn.Linear(784, 256), nn.BatchNorm1d(256), nn.ReLU(),
            Deeper(), nn.Linear(256, size),
        )  # fmt: skip
        decoder = nn.Sequential(
            nn.Linear(size, 256), nn.BatchNorm1d(256), nn.ReLU(), Deeper(),
            nn.Linear(256, 784), nn.BatchNorm1d(784), nn.ReLU(), nn.Unflatten(1, (16, 7, 7)),
            nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1), nn.Sigmoid(),
        )  # fmt: skip
        return nn.Sequential(encoder, decoder)

    return {f"code{size}": coder(size) for size in args.sizes}


def main(args: Args) -> dict[str, float]:
    """Train a net for each size of code; then set it beside as many principal components."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    nets = run.place(build(args, digits.schema))
    seen = next(digits.valid.batches(1000).on(run.device)).image

    def error(net: nn.Module, batch: Batch) -> Tensor:
        return functional.mse_loss(net(batch.image), batch.image)

    adam = partial(torch.optim.Adam, lr=args.lr)
    for name, net in nets.items():
        game = Game(Player("autoencoder", net, partial(error, net), adam, schedule=cosine))
        stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.looks:
                run.log(turn, error=functional.mse_loss(rebuilt(net, seen), seen))

    (test,) = digits.test.batches(len(digits.test)).on(run.device)
    linear = [axes.to(run.device) for axes in principal(digits.train, args.sizes)]
    numbers = {"read": named(test.image, test.label, digits)}
    shown, strips = {"test": test.image[:12]}, dict[str, Tensor]()
    for size, net, axes in zip(args.sizes, nets.values(), linear, strict=True):
        for kind, coder in ("net", net), ("linear", axes):
            made = rebuilt(coder, test.image)
            numbers[f"{kind}_error{size}"] = functional.mse_loss(made, test.image).item()
            numbers[f"{kind}_read{size}"] = named(made, test.label, digits)
            shown[f"{kind}, {size}"] = made[:12]
            strips[f"{kind}, {size}"] = between(coder, *test.image[:2])
        numbers[f"ratio{size}"] = numbers[f"linear_error{size}"] / numbers[f"net_error{size}"]
        numbers[f"gain{size}"] = numbers[f"net_read{size}"] - numbers[f"linear_read{size}"]
    run.picture("reconstructions", rows(shown))
    run.picture("interpolations", rows(strips))
    return run.finish(answers=[*nets][-1], task="reconstruct", **nets, **numbers)


def between(coder: nn.Sequential, first: Tensor, last: Tensor) -> Tensor:
    """Return what is rebuilt from 12 codes on the line from one digit's to another's."""
    encoder, decoder = coder
    begin, end = rebuilt(encoder, torch.stack([first, last]))
    share = torch.linspace(0, 1, 12, device=begin.device)[:, None]
    return rebuilt(decoder, torch.lerp(begin, end, share))


if __name__ == "__main__":
    cli.main_with(Args, main)
