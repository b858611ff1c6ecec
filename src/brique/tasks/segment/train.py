"""A small U-Net classifies each pixel of a picture.

Paper    Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, "U-Net".
Departs  residual blocks (arXiv:1512.03385), AdamW (arXiv:1711.05101); class weights, as in
         arXiv:1511.00561, a power of the inverse frequency; data augmentation; the EMA of the
         weights that is best on valid.
Run      brique train camvid --size 240x180
Reached  see benchmarks/train.md
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, as_tensor, nn
from torch.optim import AdamW, Optimizer

from brique import cli, data, nets
from brique.data import Augment, Batch, Data, Options, Stream
from brique.game import Game, Player, warmup
from brique.run import Run
from brique.schema import Schema
from brique.tasks import segment

EXPECT = {"camvid": {"test_mean_iou": (0.4, 0.7)}}
QUICK = {"turns": 60, "width": 8, "stem": 2, "stages": 3, "average": 0.8, "lr": 0.01}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "camvid"
    """Built-in name or path of pictures and masks."""
    options: Options = Options(size=(180, 240))
    """How the data are opened; each option is a flag."""
    class_weight_power: float = 0.5
    """Exponent of the inverse class frequency in the pixel weights: 0 unweighted, 1 balanced."""
    width: int = 32
    """Channels of the first stage; doubled at each further stage."""
    depth: int = 1
    """Residual blocks per stage of the encoder."""
    stages: int = 4
    """Stages; each halves the resolution."""
    stem: int = 2
    """Stride of the first convolution: 1, 2 or 4."""
    dropout: float = 0.1
    """Dropout rate."""
    turns: int = 1800
    """Turns (training steps), one batch each."""
    batch_size: int = 8
    """Pictures per batch."""
    lr: float = 2e-3
    """Peak learning rate: warmup, then cosine decay to zero."""
    weight_decay: float = 0.05
    """Weight decay coefficient."""
    average: float = 0.98
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 20
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    mirror: bool = True
    """Random horizontal flips, with probability 0.5."""
    shift: float = 0.1
    """Maximum random shift, as a fraction of the side length."""
    rotate: float = 10.0
    """Maximum random rotation, in degrees."""
    zoom: float = 0.1
    """Maximum random change of scale, as a fraction."""
    light: float = 0.2
    """Maximum random change of brightness and contrast, as a fraction."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> nn.Module:
    """Pictures (N, C, H, W) in [0, 1] -> class scores of each pixel (N, K, H, W)."""
    shape = {"width": args.width, "depth": args.depth, "stages": args.stages, "stem": args.stem}
    return nets.unet(**nets.unet_arguments(schema), **shape, dropout=args.dropout)


def build_game(args: Args, net: nn.Module, dataset: Data) -> Game:
    """One player, the segmenter, with a class-weighted cross entropy."""
    weights = segment.weights(dataset.train, power=args.class_weight_power)
    image, mask = dataset.schema.inputs[0], dataset.schema.target

    def loss(batch: Batch) -> tuple[Tensor, Tensor]:
        return segment.loss(net(batch[image]), as_tensor(batch[mask]), weights)

    def optimizer(named_parameters: Iterable[tuple[str, nn.Parameter]]) -> Optimizer:
        return AdamW(named_parameters, lr=args.lr, weight_decay=args.weight_decay)

    schedule = warmup(0.05)
    return Game(Player("segmenter", net, loss, optimizer, schedule=schedule, average=args.average))


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training pictures, augmented together with their masks."""
    image, mask = dataset.schema.inputs[0], dataset.schema.target
    augment = Augment(
        field=image, mask=mask, mirror=args.mirror, shift=args.shift, rotate=args.rotate,
        zoom=args.zoom, light=args.light,
    )  # fmt: skip
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, augment=augment)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the EMA weights that are best on valid, evaluate on test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game = build_game(args, net, dataset)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            average = game.averaged(net)
            validation = segment.validate(average, dataset.valid)
            run.log(turn, valid_mean_iou=validation.mean_iou, valid_loss=validation.loss)
            run.keep_best(net, validation.mean_iou, average)
            if run.stop_when_flat("valid_mean_iou", args.patience):
                break

    result = segment.evaluate(net, dataset)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    run.save_arrays("predictions", **result.arrays)
    return run.finish(net=net, task="segment", test_mean_iou=result.values["test"]["mean_iou"])


if __name__ == "__main__":
    cli.main_with(Args, main)
