"""A small U-Net learns to say of each pixel of a picture what it shows.

Paper    Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, "U-Net".
Departs  Residual blocks (arXiv:1512.03385), AdamW (arXiv:1711.05101); rare classes count more, as
         in arXiv:1511.00561, by a power of their rareness; pictures moved a little each time; the
         average of the weights that was best on valid.
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
    """Name of a folder of pictures and masks, or path."""
    options: Options = Options(size=(180, 240))
    """How the data are opened; each option is a flag."""
    class_weight_power: float = 0.5
    """How much more pixels of rare classes count: 0 not at all, 1 until all classes are alike."""
    width: int = 32
    """Features of the first stage; each further stage has twice as many."""
    stages: int = 4
    """Stages, each on half the places of the one before."""
    depth: int = 1
    """Residual blocks a stage, on the way down."""
    stem: int = 2
    """Step of the first convolution: 1, 2 or 4."""
    dropout: float = 0.1
    """Share of the features that are not seen in training."""
    batch_size: int = 8
    """Pictures a turn."""
    turns: int = 1800
    """Turns, each of one batch."""
    average: float = 0.98
    """Decay of the average of the weights that is judged, in (0, 1)."""
    lr: float = 2e-3
    """Largest step length; it rises to it, then falls along a cosine to zero."""
    weight_decay: float = 0.05
    """Pull of every weight toward zero, in step lengths."""
    patience: int = 20
    """Looks at valid without a better one, of 20 in all, after which training ends."""
    zoom: float = 0.1
    """Largest change of a picture's scale, as a share."""
    rotate: float = 10.0
    """Largest turn of a picture, in degrees."""
    shift: float = 0.1
    """Largest move of a picture, as a share of its side."""
    light: float = 0.2
    """Largest change of brightness and contrast, as a share."""
    mirror: bool = True
    """Half of the pictures are seen from left to right."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> nn.Module:
    """Pictures (N, C, H, W) in [0, 1] -> class scores of each pixel (N, K, H, W)."""
    shape = {"width": args.width, "depth": args.depth, "stages": args.stages, "stem": args.stem}
    return nets.unet(**nets.unet_arguments(schema), **shape, dropout=args.dropout)


def build_game(args: Args, net: nn.Module, dataset: Data) -> Game:
    """One player, the segmenter, pays for each pixel of which it was unsure or wrong."""
    weights = segment.weights(dataset.train, power=args.class_weight_power)
    image, mask = dataset.schema.inputs[0], dataset.schema.target

    def loss(batch: Batch) -> tuple[Tensor, Tensor]:
        return segment.loss(net(batch[image]), as_tensor(batch[mask]), weights)

    def optimizer(named_parameters: Iterable[tuple[str, nn.Parameter]]) -> Optimizer:
        return AdamW(named_parameters, lr=args.lr, weight_decay=args.weight_decay)

    schedule = warmup(0.05)
    return Game(Player("segmenter", net, loss, optimizer, schedule=schedule, average=args.average))


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training pictures, each moved a little together with its mask."""
    image, mask = dataset.schema.inputs[0], dataset.schema.target
    augment = Augment(
        field=image, mask=mask, mirror=args.mirror, shift=args.shift, rotate=args.rotate,
        zoom=args.zoom, light=args.light,
    )  # fmt: skip
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, augment=augment)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the average that is best on valid, read the test pictures once."""
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
    run.save_arrays("answers", **result.arrays)
    return run.finish(net=net, task="segment", test_mean_iou=result.values["test"]["mean_iou"])


if __name__ == "__main__":
    cli.main_with(Args, main)
