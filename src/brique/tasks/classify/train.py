"""A small residual network classifies pictures.

Paper    He, Zhang, Ren, Sun 2015, arXiv:1512.03385, "Deep residual learning", section 4.2.
Departs  AdamW (arXiv:1711.05101), cosine decay; data augmentation; the EMA of the weights that is
         best on valid; temperature scaling (arXiv:1706.04599) on held-out examples.
Run      brique train digits
Reached  see benchmarks/train.md
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor, as_tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from brique import cli, data, nets, transfer
from brique.data import Augment, Batch, Data, Options, Stream
from brique.game import Game, Player, warmup
from brique.run import Run
from brique.schema import Schema
from brique.tasks import classify

EXPECT = {"digits": {"test_accuracy": (0.985, 1.0)}}
QUICK = {"turns": 100, "width": 16, "average": 0.8, "lr": 0.01, "halves": False}
Halves = Sequence[tuple[nn.Sequential, Data]]  # nets, and the data with a half of train for each


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "digits"
    """Built-in name or path."""
    options: Options = Options()
    """How the data are opened; each option is a flag."""
    start: str | None = None
    """Weights or run to start from; by default, random initialization."""
    freeze: bool = False
    """Freeze the pretrained body; train only the head."""
    width: int = 32
    """Channels of the first stage; doubled at each further stage."""
    depth: int = 1
    """Residual blocks per stage."""
    stages: int = 2
    """Stages; each halves the resolution."""
    stem: int = 1
    """Stride of the first convolution: 1, 2 or 4."""
    turns: int = 1200
    """Turns (training steps), one batch each."""
    batch_size: int = 64
    """Pictures per batch."""
    optimizer: str = "adamw"
    """Optimizer: adamw, or sgd with Nesterov momentum 0.9."""
    lr: float = 3e-3
    """Peak learning rate: warmup, then cosine decay to zero."""
    body_lr: float = 1.0
    """Learning rate of the body, as a fraction of the head's."""
    weight_decay: float = 0.05
    """Weight decay coefficient."""
    average: float = 0.98
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 20
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    balance: str = "none"
    """Class balancing: none, weights (in the loss) or sampler; both assume equal class priors."""
    halves: bool = False
    """Also train two nets on half of train each; their held-out predictions help calibration."""
    mirror: bool = False
    """Random horizontal flips, with probability 0.5."""
    shift: float = 0.1
    """Maximum random shift, as a fraction of the side length."""
    rotate: float = 10.0
    """Maximum random rotation, in degrees."""
    zoom: float = 0.1
    """Maximum random change of scale, as a fraction."""
    light: float = 0.0
    """Maximum random change of brightness and contrast, as a fraction."""
    fill: float | None = 0.0
    """Fill value beyond the edge of a shifted picture, in [0, 1]; None: reflection padding."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Sequential:
    """Pictures (N, C, H, W) in [0, 1] -> class scores (N, K), by a body and a head."""
    if args.start is not None:
        return transfer.load_pretrained(args.start, schema).net
    shape = {"width": args.width, "depth": args.depth, "stages": args.stages, "stem": args.stem}
    return nets.residual(**nets.residual_arguments(schema), **shape)


def build_game(args: Args, net: nn.Sequential, dataset: Data, halves: Halves = ()) -> Game:
    """One player, the classifier; one more for each half, whose loss sees its own half only."""
    weights = classify.weights(dataset.train) if args.balance == "weights" else None
    image, label = dataset.schema.inputs[0], dataset.schema.target

    def optimizer(named_parameters: Iterable[tuple[str, nn.Parameter]]) -> Optimizer:
        groups = transfer.parameter_groups(
            named_parameters, lr=args.lr, body_lr=args.lr * args.body_lr
        )
        if args.optimizer == "sgd":
            return SGD(groups, momentum=0.9, nesterov=True, weight_decay=args.weight_decay)
        return AdamW(groups, weight_decay=args.weight_decay)

    def player(name: str, net: nn.Sequential, half_data: Data | None = None) -> Player:
        def loss(batch: Batch) -> Tensor:
            batch = batch if half_data is None else batch.select_ids(half_data.train.ids)
            return classify.loss(net(batch[image]), as_tensor(batch[label]), weights)

        trainable = net[1] if args.freeze else net  # the head, or all
        return Player(name, trainable, loss, optimizer, schedule=warmup(0.1), average=args.average)

    half_players = [player(f"half-{number}", *half) for number, half in enumerate(halves, 1)]
    return Game(player("classifier", net), *half_players, reads=[net[0]] if args.freeze else [])


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training pictures, each moved a little."""
    augment = Augment(mirror=args.mirror, shift=args.shift, rotate=args.rotate, zoom=args.zoom,
                      light=args.light, fill=args.fill, field=dataset.schema.inputs[0])  # fmt: skip
    batch_options = {
        "seed": args.seed,
        "balance": "sampler" if args.balance == "sampler" else "none",
    }
    return dataset.train.batches(
        args.batch_size, turns=args.turns, augment=augment, **batch_options
    )


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the EMA weights that are best on valid, evaluate on test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    half_datasets = dataset.halves() if args.halves else []
    halves = [(run.place(build(args, half.schema)), half) for half in half_datasets]
    game = build_game(args, net, dataset, halves)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            average = game.averaged(net)
            validation = classify.validate(average, dataset.valid)
            run.log(turn, valid_accuracy=validation.accuracy, valid_loss=validation.loss)
            run.keep_best(net, -validation.loss, average)
            if run.stop_when_flat("valid_loss", args.patience, lower=True):
                break

    classify.calibrate(net, dataset.valid, [(game.averaged(n), half.valid) for n, half in halves])
    result = classify.evaluate(net, dataset)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    run.save_arrays("predictions", **result.arrays)
    return run.finish(net=net, test_accuracy=result.values["test"]["accuracy"])


if __name__ == "__main__":
    cli.main_with(Args, main)
