"""Digits become codes that rebuild them, and that lie where draws of a given shape would.

Paper    Makhzani et al. 2015, arXiv:1511.05644, sections 2 and 4.
Departs  small nets, Adam; one critic for class and style, which see the digits through dropout.
Run      brique run adversarial_autoencoder --data mnist
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks import samples
from brique.tasks.reconstruct import rebuilt, rows
from brique.tasks.samples import SHAPES, Shape

# told: share of 1,000 codes and 1,000 draws whose nearest neighbor is of their own kind, the mean
# over all thousands of codes; ratio: the largest error of the three, over the plain net's; gain: of
# accuracy, by digits without labels
EXPECT = {
    "mnist": {"gaussian_told": (0, 0.58), "ring_told": (0, 0.58), "swiss_roll_told": (0, 0.58),
              "plain_told": (0.6, 1), "ratio": (0, 1.3), "gain": (0.03, 1)}
}  # fmt: skip
QUICK = {"turns": 40}
LEARNS = {"gaussian/rebuilder": "falls"}
LABELS, STYLE = 10, 8  # of each class, known; numbers in a code beside the chances of the classes


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    turns: int = 6500
    """Turns of each of the six games: a move of every player."""
    batch_size: int = 128
    """Digits a turn, and as many draws."""
    lr: float = 1e-3
    """First step length of rebuilders and readers; all fall along a cosine to zero."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> dict[str, nn.Sequential]:
    """Autoencoders: digits (N, 1, 28, 28) -> codes -> digits; critics: codes -> scores (N, 1)."""

    def layers(*sizes: int, norm: type[nn.Module] = nn.Identity) -> list[nn.Module]:
        threes = ((nn.Linear(a, b), norm(b), nn.LeakyReLU(0.2)) for a, b in pairwise(sizes))
        return [layer for three in threes for layer in three][:-2]

    def autoencoder(size: int, dropout: float, *end: nn.Module) -> nn.Sequential:
        forth = layers(784, 256, 256, size, norm=nn.BatchNorm1d)
        back = *layers(size, 256, 256, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
        encoder = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), *forth, *end)
        return nn.Sequential(encoder, nn.Sequential(*back))

    long = len(schema["label"].names) + STYLE
    nets = {name: autoencoder(2, 0.0) for name in ("plain", *SHAPES)}
    nets |= {name: autoencoder(long, 0.8, samples.Chances(STYLE)) for name in ("labels", "alone")}
    sizes = dict.fromkeys(SHAPES, 2) | {"labels": long}
    critics = {f"{n}_critic": nn.Sequential(*layers(s, 256, 256, 256, 1)) for n, s in sizes.items()}
    return nets | critics


def main(args: Args) -> dict[str, float]:
    """Play for each shape, and for classes with few labels; beside both, play without rivals."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    nets = run.place(build(args, digits.schema))
    shapes = {**SHAPES, "labels": partial(samples.classes, len(digits.schema["label"].names))}
    order = run.noise(len(digits.train), name="known")
    few = samples.few_of_each(digits.train, LABELS, order).to(run.device)
    valid = next(digits.valid.batches(len(digits.valid)).on(run.device))
    draws = run.noise(1000, 1 + STYLE, name="judged")

    def missed(net: nn.Module, batch: Batch) -> Tensor:  # what a rebuilder pays
        return functional.mse_loss(net(batch.image), batch.image)

    def mistaken(encoder: nn.Module, _: Batch) -> Tensor:  # what a reader pays: nats a label
        return -(encoder(few.image).gather(1, few.label[:, None]) + 1e-9).log().mean()

    player = partial(Player, optimizer=partial(torch.optim.Adam, lr=args.lr), schedule=cosine)
    names = "plain", *SHAPES, "labels", "alone"
    for name in names:
        net, encoder, seats = nets[name], nets[name][0], list[Player]()
        if name != "alone":
            seats += [player("rebuilder", net, partial(missed, net))]
        if name in shapes:
            lr = args.lr * (0.05 if name == "labels" else 2)
            seats += rivals(run, encoder, nets[f"{name}_critic"], shapes[name], lr)
        if name in ("labels", "alone"):
            owners = ("rebuilder", "deceiver") if seats else ()
            seats += [player("reader", encoder, partial(mistaken, encoder), shares=owners)]
        stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(Game(*seats), stream, name=name):
            if turn.looks:
                run.log(turn, **judged(name, net, valid, draws))

    test = next(digits.test.batches(len(digits.test)).on(run.device))
    found = {name: judged(name, nets[name], test, draws) for name in names}
    numbers = {f"{name}_{what}": value for name in names for what, value in found[name].items()}
    numbers["ratio"] = max(found[name]["error"] for name in SHAPES) / found["plain"]["error"]
    numbers["gain"] = found["labels"]["accuracy"] - found["alone"]["accuracy"]
    codes = {name: rebuilt(nets[name][0], test.image) for name in SHAPES}
    made = {name: rebuilt(nets[name][1], shape(draws[:12])) for name, shape in shapes.items()}
    run.picture("codes", samples.clouds(codes, test.label, draws))
    run.picture("drawn", rows(made))
    return run.finish(answers="gaussian", task="reconstruct", **nets, **numbers)


def rivals(run: Run, coder: nn.Module, critic: nn.Module, shape: Shape, lr: float) -> list[Player]:
    """Return a critic, who tells codes from draws, and a deceiver, who moves the codes for it."""

    def fooled(batch: Batch) -> Tensor:
        real = critic(shape(run.noise(len(batch), 1 + STYLE)))
        code = critic(run.once(coder, batch.image))  # the encoder is asked once for both
        return functional.softplus(-real).mean() + functional.softplus(code).mean()

    def caught(batch: Batch) -> Tensor:
        return functional.softplus(-critic(run.once(coder, batch.image))).mean()

    adam = partial(torch.optim.Adam, lr=lr, betas=(0.5, 0.99))
    player = partial(Player, optimizer=adam, schedule=cosine)
    return [player("critic", critic, fooled),
            player("deceiver", coder, caught, shares=("rebuilder",))]  # fmt: skip


def judged(name: str, net: nn.Sequential, batch: Batch, draws: Tensor) -> dict[str, float]:
    """Return a reader's accuracy; of others the error a pixel, and how codes are told apart."""
    code = rebuilt(net[0], batch.image)
    if name in ("labels", "alone"):
        return {"accuracy": float((code[:, :-STYLE].argmax(1) == batch.label).float().mean())}
    drawn = SHAPES.get(name, samples.gaussian)(draws)  # the plain codes beside the Gaussian
    told = samples.told_apart(code, drawn)
    error = functional.mse_loss(rebuilt(net, batch.image), batch.image)
    return {"error": error.item(), "told": told}


if __name__ == "__main__":
    cli.main_with(Args, main)
