"""A forecaster of time series: a linear model plus dilated convolutions.

Paper    Zeng et al. 2023, arXiv:2205.13504, section 3 (NLinear): relative to the last value.
Departs  temporal convolutions over all columns (arXiv:1803.01271) with dropout of covariate
         columns; the EMA of the weights that is best on valid; prediction intervals fitted on it.
Run      brique train ETTh1.csv.gz --kind series --target OT --horizon 24
Reached  see benchmarks/train.md
"""

from dataclasses import dataclass

from torch import Tensor, optim

from brique import cli, data, inference, nets
from brique.data import Batch, Data, Options, Stream
from brique.game import Game, Player, cosine
from brique.nets.forecaster import Forecaster
from brique.run import Run
from brique.schema import Schema
from brique.tasks import forecast

EXPECT = {"ETTh1.csv.gz": {"test_skill": (0.15, 0.6)}}
QUICK = {"turns": 100, "width": 8, "depth": 2, "average": 0.9, "lr": 5e-3}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "ETTh1.csv.gz"
    """Path of a table with a time column."""
    options: Options = Options(kind="series", target="OT", horizon=24)
    """How the data are opened; each option is a flag."""
    width: int = 32
    """Channels of the convolutions."""
    depth: int = 3
    """Residual convolution layers; the dilation doubles at each."""
    dropout: float = 0.7
    """Dropout rate."""
    column_dropout: float = 0.8
    """Dropout rate of whole covariate columns (columns that are not forecast)."""
    turns: int = 600
    """Turns (training steps), one batch each."""
    batch_size: int = 64
    """Windows per batch."""
    lr: float = 1e-3
    """Initial learning rate, decayed to zero along a cosine."""
    weight_decay: float = 0.5
    """Weight decay coefficient."""
    average: float = 0.98
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 10
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> Forecaster:
    """Past windows (N, L, C) -> forecasts (N, A), or (N, A, K) of several targets, unscaled."""
    shape = {"width": args.width, "depth": args.depth}
    return nets.forecaster(
        schema.to_json(), **shape, dropout=args.dropout, column_dropout=args.column_dropout
    )


def build_game(args: Args, net: Forecaster, dataset: Data) -> Game:
    """One player, the forecaster, minimizes the mean squared error."""

    def loss(batch: Batch) -> Tensor:
        return forecast.loss(
            net(inference.net_inputs(batch, dataset.schema, net)), batch, dataset.schema
        )

    def adam(named_parameters: object) -> optim.Optimizer:
        return optim.AdamW(named_parameters, lr=args.lr, weight_decay=args.weight_decay)  # pyright: ignore[reportArgumentType]

    return Game(Player("forecaster", net, loss, adam, schedule=cosine, average=args.average))


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training windows."""
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the EMA weights best on valid, fit intervals on valid, evaluate on test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game = build_game(args, net, dataset)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            average = game.averaged(net)
            validation = forecast.validate(average, dataset.valid)
            run.log(turn, valid_skill=validation.skill, valid_loss=validation.loss)
            run.keep_best(net, validation.skill, average)
            if run.stop_when_flat("valid_skill", args.patience):
                break

    forecast.calibrate(net, dataset.valid)
    result = forecast.evaluate(net, dataset)
    run.save_arrays("predictions", **result.arrays)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    return run.finish(net=net, task="forecast", test_skill=result.values["test"]["skill"])


if __name__ == "__main__":
    cli.main_with(Args, main)
