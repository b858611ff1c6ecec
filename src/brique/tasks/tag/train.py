"""A bidirectional GRU tags each word of a sentence.

Paper    Plank, Søgaard, Goldberg 2016, arXiv:1604.05529: bidirectional, over words and characters.
Departs  characters by a convolution; GRU of Cho et al. 2014; no auxiliary task; rare words are
         randomly replaced by their suffixes (arXiv:1603.04351, section 4.4) for unknown words.
Run      brique train ud-english-ewt
Reached  see benchmarks/train.md
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from brique import cli, data, nets
from brique.data import Batch, Data, Options, Stream
from brique.game import Game, Player, warmup
from brique.nets.tagger import Tagger
from brique.run import Run
from brique.schema import Schema
from brique.tasks import tag

EXPECT = {"ud-english-ewt": {"test_accuracy": (0.92, 0.97)}}
QUICK = {"turns": 60, "embedding_size": 32, "hidden": 32, "layers": 1, "average": 0.9, "lr": 1e-2}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "ud-english-ewt"
    """Name or path of sentences with tags."""
    options: Options = Options()
    """How the data are opened; each option is a flag."""
    embedding_size: int = 128
    """Dimensions of the word embeddings."""
    hidden: int = 128
    """Hidden units of the bidirectional GRU, per direction."""
    layers: int = 1
    """Layers of the bidirectional GRU."""
    dropout: float = 0.4
    """Dropout rate."""
    word_dropout: float = 0.3
    """Rate at which rare words are replaced by their suffixes in training."""
    turns: int = 4000
    """Turns (training steps), one batch each."""
    batch_size: int = 32
    """Sentences per batch."""
    lr: float = 3e-3
    """Peak learning rate: warmup, then cosine decay to zero."""
    weight_decay: float = 0.02
    """Weight decay coefficient."""
    clip: float = 5.0
    """Maximum gradient norm (gradient clipping)."""
    average: float = 0.99
    """Decay of the exponential moving average (EMA) of the weights, in (0, 1)."""
    patience: int = 10
    """Early stopping: evaluations on valid (20 in all) without improvement before training ends."""
    seed: int = 0
    """Random seed."""


def build(args: Args, schema: Schema) -> Tagger:
    """Sentences of M words in total -> tag scores of each word (M, K)."""
    schema_json = schema.to_json()
    sizes = {"embedding_size": args.embedding_size, "hidden": args.hidden, "layers": args.layers}
    return nets.tagger(schema_json, **sizes, dropout=args.dropout, word_dropout=args.word_dropout)


def build_game(args: Args, net: Tagger, dataset: Data) -> Game:
    """One player, the tagger, minimizes the cross-entropy of the tags."""

    def loss(batch: Batch) -> Tensor:
        return tag.loss(net(batch[dataset.schema.inputs[0]]), batch, dataset.schema)

    def adam(named_parameters: object) -> torch.optim.Optimizer:
        return torch.optim.AdamW(named_parameters, lr=args.lr, weight_decay=args.weight_decay)  # pyright: ignore[reportArgumentType]

    return Game(
        Player(
            "tagger", net, loss, adam, schedule=warmup(0.1), clip=args.clip,
            average=args.average,
        )
    )  # fmt: skip


def build_stream(args: Args, dataset: Data) -> Stream:
    """Batches of training sentences of similar length."""
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, bucket=True)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the EMA weights that are best on valid, evaluate on test once."""
    run = Run.start(__file__, args)
    dataset = dataset or data.open(args.data, args.options)
    net = run.place(build(args, dataset.schema))
    game = build_game(args, net, dataset)

    for turn in run.play(game, build_stream(args, dataset)):
        if not turn.evaluate or not len(dataset.valid):
            continue
        validation = tag.validate(game.averaged(net), dataset.valid)
        run.log(turn, **validation.metrics)
        run.keep_best(net, validation.score, game.averaged(net))
        is_flat = run.stop_when_flat(validation.score_name, args.patience)
        if is_flat and (
            validation.f1 is None or run.stop_when_flat("valid_loss", args.patience, lower=True)
        ):
            break

    result = tag.evaluate(net, dataset)
    run.save_arrays("predictions", **result.arrays)
    run.result(**result.values)
    run.record_seconds(**result.seconds)
    test = result.values["test"]
    scores = {f"test_{name}": test[name] for name in ("f1", "accuracy") if name in test}
    return run.finish(net=net, task=result.values["task"], **scores)


if __name__ == "__main__":
    cli.main_with(Args, main)
