"""A net squeezes pictures through a few numbers and rebuilds them: what they differ by, in short.

Paper    Hinton, Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
Departs  Residual blocks (arXiv:1512.03385) trained as a whole, AdamW (arXiv:1711.05101); the
         average of the weights that was best on valid, where the usual error is learnt too.
Run      brique train mnist --task reconstruct
Reached  see benchmarks/kinds.md
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from brique import cli, data, inference, nets
from brique.data import Augment, Batch, Data, Options, Stream
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Schema
from brique.tasks import reconstruct

EXPECT = {"mnist": {"test_r2": (0.9, 1.0)}}
QUICK = {"turns": 100, "latent": 8, "average": 0.9}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Pictures: built-in name or path."""
    options: Options = Options()
    """How the data are opened; each option is a flag."""
    latent: int = 32
    """Numbers that a picture becomes."""
    width: int = 16
    """Features of the first stage; each further stage has twice as many."""
    mirror: bool = False
    """Half of the pictures are seen from left to right."""
    shift: float = 0.0
    """Largest move of a picture, as a share of its side."""
    lr: float = 4e-3
    """First step length; it falls along a cosine to zero."""
    weight_decay: float = 0.01
    """Pull of every weight toward zero, in step lengths."""
    turns: int = 8000
    """Turns, each of one batch."""
    average: float = 0.98
    """Decay of the average of the weights that is judged, in (0, 1)."""
    batch_size: int = 64
    """Pictures a turn."""
    patience: int = 10
    """Looks at valid without a better one, of 20 in all, after which training ends."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> nn.Sequential:
    """Pictures (N, C, H, W) in [0, 1] -> codes (N, D) by its body, and back by its head."""
    return nets.autoencoder(
        **nets.autoencoder_arguments(schema), latent=args.latent, width=args.width
    )


def build_game(args: Args, net: nn.Sequential, dataset: Data) -> Game:
    """One player, the autoencoder, pays for each pixel that it does not rebuild."""
    field = dataset.schema.inputs[0]

    def loss(batch: Batch) -> Tensor:
        pictures = inference.tensor_of(batch, field)
        return reconstruct.loss(net(pictures), pictures)

    def optimizer(named_parameters: Iterable[tuple[str, nn.Parameter]]) -> Optimizer:
        return AdamW(named_parameters, lr=args.lr, weight_decay=args.weight_decay)

    player = Player("autoencoder", net, loss, optimizer, schedule=cosine, average=args.average)
    return Game(player)


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training pictures."""
    augmentation = Augment(field=dataset.schema.inputs[0], mirror=args.mirror, shift=args.shift)
    return dataset.train.batches(
        args.batch_size, turns=args.turns, seed=args.seed, augment=augmentation
    )


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the average that is best on valid, learn there what is usual, read test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game = build_game(args, net, dataset)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            error = reconstruct.validate(game.averaged(net), dataset.valid)
            run.log(turn, valid_loss=error)
            run.keep_best(net, -error, game.averaged(net))
            if run.stop_when_flat("valid_loss", args.patience, lower=True):
                break

    reconstruct.calibrate(net, dataset.valid)
    result = reconstruct.evaluate(net, dataset)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    run.save_arrays("predictions", **result.arrays)
    return run.finish(net=net, task="reconstruct", test_r2=result.values["test"]["r2"])


if __name__ == "__main__":
    cli.main_with(Args, main)
