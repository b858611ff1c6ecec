"""A net that reads sentences both ways learns to say of each word which class it is of.

Paper    Plank, Søgaard, Goldberg 2016, arXiv:1604.05529: words and letters, read both ways.
Departs  letters by a convolution; units of Cho et al. 2014; no second task; a rare word is at times
         taken for its ending (arXiv:1603.04351, section 4.4), so that new words are told by theirs.
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
    """Numbers that a word is told by."""
    hidden: int = 128
    """Units that read a sentence in each of the two directions."""
    layers: int = 1
    """Layers of them."""
    dropout: float = 0.4
    """Share of the features that are not seen in training."""
    word_dropout: float = 0.3
    """Share of rare words that are taken for their endings in training."""
    turns: int = 4000
    """Turns, one batch each."""
    batch_size: int = 32
    """Sentences a turn."""
    lr: float = 3e-3
    """Largest step length of AdamW; it rises to it, then falls along a cosine to zero."""
    weight_decay: float = 0.02
    """Pull of every weight toward zero, in step lengths."""
    clip: float = 5.0
    """Largest norm of a step's slopes."""
    patience: int = 10
    """Looks at valid without a better one, of 20 in all, after which training ends."""
    average: float = 0.99
    """Decay of the running average of the weights, in (0, 1)."""
    seed: int = 0
    """Seed of everything random."""


def build(args: Args, schema: Schema) -> Tagger:
    """Sentences of M words in all -> scores of the K tags of each word (M, K)."""
    schema_json = schema.to_json()
    sizes = {"embedding_size": args.embedding_size, "hidden": args.hidden, "layers": args.layers}
    return nets.tagger(schema_json, **sizes, dropout=args.dropout, word_dropout=args.word_dropout)


def build_game(args: Args, net: Tagger, dataset: Data) -> Game:
    """One player, the tagger, pays for the words that it takes for something else."""

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
    """Batches of training sentences, those of like lengths together."""
    return dataset.train.batches(args.batch_size, turns=args.turns, seed=args.seed, bucket=True)


def main(args: Args, dataset: Data | None = None) -> dict[str, float]:
    """Train, keep the average that is best on valid, read the test sentences once."""
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
