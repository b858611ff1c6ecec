"""A regularized autoencoder with a density fitted to its latents generates new pictures.

Paper    Ghosh et al. 2020, arXiv:1903.12436, "From variational to deterministic autoencoders".
Departs  residual blocks, AdamW; the EMA of the weights that is best on valid; then a Gaussian
         mixture is fitted to the latents of train.
Run      brique train mnist --task generate
Reached  see benchmarks/kinds.md
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn, optim

from brique import cli, data, inference, nets
from brique.data import Batch, Data, Options, Stream
from brique.game import Game, Player, cosine
from brique.nets.autoencoder import Generator
from brique.run import Run
from brique.schema import Schema
from brique.tasks import generate

EXPECT = {"mnist": {"test_mixing": (0.5, 1.0)}}
QUICK = {"turns": 100, "latent": 8, "average": 0.9}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Training pictures: built-in name or path."""
    options: Options = Options()
    """How the data are opened; each option is a flag."""
    latent: int = 16
    """Dimensions of the latent."""
    latent_penalty: float = 1e-4
    """Weight of the mean squared latent in the loss."""
    width: int = 16
    """Channels of the stage at full resolution; doubled at each further stage."""
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
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> Generator:
    """Noise (N, D + 1) -> pictures (N, C, H, W) in [0, 1]; its `reconstruct` takes pictures."""
    shape = nets.autoencoder_arguments(schema)
    return nets.generator(**shape, latent=args.latent, width=args.width)


def build_game(args: Args, net: Generator, dataset: Data) -> Game:
    """One player, the generator, minimizes the reconstruction error and the size of latents."""
    field = dataset.schema.inputs[0]

    def loss(batch: Batch) -> Tensor:
        pictures = inference.tensor_of(batch, field)
        latents = net.body(pictures)
        return generate.loss(
            net.head(latents), pictures, latents, latent_penalty=args.latent_penalty
        )

    def optimizer(named_parameters: Iterable[tuple[str, nn.Parameter]]) -> optim.Optimizer:
        return optim.AdamW(named_parameters, lr=args.lr, weight_decay=args.weight_decay)

    player = Player("generator", net, loss, optimizer, schedule=cosine, average=args.average)
    return Game(player)


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training pictures."""
    augmentation = data.Augment(field=dataset.schema.inputs[0], mirror=args.mirror)
    return dataset.train.batches(
        args.batch_size, turns=args.turns, seed=args.seed, augment=augmentation
    )


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the EMA weights best on valid, fit the latent mixture, evaluate on test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game = build_game(args, net, dataset)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            error = generate.validate(game.averaged(net), dataset.valid)
            run.log(turn, valid_loss=error)
            run.keep_best(net, -error, game.averaged(net))
            if run.stop_when_flat("valid_loss", args.patience, lower=True):
                break

    generate.fit_mixture(net, dataset.train)
    run.picture("samples", net, run.noise(48, net.noise_size, name="samples"))
    result = generate.evaluate(net, dataset)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    run.save_arrays("predictions", **result.arrays)
    return run.finish(net=net, task="generate", test_mixing=result.values["test"]["mixing"])


if __name__ == "__main__":
    cli.main_with(Args, main)
