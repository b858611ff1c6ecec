"""An autoencoder of fully connected layers compresses digits to 8 dimensions, better than PCA.

Paper    Kramer 1991, "Nonlinear principal component analysis using autoassociative neural
         networks".
Departs  ReLU for sigmoids, Adam.
Run      brique run mlp_autoencoder
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
from brique.schema import Picture, Schema
from brique.tasks.reconstruct import labeled_rows, principal_components, reconstruct

# unexplained: fraction of variance unexplained (FVU) by the reconstructions of test pictures
EXPECT = {"digits": {"unexplained": (0, 0.25), "pca_unexplained": (0.28, 0.4)}}
QUICK = {"turns": 100}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures."""
    latent_size: int = 8
    """Dimensions of the latent, and number of principal components."""
    turns: int = 6000
    """Turns (training steps), one batch each."""
    batch_size: int = 64
    """Pictures per batch."""
    hidden: int = 128
    """Hidden units of the encoder, and of the decoder."""
    lr: float = 3e-3
    """Initial learning rate of Adam, decayed to zero along a cosine."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Sequential:
    """Build the encoder, pictures (N, C, H, W) -> latents (N, size), and the decoder."""
    shape = torch.Size(schema["image"].shape)
    encoder = nn.Sequential(
        nn.Flatten(),  # (N, C * H * W)
        nn.Linear(shape.numel(), args.hidden), nn.ReLU(), nn.Linear(args.hidden, args.latent_size),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(args.latent_size, args.hidden), nn.ReLU(), nn.Linear(args.hidden, shape.numel()),
        nn.Unflatten(1, shape),
    )  # fmt: skip
    return nn.Sequential(encoder, decoder)


def main(args: Args) -> dict[str, float]:
    """Train without labels; compare with PCA of the same size on the test part."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture})
    net = run.place(build(args, digits.schema))
    (valid,) = digits.valid.batches(len(digits.valid)).on(run.device)

    def loss(batch: Batch) -> Tensor:
        return functional.mse_loss(net(batch.image), batch.image)

    adam = partial(torch.optim.Adam, lr=args.lr)
    game = Game(Player("autoencoder", net, loss, adam, schedule=cosine))
    stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, valid_unexplained=unexplained_variance(net, valid.image))

    (test,) = digits.test.batches(len(digits.test)).on(run.device)
    pca = principal_components(digits.train, [args.latent_size])[0].to(run.device)
    nets = {"autoencoder": net, f"{args.latent_size} components": pca}
    pictures = {"test": test.image[:8]}
    pictures |= {
        name: reconstruct(autoencoder, pictures["test"]) for name, autoencoder in nets.items()
    }
    enlarged = {name: functional.interpolate(row, scale_factor=4) for name, row in pictures.items()}
    run.picture("reconstructions", labeled_rows(enlarged))
    results = {"unexplained": unexplained_variance(net, test.image),
               "pca_unexplained": unexplained_variance(pca, test.image)}  # fmt: skip
    return run.finish(answers="net", task="reconstruct", net=net, **results)


def unexplained_variance(net: nn.Module, pictures: Tensor) -> Tensor:
    """Return the squared error of reconstructed pictures over their variance; 0 if perfect."""
    error = (reconstruct(net, pictures) - pictures).square().mean()
    return error / pictures.var(dim=0, correction=0).mean()


if __name__ == "__main__":
    cli.main_with(Args, main)
