"""A network predicts numbers from inputs of any kind: tables, texts, sounds, or a mix of them.

Paper    Gorishniy et al. 2021, arXiv:2106.11959, section 3.2: residual layers for tables.
Departs  periodic embeddings of numbers (arXiv:2203.05556); a bidirectional GRU for texts,
         log-mel spectra for sounds; the EMA of the weights that is best on valid; conformal
         prediction intervals (Vovk, Gammerman, Shafer 2005) fitted on valid.
Run      brique train california-housing
Reached  see benchmarks/train.md
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from brique import cli, data, inference, nets
from brique.data import Augment, Batch, Data, Options, Stream
from brique.game import Game, Player, warmup
from brique.run import Run
from brique.schema import Picture, Schema
from brique.tasks import regress

EXPECT = {"california-housing": {"test_r2": (0.78, 0.9)}}
QUICK = {"turns": 100, "width": 32, "average": 0.9}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "california-housing"
    """Name or path."""
    options: Options = Options()
    """How the data are opened; each option is a flag."""
    width: int = 128
    """Hidden width of the column encoder."""
    depth: int = 2
    """Residual layers of the column encoder."""
    dropout: float = 0.1
    """Dropout rate."""
    turns: int = 2000
    """Turns (training steps), one batch each."""
    batch_size: int = 128
    """Examples per batch."""
    lr: float = 2e-3
    """Peak learning rate: warmup, then cosine decay to zero."""
    weight_decay: float = 0.02
    """Weight decay coefficient."""
    average: float = 0.98
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 10
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    bucket: bool = False
    """Batch texts and signals of similar length together."""
    mirror: bool = False
    """Picture inputs: random horizontal flips, with probability 0.5."""
    shift: float = 0.0
    """Picture inputs: maximum random shift, as a fraction of the side length."""
    rotate: float = 0.0
    """Picture inputs: maximum random rotation, in degrees."""
    zoom: float = 0.0
    """Picture inputs: maximum random change of scale, as a fraction."""
    light: float = 0.0
    """Picture inputs: maximum random change of brightness and contrast, as a fraction."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Sequential:
    """Return a net: inputs -> numbers in their units (N, K), by body and head."""
    shape = {"width": args.width, "depth": args.depth, "dropout": args.dropout}
    return nets.fields(schema.to_json(), **shape)


def build_game(args: Args, net: nn.Sequential, dataset: Data) -> Game:
    """One player, the predictor, minimizes the Huber loss in standard deviations."""
    schema, std = dataset.schema, regress.target_std(dataset.train)

    def loss(batch: Batch) -> Tensor:
        predictions = net(inference.net_inputs(batch, schema, net))
        return regress.loss(predictions, regress.targets(batch, schema), std.to(predictions))

    def optimizer(named_parameters: Iterable[tuple[str, nn.Parameter]]) -> Optimizer:
        return AdamW(named_parameters, lr=args.lr, weight_decay=args.weight_decay)

    return Game(
        Player("predictor", net, loss, optimizer, schedule=warmup(0.1), average=args.average)
    )


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training examples."""
    batch_options: dict[str, Any] = {"bucket": args.bucket}
    pictures = [name for name in dataset.schema.inputs if isinstance(dataset.schema[name], Picture)]
    if len(pictures) == 1:
        batch_options["augment"] = Augment(
            field=pictures[0], mirror=args.mirror, shift=args.shift, rotate=args.rotate,
            zoom=args.zoom, light=args.light,
        )  # fmt: skip
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, **batch_options)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the EMA weights best on valid, fit intervals on valid, evaluate on test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game, std = build_game(args, net, dataset), regress.target_std(dataset.train)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            validation = regress.validate(game.averaged(net), dataset.valid, std)
            run.log(turn, valid_r2=validation.r2, valid_loss=validation.loss)
            run.keep_best(net, -validation.loss, game.averaged(net))
            if run.stop_when_flat("valid_loss", args.patience, lower=True):
                break

    regress.calibrate(net, dataset.valid)
    result = regress.evaluate(net, dataset)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    run.save_arrays("predictions", **result.arrays)
    return run.finish(net=net, task="regress", test_r2=result.values["test"]["r2"])


if __name__ == "__main__":
    cli.main_with(Args, main)
