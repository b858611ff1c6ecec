"""A semi-supervised AAE classifies digits from ten labels per class and many unlabeled digits.

Paper    Makhzani et al. 2015, arXiv:1511.05644, "Semi-supervised adversarial autoencoders".
Departs  smaller nets, Adam, input dropout; one discriminator for class and style jointly.
Run      brique run semi_supervised_aae --data mnist
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch, Split
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Category, Picture, Schema
from brique.tasks.reconstruct import labeled_rows, reconstruct

# gain: accuracy minus that of the same classifier trained on the labels alone
EXPECT = {"mnist": {"accuracy": (0.8, 1), "gain": (0.03, 1)}}
QUICK = {"turns": 40}
LEARNS = {"semi_supervised/autoencoder": "falls"}
LABELS_PER_CLASS, STYLE_SIZE = (
    10,
    8,
)  # labels per class; dimensions of the style latent


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path: pictures with classes."""
    turns: int = 6500
    """Turns (training steps) of each of the two games: one move of every player."""
    batch_size: int = 128
    """Unlabeled digits per batch, and samples of the prior."""
    lr: float = 1e-3
    """Initial learning rate, decayed to zero; a twentieth for the adversaries."""
    seed: int = 0
    """Random seed."""


class ClassAndStyle(nn.Module):
    """Outputs (N, K + STYLE) -> latents: a softmax over the first K; the style is unchanged."""

    def forward(self, outputs: Tensor) -> Tensor:
        """Return latents (N, K + STYLE)."""
        y, z = outputs[:, :-STYLE_SIZE], outputs[:, -STYLE_SIZE:]
        return torch.cat([y.softmax(dim=1), z], dim=1)


def build(args: Args, schema: Schema) -> dict[str, nn.Sequential]:
    """Autoencoders: digits (N, 1, 28, 28) -> digits; discriminator: latents (N, D) -> (N, 1)."""
    size = len(schema["label"].names) + STYLE_SIZE

    def mlp(*sizes: int, norm: type[nn.Module] = nn.Identity) -> list[nn.Module]:
        blocks = ((nn.Linear(a, b), norm(b), nn.LeakyReLU(0.2)) for a, b in pairwise(sizes))
        return [layer for block in blocks for layer in block][:-2]

    def encoder() -> nn.Sequential:
        hidden = mlp(784, 256, 256, size, norm=nn.BatchNorm1d)
        return nn.Sequential(nn.Flatten(), nn.Dropout(0.8), *hidden, ClassAndStyle())

    decoder = *mlp(size, 256, 256, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
    return {
        "autoencoder": nn.Sequential(encoder(), nn.Sequential(*decoder)),
        "supervised": encoder(),
        "discriminator": nn.Sequential(*mlp(size, 256, 256, 256, 1)),
    }


def main(args: Args) -> dict[str, float]:
    """Train on few labels and all digits, then on the labels alone; compare accuracies."""
    run = Run.start(__file__, args)
    digits = data.open(args.data, needs={"image": Picture, "label": Category}, size=28, channels=1)
    nets = run.place(build(args, digits.schema))
    autoencoder, supervised_net, discriminator = nets.values()
    encoders = {"semi_supervised": autoencoder[0], "supervised": supervised_net}
    classes = len(digits.schema["label"].names)
    (valid,) = digits.valid.batches(len(digits.valid)).on(run.device)
    priority = run.noise(len(digits.train), name="labeled")
    labeled = examples_per_class(digits.train, LABELS_PER_CLASS, priority).to(run.device)

    def reconstruction_loss(batch: Batch) -> Tensor:
        return functional.mse_loss(autoencoder(batch.image), batch.image)

    def d_loss(batch: Batch) -> Tensor:
        prior_logits = discriminator(prior(classes, run.noise(len(batch), 1 + STYLE_SIZE)))
        logits = discriminator(run.once(autoencoder[0], batch.image))  # once for both losses
        return functional.softplus(-prior_logits).mean() + functional.softplus(logits).mean()

    def g_loss(batch: Batch) -> Tensor:
        return functional.softplus(-discriminator(run.once(autoencoder[0], batch.image))).mean()

    def classification_loss(encoder: nn.Module, _: Batch) -> Tensor:  # nats
        y = encoder(labeled.image)[:, :-STYLE_SIZE]  # (N, K) class probabilities
        return -(y.gather(1, labeled.label[:, None]) + 1e-9).log().mean()

    adam = partial(torch.optim.Adam, lr=args.lr)
    slow_adam = partial(torch.optim.Adam, lr=args.lr / 20, betas=(0.5, 0.99))
    losses = {name: partial(classification_loss, net) for name, net in encoders.items()}
    player = partial(Player, schedule=cosine)
    shared_with = "autoencoder", "encoder"
    semi_supervised = Game(
        player("autoencoder", autoencoder, reconstruction_loss, adam),
        player("discriminator", discriminator, d_loss, slow_adam),
        player("encoder", autoencoder[0], g_loss, slow_adam, shares=("autoencoder",)),
        player("classifier", autoencoder[0], losses["semi_supervised"], adam, shares=shared_with),
    )
    supervised = Game(player("classifier", supervised_net, losses["supervised"], adam))
    for name, game in ("semi_supervised", semi_supervised), ("supervised", supervised):
        stream = digits.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.evaluate:
                run.log(turn, accuracy=accuracy(encoders[name], valid))

    (test,) = digits.test.batches(len(digits.test)).on(run.device)
    ours, baseline = (accuracy(encoder, test) for encoder in encoders.values())
    latents = one_style(classes, run.noise(STYLE_SIZE, name="style"))
    run.picture("classes", labeled_rows({"one style": reconstruct(autoencoder[1], latents)}))
    results = {"accuracy": ours, "supervised_accuracy": baseline, "gain": ours - baseline}
    return run.finish(answers="autoencoder", task="reconstruct", **nets, **results)


def prior(k: int, noise: Tensor) -> Tensor:
    """Return latents (N, k + S) from normal noise (N, 1 + S): a one-hot class, a normal style."""
    y = (k * torch.special.ndtr(noise[:, 0]).clamp(max=1 - 2**-20)).long()
    return torch.cat([functional.one_hot(y, k).to(noise), noise[:, 1:]], dim=1)


def one_style(k: int, style: Tensor) -> Tensor:
    """Return latents (k, k + S): each class with the same style (S,)."""
    return torch.cat([torch.eye(k).to(style), style.expand(k, -1)], dim=1)


def examples_per_class(split: Split, n: int, priority: Tensor) -> Batch:
    """Return the n examples of each class with the lowest priority (N,), or all if fewer."""
    label, ranking = split["label"], priority.argsort().cpu()
    assert isinstance(label, Tensor)
    chosen = torch.cat([ranking[label[ranking] == k][:n] for k in label.unique()])
    subset = split.select(split.ids[chosen])
    return next(subset.batches(len(subset)))


def accuracy(encoder: nn.Module, batch: Batch) -> float:
    """Return the accuracy of the most probable class."""
    y = reconstruct(encoder, batch.image)[:, :-STYLE_SIZE]
    return (y.argmax(dim=1) == batch.label).float().mean().item()


if __name__ == "__main__":
    cli.main_with(Args, main)
