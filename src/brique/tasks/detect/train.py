"""A one-stage detector finds and classifies the objects in pictures.

Paper    Tian, Shen, Chen, He 2019, arXiv:1904.01355, "FCOS": no anchors, a box per location.
Departs  task-aligned assignment of locations to boxes (arXiv:2108.07755); a small backbone, or
         SqueezeNet 1.1 with pretrained weights; data augmentation; the EMA of the weights that is
         best on valid.
Run      brique train raccoon --from squeezenet1_1.safetensors
Reached  see benchmarks/train.md
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from brique import cli, data, nets, transfer
from brique.data import Augment, Batch, Data, Options, Stream
from brique.game import Game, Player, warmup
from brique.run import Run
from brique.schema import Schema
from brique.tasks import detect

EXPECT = {"raccoon": {"test_ap50": (0.75, 0.97)}}
QUICK = {"turns": 80, "width": 8, "stem": 2, "neck": 16, "average": 0.8, "lr": 0.005}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "raccoon"
    """Built-in name or path of pictures with boxes."""
    options: Options = Options()
    """How the data are opened; each option is a flag."""
    start: str | None = None
    """Pretrained weights to start from; by default, random initialization."""
    freeze: bool = False
    """Freeze the pretrained body; train only the head."""
    width: int = 24
    """Channels of the first stage; doubled at each further stage."""
    depth: int = 1
    """Residual blocks per stage."""
    stem: int = 2
    """Stride of the first convolution: 1, 2 or 4."""
    neck: int = 96
    """Channels of the head."""
    dropout: float = 0.1
    """Dropout rate of the head."""
    turns: int = 800
    """Turns (training steps), one batch each."""
    batch_size: int = 16
    """Pictures per batch."""
    lr: float = 2e-3
    """Peak learning rate: warmup, then cosine decay to zero."""
    body_lr: float = 1.0
    """Learning rate of the body, as a fraction of the head's."""
    weight_decay: float = 0.05
    """Weight decay coefficient."""
    clip: float = 10.0
    """Maximum gradient norm (gradient clipping)."""
    average: float = 0.98
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 20
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    mirror: bool = True
    """Random horizontal flips, with probability 0.5."""
    shift: float = 0.1
    """Maximum random shift, as a fraction of the side length."""
    zoom: float = 0.25
    """Maximum random change of scale, as a fraction."""
    light: float = 0.2
    """Maximum random change of brightness and contrast, as a fraction."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Sequential:
    """Pictures (N, C, H, W) in [0, 1] -> a box and class scores per location (N, P, 7 + K)."""
    if args.start is not None:
        return transfer.load_pretrained(args.start, schema).net
    return nets.detector(
        **nets.detector_arguments(schema), width=args.width, depth=args.depth, stem=args.stem,
        neck=args.neck, dropout=args.dropout,
    )  # fmt: skip


def build_game(args: Args, net: nn.Sequential, dataset: Data) -> Game:
    """One player, the detector."""
    image = dataset.schema.inputs[0]

    def loss(batch: Batch) -> tuple[Tensor, Tensor]:
        return detect.loss(net(batch[image]), *detect.batch_targets(batch, dataset.schema))

    def optimizer(named_parameters: Iterable[tuple[str, nn.Parameter]]) -> Optimizer:
        groups = transfer.parameter_groups(
            named_parameters, lr=args.lr, body_lr=args.lr * args.body_lr
        )
        return AdamW(groups, weight_decay=args.weight_decay)

    trainable, reads = (net[1], [net[0]]) if args.freeze else (net, [])
    detector = Player(
        "detector", trainable, loss, optimizer, schedule=warmup(0.1), clip=args.clip,
        average=args.average,
    )  # fmt: skip
    return Game(detector, reads=reads)


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training pictures, augmented together with their boxes."""
    boxes, classes = dataset.schema.targets
    augment = Augment(
        field=dataset.schema.inputs[0], boxes=boxes, classes=classes, fill=0.5, zoom=args.zoom,
        shift=args.shift, mirror=args.mirror, light=args.light,
    )  # fmt: skip
    size, turns = args.batch_size, args.turns
    return dataset.train.batches(size, turns=turns, augment=augment, seed=args.seed)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the EMA weights that are best on valid, evaluate on test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game = build_game(args, net, dataset)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            average = game.averaged(net)
            validation = detect.validate(average, dataset.valid)
            run.log(turn, valid_ap50=validation.ap50, valid_ap=validation.ap)
            run.keep_best(net, validation.ap50 + validation.ap, average)
            if run.stop_when_flat("valid_ap", args.patience):
                break

    detect.calibrate(net, dataset.valid)
    result = detect.evaluate(net, dataset)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    run.save_arrays("predictions", **result.arrays)
    return run.finish(net=net, task="detect", test_ap50=result.values["test"]["ap50"])


if __name__ == "__main__":
    cli.main_with(Args, main)
