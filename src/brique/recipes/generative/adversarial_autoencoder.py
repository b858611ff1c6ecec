"""An adversarial autoencoder (AAE) matches two-dimensional latents to a chosen prior.

Paper    Makhzani et al. 2015, arXiv:1511.05644, section 2.
Departs  smaller nets, Adam; a plain autoencoder for comparison with three priors.
Run      brique run adversarial_autoencoder --data mnist
Reached  see benchmarks/recipes.md
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch
from brique.draw import Panel
from brique.evaluation.two_sample import nearest_neighbor_test
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks.reconstruct import labeled_rows, reconstruct

# nn_accuracy: of a nearest-neighbor two-sample test of latents and prior, 0.5 if alike, 1 if apart;
# error_ratio: largest reconstruction error of the three, over the plain autoencoder's
EXPECT = {
    "mnist": {"gaussian_nn_accuracy": (0, 0.58), "ring_nn_accuracy": (0, 0.58),
              "swiss_roll_nn_accuracy": (0, 0.58), "plain_nn_accuracy": (0.6, 1),
              "error_ratio": (0, 1.3)}
}  # fmt: skip
QUICK = {"turns": 40}
LEARNS = {"gaussian/autoencoder": "falls"}

COLORS = (0, 1, 2, None, 4, 5, 6)  # in the palette, by class; black for the yellow


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    turns: int = 6500
    """Turns (training steps) of each of the four games: one move of every player."""
    batch_size: int = 128
    """Digits per batch, and samples of the prior."""
    lr: float = 1e-3
    """Initial learning rate of the autoencoders, decayed to zero; doubled for the adversaries."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> dict[str, nn.Sequential]:
    """Autoencoders: digits (N, 1, 28, 28) -> digits; discriminators: latents (N, 2) -> (N, 1)."""

    def mlp(*sizes: int, norm: type[nn.Module] = nn.Identity) -> list[nn.Module]:
        blocks = ((nn.Linear(a, b), norm(b), nn.LeakyReLU(0.2)) for a, b in pairwise(sizes))
        return [layer for block in blocks for layer in block][:-2]

    def autoencoder() -> nn.Sequential:
        encoder = nn.Sequential(nn.Flatten(), *mlp(784, 256, 256, 2, norm=nn.BatchNorm1d))
        decoder = *mlp(2, 256, 256, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
        return nn.Sequential(encoder, nn.Sequential(*decoder))

    nets = {name: autoencoder() for name in ("plain", *PRIORS)}
    return nets | {
        f"{name}_discriminator": nn.Sequential(*mlp(2, 256, 256, 256, 1)) for name in PRIORS
    }


def main(args: Args) -> dict[str, float]:
    """Train a plain autoencoder and one per prior; compare latents with samples of the prior."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    nets = run.place(build(args, digits.schema))
    (valid,) = digits.valid.batches(len(digits.valid)).on(run.device)
    noise = run.noise(1000, 3, name="prior")

    def reconstruction_loss(net: nn.Module, batch: Batch) -> Tensor:
        return functional.mse_loss(net(batch.image), batch.image)

    adam = partial(torch.optim.Adam, lr=args.lr)
    for name in ("plain", *PRIORS):
        net, loss = nets[name], partial(reconstruction_loss, nets[name])
        players = [Player("autoencoder", net, loss, adam, schedule=cosine)]
        if name in PRIORS:
            discriminator = nets[f"{name}_discriminator"]
            players += adversaries(run, net[0], discriminator, PRIORS[name], 2 * args.lr)
        stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(Game(*players), stream, name=name):
            if turn.evaluate:
                run.log(turn, **metrics(name, net, valid, noise))

    (test,) = digits.test.batches(len(digits.test)).on(run.device)
    metrics_by_net = {name: metrics(name, nets[name], test, noise) for name in ("plain", *PRIORS)}
    results = {
        f"{name}_{metric}": value
        for name in metrics_by_net
        for metric, value in metrics_by_net[name].items()
    }
    errors = [metrics_by_net[name]["error"] for name in PRIORS]
    results["error_ratio"] = max(errors) / metrics_by_net["plain"]["error"]
    latents = {name: reconstruct(nets[name][0], test.image) for name in PRIORS}
    samples = {
        name: reconstruct(nets[name][1], prior(noise[:12])) for name, prior in PRIORS.items()
    }
    run.picture("latents", scatter(latents, test.label, noise))
    run.picture("samples", labeled_rows(samples))
    return run.finish(answers="gaussian", task="reconstruct", **nets, **results)


def adversaries(
    run: Run, encoder: nn.Module, discriminator: nn.Module, prior: "Prior", lr: float
) -> list[Player]:
    """Return the discriminator of latents against prior samples, and the encoder as generator."""

    def d_loss(batch: Batch) -> Tensor:
        prior_logits = discriminator(prior(run.noise(len(batch), 3)))
        logits = discriminator(run.once(encoder, batch.image))  # computed once for both losses
        return functional.softplus(-prior_logits).mean() + functional.softplus(logits).mean()

    def g_loss(batch: Batch) -> Tensor:
        return functional.softplus(-discriminator(run.once(encoder, batch.image))).mean()

    adam = partial(torch.optim.Adam, lr=lr, betas=(0.5, 0.99))
    player = partial(Player, optimizer=adam, schedule=cosine)
    return [player("discriminator", discriminator, d_loss),
            player("encoder", encoder, g_loss, shares=("autoencoder",))]  # fmt: skip


def metrics(name: str, net: nn.Sequential, batch: Batch, noise: Tensor) -> dict[str, float]:
    """Return the squared error per pixel, and the two-sample test accuracy of the latents."""
    samples = PRIORS.get(name, gaussian)(noise)  # the plain latents against the Gaussian
    error = functional.mse_loss(reconstruct(net, batch.image), batch.image)
    return {
        "error": error.item(),
        "nn_accuracy": nn_accuracy(reconstruct(net[0], batch.image), samples),
    }


def nn_accuracy(latents: Tensor, samples: Tensor) -> float:
    """Return the accuracy of M samples (M, 2) against latents (N, 2), averaged over chunks of M."""
    chunks = [chunk for chunk in latents.split(len(samples)) if len(chunk) == len(samples)] or [
        latents
    ]
    return sum(nearest_neighbor_test(p, samples[: len(p)]) for p in chunks) / len(chunks)


def gaussian(noise: Tensor) -> Tensor:
    """Return samples (N, 2) of a standard normal, from noise (N, 3)."""
    return noise[:, :2]


def ring(noise: Tensor) -> Tensor:
    """Return samples (N, 2) of ten Gaussians on a circle of radius two, from noise (N, 3)."""
    angle = (10 * uniform(noise[:, 2])).floor() * (2 * torch.pi / 10)
    radial, tangential = 2 + 0.35 * noise[:, 0], 0.2 * noise[:, 1]
    x = radial * angle.cos() - tangential * angle.sin()
    return torch.stack([x, radial * angle.sin() + tangential * angle.cos()], dim=1)


def swiss_roll(noise: Tensor) -> Tensor:
    """Return samples (N, 2) along a spiral, of equal density everywhere, from noise (N, 3)."""
    radius = (0.05 + 0.95 * uniform(noise[:, 2])).sqrt()
    angle = 4 * torch.pi * radius
    spiral = torch.stack([angle.cos(), angle.sin()], dim=1)
    return 2.5 * radius[:, None] * spiral + 0.15 * noise[:, :2]


def uniform(noise: Tensor) -> Tensor:
    """Return uniform numbers in [0, 1) from normal noise."""
    return torch.special.ndtr(noise).clamp(max=1 - 2**-20)


Prior = Callable[[Tensor], Tensor]
PRIORS: dict[str, Prior] = {"gaussian": gaussian, "ring": ring, "swiss_roll": swiss_roll}


def scatter(latents: Mapping[str, Tensor], label: Tensor, noise: Tensor) -> Tensor:
    """Return plots (2 K, 3, H, W): samples of K priors, then latents (N, 2) by class (N,)."""
    prior_plots, latent_plots = list[Tensor](), list[Tensor]()
    for name, points in latents.items():
        new_panel = partial(Panel, x=(-4.0, 4.0), y=(-4.0, 4.0), size=(220, 220))
        panel = new_panel(name).points(*PRIORS[name](noise).unbind(1), radius=0.8, color=4)
        prior_plots.append(panel.pixels())
        panel, classes = new_panel(), {int(k): points[label == k] for k in label.unique()}
        for k, class_points in classes.items():
            panel.points(*class_points[:100].unbind(1), radius=0.8, color=COLORS[k % len(COLORS)])
        for k, class_points in classes.items():
            x, y = class_points.median(dim=0).values.tolist()
            panel.text(x, y, str(k), color=COLORS[k % len(COLORS)])
        latent_plots.append(panel.pixels())
    return torch.stack([*prior_plots, *latent_plots])


if __name__ == "__main__":
    cli.main_with(Args, main)
