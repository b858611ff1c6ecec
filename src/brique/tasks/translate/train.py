"""A sequence-to-sequence network with attention translates text.

Paper    Luong, Pham, Manning 2015, arXiv:1508.04025, section 3.1: global attention.
Departs  a one-layer bidirectional encoder (arXiv:1409.0473); AdamW; label smoothing
         (arXiv:1512.00567, section 7); the EMA of the weights that is best on valid.
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
    """Dimensions of token embeddings and hidden states."""
    dropout: float = 0.3
    """Dropout rate."""
    smoothing: float = 0.1
    """Label smoothing."""
    turns: int = 4500
    """Turns (training steps), one batch each."""
    batch_size: int = 64
    """Pairs of texts per batch."""
    lr: float = 2e-3
    """Peak learning rate: warmup, then cosine decay to zero."""
    weight_decay: float = 0.01
    """Weight decay coefficient."""
    average: float = 0.98
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 10
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> Translator:
    """Source texts and target prefixes -> scores of the next tokens (M + N, V)."""
    return nets.translator(schema.to_json(), width=args.width, dropout=args.dropout)


def build_game(args: Args, net: Translator, dataset: Data) -> Game:
    """One player, the translator, minimizes the cross-entropy of the next token."""
    schema = dataset.schema
    source, target = schema.inputs[0], schema.target

    def loss(batch: Batch) -> Tensor:
        scores = net(batch[source], batch[target])
        return translate.loss(scores, batch, schema, args.smoothing)

    adam = partial(AdamW, lr=args.lr, weight_decay=args.weight_decay)
    shape = {"schedule": warmup(0.05), "clip": 1.0, "average": args.average}
    return Game(Player("translator", net, loss, adam, **shape))


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training texts of similar length."""
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, bucket=True)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train by teacher forcing; then translate the test texts once."""
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
