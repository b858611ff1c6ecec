"""Autoencoders with latents of 2 to 32 dimensions, compared with PCA.

Paper    Hinton, Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
Departs  convolutions at both ends, batch norm, residual layers; trained end to end from scratch,
         by squared error.
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
from brique.tasks.reconstruct import class_accuracy, labeled_rows, principal_components, reconstruct

# error_ratio: squared error of PCA with as many components over the autoencoder's; accuracy_gain:
# accuracy of a digit classifier on reconstructions, minus that on those of PCA
EXPECT = {
    "mnist": {
        "error_ratio2": (1.4, 3), "error_ratio8": (2.6, 9), "error_ratio32": (3.3, 9),
        "accuracy_gain2": (0.25, 1), "accuracy_gain4": (0.25, 1),
    }
}  # fmt: skip
QUICK = {"turns": 60, "latent_sizes": (2, 8)}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    latent_sizes: tuple[int, ...] = (2, 4, 8, 16, 32)
    """Dimensions of the latent, one autoencoder for each."""
    turns: int = 8500
    """Turns (training steps) of each autoencoder."""
    batch_size: int = 64
    """Digits per batch."""
    lr: float = 4e-3
    """Initial learning rate of Adam, decayed to zero along a cosine."""
    seed: int = 0
    """Random seed."""


class ResidualLayer(nn.Module):
    """x -> x + ReLU(BN(W x)): depth helps small latents, the skip connection large ones."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(256, 256), nn.BatchNorm1d(256), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return features (N, 256)."""
        return x + self.layer(x)


def build(args: Args, schema: Schema) -> dict[str, nn.Sequential]:
    """Autoencoders: an encoder, digits (N, 1, 28, 28) -> latents (N, size), and a decoder."""

    def autoencoder(size: int) -> nn.Sequential:
        encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(),  # (N, 8, 14, 14)
            nn.Conv2d(8, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Flatten(), nn.Linear(784, 256), nn.BatchNorm1d(256), nn.ReLU(),
            ResidualLayer(), nn.Linear(256, size),
        )  # fmt: skip
        decoder = nn.Sequential(
            nn.Linear(size, 256), nn.BatchNorm1d(256), nn.ReLU(), ResidualLayer(),
            nn.Linear(256, 784), nn.BatchNorm1d(784), nn.ReLU(), nn.Unflatten(1, (16, 7, 7)),
            nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1), nn.Sigmoid(),
        )  # fmt: skip
        return nn.Sequential(encoder, decoder)

    return {f"latent{size}": autoencoder(size) for size in args.latent_sizes}


def main(args: Args) -> dict[str, float]:
    """Train an autoencoder for each latent size; compare each with PCA of the same size."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    nets = run.place(build(args, digits.schema))
    valid = next(digits.valid.batches(1000).on(run.device)).image

    def reconstruction_loss(net: nn.Module, batch: Batch) -> Tensor:
        return functional.mse_loss(net(batch.image), batch.image)

    adam = partial(torch.optim.Adam, lr=args.lr)
    for name, net in nets.items():
        loss = partial(reconstruction_loss, net)
        game = Game(Player("autoencoder", net, loss, adam, schedule=cosine))
        stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.evaluate:
                run.log(turn, valid_error=functional.mse_loss(reconstruct(net, valid), valid))

    (test,) = digits.test.batches(len(digits.test)).on(run.device)
    components = [
        pca.to(run.device) for pca in principal_components(digits.train, args.latent_sizes)
    ]
    results = {"accuracy": class_accuracy(test.image, test.label, digits)}
    pictures, interpolations = {"test": test.image[:12]}, dict[str, Tensor]()
    for size, net, pca in zip(args.latent_sizes, nets.values(), components, strict=True):
        for method, autoencoder in ("net", net), ("pca", pca):
            reconstructions = reconstruct(autoencoder, test.image)
            error = functional.mse_loss(reconstructions, test.image).item()
            results[f"{method}_error{size}"] = error
            results[f"{method}_accuracy{size}"] = class_accuracy(
                reconstructions, test.label, digits
            )
            pictures[f"{method}, {size}"] = reconstructions[:12]
            interpolations[f"{method}, {size}"] = interpolate(autoencoder, *test.image[:2])
        results[f"error_ratio{size}"] = results[f"pca_error{size}"] / results[f"net_error{size}"]
        gain = results[f"net_accuracy{size}"] - results[f"pca_accuracy{size}"]
        results[f"accuracy_gain{size}"] = gain
    run.picture("reconstructions", labeled_rows(pictures))
    run.picture("interpolations", labeled_rows(interpolations))
    return run.finish(answers=[*nets][-1], task="reconstruct", **nets, **results)


def interpolate(autoencoder: nn.Sequential, first: Tensor, last: Tensor) -> Tensor:
    """Return 12 decoded latents, interpolated linearly between those of two digits."""
    encoder, decoder = autoencoder
    start, end = reconstruct(encoder, torch.stack([first, last]))
    weight = torch.linspace(0, 1, 12, device=start.device)[:, None]
    return reconstruct(decoder, torch.lerp(start, end, weight))


if __name__ == "__main__":
    cli.main_with(Args, main)
