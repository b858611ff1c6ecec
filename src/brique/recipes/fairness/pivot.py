"""Adversarial training makes a classifier independent of a nuisance parameter (pivot).

Paper    Louppe, Kagan, Cranmer 2017, arXiv:1611.01046, algorithm 1 and section 5.1.
Departs  Adam with a decaying learning rate for SGD; the adversary sees signal only, as the
         background does not depend on the nuisance parameter.
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
from brique.tasks import eval_mode

# ks: largest Kolmogorov-Smirnov distance between outputs for signal at z = -1, 0, 1; plain: without
# adversary
EXPECT = {"generated": {"plain_ks": (0.3, 1), "ks": (0, 0.05), "plain_auc": (0.84, 1),
                        "auc": (0.7, 1)}}  # fmt: skip
QUICK = {"turns": 300, "lambdas": (0.0, 30.0)}
LEARNS = {"lambda_30/ks": "falls"}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    lambdas: tuple[float, ...] = (0.0, 1.0, 3.0, 10.0, 30.0)
    """Weights of the adversary's loss, in order; each starts from the previous classifier."""
    turns: int = 4500
    """Turns (training steps) per lambda; the classifier moves at every third."""
    batch_size: int = 512
    """Events per batch, about half of them signal."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Classifiers f: events (N, 2) -> logits (N, 1); adversary r: outputs (N, 1) -> (N, 15)."""

    def mlp(inputs: int, outputs: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, outputs)
        )

    classifiers = {f"lambda_{weight:g}": mlp(2, 1) for weight in args.lambdas}
    return classifiers | {"adversary": mlp(1, 15)}


def main(args: Args) -> dict[str, float]:
    """Train classifiers against an adversary of increasing weight; plot the tradeoff."""
    run = Run.start(__file__, args)
    events, signal = toy_events(torch.Generator().manual_seed(0))
    nets = run.place(build(args, events.schema))
    adversary, last = nets.pop("adversary"), nets[f"lambda_{args.lambdas[0]:g}"]
    (valid,) = events.valid.batches(len(events.valid))

    for weight, (name, net) in zip(args.lambdas, nets.items(), strict=True):
        net.load_state_dict(last.state_dict())
        stream = events.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game(net, adversary, weight), stream, name=name):
            if turn.evaluate:
                run.log(turn, **metrics(net, valid, signal["valid"]))
        last = net

    (test,) = events.test.batches(len(events.test))
    metrics_by_lambda = [metrics(net, test, signal["test"]) for net in nets.values()]
    run.picture("tradeoff", draw(nets, metrics_by_lambda, signal["test"]))
    results = {
        f"plain_{name}": value for name, value in metrics_by_lambda[0].items()
    } | metrics_by_lambda[-1]
    return run.finish(answers="net", task="none", net=last, **results)


def game(f: nn.Module, r: nn.Module, weight: float) -> Game:
    """Return the game of a classifier f and an adversary r whose loss has this weight, lambda."""

    def f_loss(batch: Batch) -> Tensor:
        return functional.binary_cross_entropy_with_logits(f(batch.x)[:, 0], batch.y)

    def r_loss(batch: Batch) -> Tensor:  # nats: -log p(z | f(x)), a mixture of 5 Gaussians
        signal, output = batch.y == 1, f(batch.x).sigmoid()
        logits, mean, std = r(4 * output[signal] - 2).chunk(3, dim=1)  # (S, 5) each
        std = 0.1 + functional.softplus(std)  # lower bound, or f minimizes it
        scaled = (batch.z[signal].unsqueeze(1) - mean) / std
        log_p = logits.log_softmax(dim=1) - scaled.square() / 2 - std.log()
        return math.log(2 * math.pi) / 2 - log_p.logsumexp(dim=1).mean()

    def loss(batch: Batch) -> Tensor:  # L_f - lambda L_r
        return f_loss(batch) - weight * r_loss(batch)

    r_adam, f_adam = (partial(torch.optim.Adam, lr=lr, betas=(0.5, 0.999)) for lr in (5e-3, 2e-3))
    return Game(
        Player("adversary", r, r_loss, r_adam, schedule=cosine),
        Player("classifier", f, loss, f_adam, schedule=cosine, every=3),
    )


def toy_events(rng: torch.Generator) -> tuple[data.Data, dict[str, Tensor]]:
    """Return 50,000 events, half of them signal; and signal (3, 20000, 2) at z = -1, 0 and 1."""

    def sample(y: Tensor, z: Tensor) -> Tensor:
        a, b = torch.randn(2, len(z), generator=rng)
        signal = torch.stack([a + 1, b + 1 + z], dim=1)
        background = torch.stack([a, math.sqrt(0.75) * b - 0.5 * a], dim=1)
        return torch.where(y.unsqueeze(1) == 1, signal, background)

    z = torch.tensor([-1.0, 0, 1]).repeat_interleave(20_000)
    signal = {part: sample(torch.ones(60_000), z).view(3, -1, 2) for part in ("valid", "test")}
    y, z = torch.arange(50_000) % 2.0, torch.randn(50_000, generator=rng)
    return data.arrays(x=sample(y, z), y=y, z=z, name="toy events"), signal


def metrics(f: nn.Module, batch: Batch, signal: Tensor) -> dict[str, float]:
    """Return the largest KS distance between outputs for signal at the three z, and the AUC."""
    with eval_mode(f) as device:
        scores, at_z = f(batch.x.to(device))[:, 0].cpu(), f(signal.to(device))[..., 0].cpu()
    at_z = at_z.sort(dim=1).values  # (3, M)
    cdf = torch.searchsorted(at_z, at_z.view(1, -1).repeat(3, 1), right=True)  # times M: (3, 3 M)
    ks = (cdf.amax(dim=0) - cdf.amin(dim=0)).max() / at_z.shape[1]
    positive, negative = scores[batch.y == 1], scores[batch.y == 0].sort().values
    auc = torch.searchsorted(negative, positive).double().mean() / len(negative)
    return {"ks": float(ks), "auc": float(auc)}


def draw(
    nets: dict[str, nn.Module], metrics_by_lambda: list[dict[str, float]], signal: Tensor
) -> Tensor:
    """Return plots: CDFs of outputs for signal, by the first and last net; metrics by lambda."""
    names, levels = list(nets), torch.linspace(0, 1, 200)
    panels = {name: Panel(name, size=(300, 210)) for name in (names[0], names[-1])}
    tradeoff = Panel("metrics, by index of lambda", x=(0, len(nets) - 1), size=(300, 210))
    for name, panel in panels.items():
        with eval_mode(nets[name]) as device:
            for color, scores in enumerate(nets[name](signal.to(device))[..., 0].sigmoid().cpu()):
                panel.line(scores.quantile(levels), levels, color=color, label=f"z = {color - 1}")
    for color, name in enumerate(metrics_by_lambda[0]):
        values = [row[name] for row in metrics_by_lambda]
        tradeoff.line(range(len(values)), values, color=color, label=name)
    return torch.stack([panel.pixels() for panel in (*panels.values(), tradeoff)])


if __name__ == "__main__":
    cli.main_with(Args, main)
