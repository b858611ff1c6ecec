"""An autoencoder compresses pictures to a low-dimensional latent and reconstructs them.

Paper    Hinton, Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
Departs  residual blocks (arXiv:1512.03385) trained end to end, AdamW (arXiv:1711.05101); the EMA
         of the weights that is best on valid; error quantiles for anomaly scores fitted on it.
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
    """Dimensions of the latent."""
    width: int = 16
    """Channels of the first stage; doubled at each further stage."""
    turns: int = 8000
    """Turns (training steps), one batch each."""
    batch_size: int = 64
    """Pictures per batch."""
    lr: float = 4e-3
    """Initial learning rate, decayed to zero along a cosine."""
    weight_decay: float = 0.01
    """Weight decay coefficient."""
    average: float = 0.98
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 10
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    mirror: bool = False
    """Random horizontal flips, with probability 0.5."""
    shift: float = 0.0
    """Maximum random shift, as a fraction of the side length."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Sequential:
    """Pictures (N, C, H, W) in [0, 1] -> latents (N, D) by the body, and back by the head."""
    return nets.autoencoder(
        **nets.autoencoder_arguments(schema), latent=args.latent, width=args.width
    )


def build_game(args: Args, net: nn.Sequential, dataset: Data) -> Game:
    """One player, the autoencoder, minimizes the reconstruction error."""
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
    """Train, keep the EMA weights best on valid, fit error quantiles, evaluate on test once."""
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
