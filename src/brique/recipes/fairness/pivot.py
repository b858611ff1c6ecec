"""A classifier whose answers do not tell a nuisance: an adversary tries to read it off them.

Paper    Louppe, Kagan, Cranmer 2017, arXiv:1611.01046, algorithm 1 and section 5.1.
Departs  Adam with falling steps for SGD; the adversary is asked for signal only, for the background
         does not depend on the nuisance.
Run      brique run pivot
Reached  see benchmarks/recipes.md
"""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch
from brique.draw import Panel
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Schema
from brique.tasks import at_rest

# told: largest Kolmogorov-Smirnov distance of the answers to signal at two of z = -1, 0, 1
EXPECT = {"generated": {"plain_told": (0.3, 1), "told": (0, 0.05), "plain_auc": (0.84, 1),
                        "auc": (0.7, 1)}}  # fmt: skip
QUICK = {"turns": 300, "weights": (0.0, 30.0)}
LEARNS = {"lambda_30/told": "falls"}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    weights: tuple[float, ...] = (0.0, 1.0, 3.0, 10.0, 30.0)
    """Weights of the adversary's loss in the classifier's; each goes on where the last ended."""
    turns: int = 4500
    """Turns for each weight: one move of the adversary; every third, one of the classifier."""
    batch_size: int = 512
    """Events a turn, about half of them signal."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Classifiers: points (N, 2) -> scores (N, 1); adversary: answers (N, 1) -> (N, 15)."""

    def layers(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, outputs)
        )

    classifiers = {f"lambda_{weight:g}": layers(2, 1) for weight in args.weights}
    return classifiers | {"adversary": layers(1, 15)}


def main(args: Args) -> dict[str, float]:
    """Train a classifier against ever heavier words of an adversary; draw what it costs."""
    run = Run.start(__file__, args)
    events, three = collisions(torch.Generator().manual_seed(0))
    nets = run.place(build(args, events.schema))
    adversary, before = nets.pop("adversary"), nets[f"lambda_{args.weights[0]:g}"]
    (valid,) = events.valid.batches(len(events.valid))

    for weight, (name, net) in zip(args.weights, nets.items(), strict=True):
        net.load_state_dict(before.state_dict())
        stream = events.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game(net, adversary, weight), stream, name=name):
            if turn.looks:
                run.log(turn, **judged(net, valid, three["valid"]))
        before = net

    (test,) = events.test.batches(len(events.test))
    results = [judged(net, test, three["test"]) for net in nets.values()]
    run.picture("price", drawn(nets, results, three["test"]))
    numbers = {f"plain_{name}": value for name, value in results[0].items()} | results[-1]
    return run.finish(answers="net", task="none", net=before, **numbers)


def game(net: nn.Module, adversary: nn.Module, weight: float) -> Game:
    """Return the game of a classifier against an adversary whose loss counts `weight` times."""

    def mistakes(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(net(batch.point)[:, 0], batch.truth)

    def guessing(batch: Batch) -> Tensor:  # nats to tell z of signal from the answer, by 5 normals
        signal, answers = batch.truth == 1, net(batch.point).sigmoid()
        share, mean, spread = adversary(4 * answers[signal] - 2).chunk(3, dim=1)
        spread = 0.1 + functional.softplus(spread)  # or the classifier hunts for where it is small
        off = (batch.nuisance[signal].unsqueeze(1) - mean) / spread  # (S, 5)
        chance = share.log_softmax(dim=1) - off.square() / 2 - spread.log()
        return math.log(2 * math.pi) / 2 - chance.logsumexp(dim=1).mean()

    def value(batch: Batch) -> Tensor:
        return mistakes(batch) - weight * guessing(batch)

    fast, slow = (partial(torch.optim.Adam, lr=lr, betas=(0.5, 0.999)) for lr in (5e-3, 2e-3))
    return Game(
        Player("adversary", adversary, guessing, fast, schedule=cosine),
        Player("classifier", net, value, slow, schedule=cosine, every=3),
    )


def collisions(drawn: torch.Generator) -> tuple[data.Data, dict[str, Tensor]]:
    """Return 50,000 events, half of them signal; and signal (3, 20000, 2) at z = -1, 0 and 1."""

    def points(truth: Tensor, z: Tensor) -> Tensor:
        x, y = torch.randn(2, len(z), generator=drawn)
        signal = torch.stack([x + 1, y + 1 + z], dim=1)
        background = torch.stack([x, math.sqrt(0.75) * y - 0.5 * x], dim=1)
        return torch.where(truth.unsqueeze(1) == 1, signal, background)

    at = torch.tensor([-1.0, 0, 1]).repeat_interleave(20_000)
    three = {p: points(torch.ones(60_000), at).view(3, -1, 2) for p in ("valid", "test")}
    truth, z = torch.arange(50_000) % 2.0, torch.randn(50_000, generator=drawn)
    return data.arrays(point=points(truth, z), truth=truth, nuisance=z, name="collisions"), three


def judged(net: nn.Module, batch: Batch, three: Tensor) -> dict[str, float]:
    """Return what the answers tell of z, and the chance that signal scores above background."""
    with at_rest(net) as device:
        scores, apart = net(batch.point.to(device))[:, 0].cpu(), net(three.to(device))[..., 0].cpu()
    apart = apart.sort(dim=1).values
    below = torch.searchsorted(apart, apart.view(1, -1).repeat(3, 1), right=True)  # (3, all)
    told = (below.amax(dim=0) - below.amin(dim=0)).max() / apart.shape[1]
    signal, background = scores[batch.truth == 1], scores[batch.truth == 0].sort().values
    auc = torch.searchsorted(background, signal).double().mean() / len(background)
    return {"told": float(told), "auc": float(auc)}


def drawn(nets: dict[str, nn.Module], results: list[dict[str, float]], three: Tensor) -> Tensor:
    """Return drawings: the share of signal answered lower, by the first and last net; the price."""
    names, share = list(nets), torch.linspace(0, 1, 200)
    panels = {name: Panel(name, size=(300, 210)) for name in (names[0], names[-1])}
    price = Panel("price, by place of lambda", x=(0, len(nets) - 1), size=(300, 210))
    for name, panel in panels.items():
        with at_rest(nets[name]) as device:
            for color, scores in enumerate(nets[name](three.to(device))[..., 0].sigmoid().cpu()):
                panel.line(scores.quantile(share), share, color=color, name=f"z = {color - 1}")
    for color, name in enumerate(results[0]):
        heights = [result[name] for result in results]
        price.line(range(len(heights)), heights, color=color, name=name)
    return torch.stack([panel.pixels() for panel in (*panels.values(), price)])


if __name__ == "__main__":
    cli.main_with(Args, main)
