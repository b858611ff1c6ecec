"""A net that looks back at a text learns to say it in another language, piece by piece.

Paper    Luong, Pham, Manning 2015, arXiv:1508.04025, section 3.1: global attention.
Departs  the source is read both ways by one layer (arXiv:1409.0473); AdamW; labels are smoothed
         (arXiv:1512.00567, section 7); the average of the weights that was best on valid.
Run      brique train multi30k --target fr
Reached  see benchmarks/train.md
"""

from dataclasses import dataclass
from functools import partial

from torch import Tensor
from torch.optim import AdamW

from brique import cli, data, nets
from brique.data import Batch, Data, Options, Stream
from brique.game import Game, Player, warmup
from brique.nets.translator import Translator
from brique.run import Run
from brique.schema import Schema
from brique.tasks import translate

EXPECT = {"multi30k": {"test_bleu": (45, 100)}}
QUICK = {"turns": 60, "width": 32, "lr": 1e-2, "average": 0.8}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "multi30k"
    """Name or path of texts in two languages."""
    options: Options = Options(target="fr", unit="subwords")
    """How the data are opened; each option is a flag."""
    width: int = 256
    """Numbers in a piece's vector and in a state."""
    dropout: float = 0.3
    """Share of the features that are not seen in training."""
    smoothing: float = 0.1
    """Share of each piece that is spread over all."""
    turns: int = 4500
    """Turns, one batch each."""
    batch_size: int = 64
    """Pairs of texts a turn."""
    average: float = 0.98
    """Decay of the average of the weights that speaks in the end, in (0, 1)."""
    patience: int = 10
    """Looks at valid, of 20 in all, after which training ends if none was better."""
    lr: float = 2e-3
    """Largest step length of AdamW; it rises to it, then falls along a cosine to zero."""
    weight_decay: float = 0.01
    """Pull of every weight toward zero, in step lengths."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> Translator:
    """Texts, and their translations so far -> scores of the next pieces (M + N, V)."""
    return nets.translator(schema.to_json(), width=args.width, dropout=args.dropout)


def build_game(args: Args, net: Translator, dataset: Data) -> Game:
    """One player, the translator, pays for each piece that it did not expect."""
    schema = dataset.schema
    source, target = schema.inputs[0], schema.target

    def loss(batch: Batch) -> Tensor:
        scores = net(batch[source], batch[target])
        return translate.loss(scores, batch, schema, args.smoothing)

    adam = partial(AdamW, lr=args.lr, weight_decay=args.weight_decay)
    shape = {"schedule": warmup(0.05), "clip": 1.0, "average": args.average}
    return Game(Player("translator", net, loss, adam, **shape))


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training texts, those of like lengths together."""
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, bucket=True)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Teach the net to say what a person said; then let it speak, once for each test text."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game = build_game(args, net, dataset)

    for turn in run.play(game, build_stream(args, dataset)):
        if turn.evaluate and len(dataset.valid):
            average = game.averaged(net)
            loss = translate.validate(average, dataset.valid).loss
            run.log(turn, valid_loss=loss)
            run.keep_best(net, -loss, average)
            if run.stop_when_flat("valid_loss", args.patience, lower=True):
                break

    result = translate.evaluate(net, dataset)
    run.save_arrays("predictions", **result.arrays)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    return run.finish(net=net, task="translate", test_bleu=result.values["test"]["bleu"])


if __name__ == "__main__":
    cli.main_with(Args, main)
