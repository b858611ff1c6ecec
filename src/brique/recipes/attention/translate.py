"""A GRU encoder-decoder with attention translates English to French; one without, to compare.

Paper    Bahdanau, Cho, Bengio 2014, arXiv:1409.0473, section 3 and appendix A.
Departs  Adam; tanh for maxout; without attention, the context is the final encoder state.
Run      brique run translate --data multi30k
Reached  see benchmarks/recipes.md
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from brique import cli, data, draw
from brique.data import Batch, Data, Ragged, Split
from brique.game import Game, Player, cosine
from brique.inference import eval_mode, ragged_of
from brique.run import Run
from brique.schema import Schema, Text
from brique.tasks.translate import metrics
from brique.tasks.translate.decoding import beam_search, teacher_forcing

# exact_match: share of test sentences translated exactly; gain: score with attention minus without
EXPECT = {
    "world:grammar": {"exact_match": (0.95, 1.0), "gain": (0.05, 1.0)},
    "multi30k": {"bleu": (40, 100), "gain": (5, 100)},
}
QUICK = {"turns": 40, "width": 32, "lr": 1e-2}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "world:grammar"
    """Generated sentences; or the name or path of texts in two languages, such as multi30k."""
    languages: tuple[str, ...] = ("en", "fr")
    """Source and target language."""
    turns: int = 3200
    """Turns (training steps) of each of the two nets."""
    batch_size: int = 32
    """Pairs of sentences per batch."""
    width: int = 256
    """Dimensions of embeddings and hidden states."""
    lr: float = 2e-3
    """Initial learning rate of Adam, decayed to zero along a cosine."""
    seed: int = 0
    """Random seed."""


class Seq2Seq(nn.Module):
    """Source texts, previous target words -> hidden states of the next words, attention weights."""

    def __init__(self, width: int, sizes: list[int], *, attention: bool) -> None:
        super().__init__()
        self.attention = attention
        self.source, self.target = (nn.Embedding(size, width) for size in sizes)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.initial, self.key = nn.Linear(2 * width, width), nn.Linear(2 * width, width)
        self.query, self.energy = nn.Linear(width, width), nn.Linear(width, 1, bias=False)
        self.cell = nn.GRUCell(3 * width, width)
        self.hidden = nn.Sequential(nn.Linear(4 * width, width), nn.Tanh(), nn.Dropout(0.2))
        self.output = nn.Linear(width, sizes[1])

    def encode(self, text: Ragged) -> list[Tensor]:
        """Return the decoder's initial state (N, D); annotations (N, S, 2 D), keys, mask."""
        words, lengths = self.source(text.padded(0)), text.lengths.cpu()
        packed = pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
        states, last = self.encoder(packed)
        summary, mask = last.transpose(0, 1).flatten(1), text.mask  # (N, 2 D), (N, S)
        h = pad_packed_sequence(states, batch_first=True, total_length=text.longest)[0]
        if not self.attention:
            h, mask = summary.unsqueeze(1), mask[:, :1]
        return [self.initial(summary).tanh(), h, self.key(h), mask]

    def decode_step(self, word: Tensor, state: Tensor, *encoded: Tensor) -> list[Tensor]:
        """Return, from words (N,): the hidden layer (N, D), the next state, attention (N, S)."""
        h, keys, mask = encoded
        energy = self.energy(torch.tanh(self.query(state).unsqueeze(1) + keys)).squeeze(2)  # (N, S)
        attention = energy.masked_fill(~mask, -torch.inf).softmax(dim=1)  # eq. 6
        context, y = (attention.unsqueeze(1) @ h).squeeze(1), self.target(word)  # eq. 5
        state = self.cell(torch.cat([y, context], dim=1), state)
        return [self.hidden(torch.cat([y, context, state], dim=1)), state, attention]

    def forward(self, text: Ragged, previous: Tensor) -> list[Tensor]:
        """Return the hidden layer (N, T, D) after previous words (N, T), attention (N, T, S)."""
        steps, (state, *encoded) = [], self.encode(text)
        for word in previous.unbind(1):
            hidden, state, attention = self.decode_step(word, state, *encoded)
            steps.append((hidden, attention))
        return [torch.stack(values, dim=1) for values in zip(*steps, strict=True)]


def build(args: Args, schema: Schema) -> dict[str, Seq2Seq]:
    """Two nets: texts, previous words (N, T) -> hidden layer (N, T, D), attention (N, T, S)."""
    sizes = [schema[language].num_embeddings for language in args.languages]
    names = ("attention", "plain")
    return {name: Seq2Seq(args.width, sizes, attention=name == "attention") for name in names}


def main(args: Args) -> dict[str, float]:
    """Train both nets by teacher forcing; translate the test part by beam search."""
    run = Run.start(__file__, args)
    source, target = args.languages
    pairs = open_pairs(args.data, source, target)
    nets = run.place(build(args, pairs.schema))
    adam = partial(torch.optim.Adam, lr=args.lr)

    for name, net in nets.items():

        def loss(batch: Batch, net: Seq2Seq = net) -> tuple[Tensor, Tensor]:  # nats, words
            previous, words, mask = teacher_forcing(ragged_of(batch, target))
            scores = net.output(net(batch[source], previous)[0][mask])
            return functional.cross_entropy(scores, words[mask], reduction="sum"), mask.sum()

        game = Game(Player(name, net, loss, adam, schedule=cosine, clip=1.0))
        stream = pairs.train.batches(args.batch_size, turns=args.turns, seed=args.seed, bucket=True)
        for turn in run.play(game, stream, name=name):
            if turn.evaluate:
                run.log(turn, valid_loss=mean_loss(net, loss, pairs.valid))

    run.picture("attention", attention_weights(nets["attention"], pairs.valid, source, target))
    translations, references = translate(nets, pairs.test, source, target)
    metric = exact_match if args.data == "world:grammar" else bleu
    attention_score, plain_score = (metric(translations[name], references) for name in nets)
    name, gain = metric.__name__, attention_score - plain_score
    results: dict[str, Any] = {name: attention_score, f"plain_{name}": plain_score, **nets}
    return run.finish(task="translate", gain=gain, **results)


def open_pairs(name: str, source: str, target: str) -> Data:
    """Return pairs of texts in two languages, a field for each; files are cut into subwords."""
    unit = None if name.startswith("world:") else "subwords"  # worlds have words of their own
    return data.open(name, target=target, unit=unit, needs={source: Text, target: Text})


def mean_loss(net: nn.Module, loss: Callable[[Batch], Any], split: Split) -> float:
    """Return the mean loss per word of a split, in nats."""
    with eval_mode(net) as device:
        sums = [loss(batch) for batch in split.batches(100).on(device)]
    return float(sum(total for total, _ in sums) / sum(count for _, count in sums))


def translate(
    nets: dict[str, Seq2Seq], split: Split, source: str, target: str
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the translations of a split's texts by each net, and the references."""
    field = split.schema[target]
    assert isinstance(field, Text)
    translations: dict[str, list[str]] = {name: [] for name in nets}
    references: list[str] = []
    with eval_mode(nn.ModuleList(nets.values())) as device:
        for batch in split.batches(100).on(device):
            for name, net in nets.items():
                translations[name] += map(field.restore, search(net, ragged_of(batch, source)))
            references += map(field.restore, ragged_of(batch, target))
    return translations, references


def search(net: Seq2Seq, text: Ragged) -> list[Tensor]:
    """Return the most likely translations, by a beam search of width 5."""

    def next_words(word: Tensor, state: Tensor, *encoded: Tensor) -> tuple[Tensor, Tensor]:
        hidden, state, _ = net.decode_step(word, state, *encoded)
        return net.output(hidden).log_softmax(dim=1), state

    return beam_search(next_words, *net.encode(text), width=5, max_length=2 * text.longest)


def exact_match(translations: list[str], references: list[str]) -> float:
    """Return the share of translations that equal their reference."""
    return sum(map(str.__eq__, translations, references)) / max(1, len(references))


def bleu(translations: list[str], references: list[str]) -> float:
    """Return the BLEU of all translations together, in [0, 100]."""
    return float(metrics.bleu(metrics.count_ngrams(translations, references).sum(0)))


def attention_weights(net: Seq2Seq, split: Split, source: str, target: str) -> Tensor:
    """Return a heatmap (3, H, W) of attention for the first pair: a row per target word."""
    batch, fields = next(split.batches(1)), (split.schema[target], split.schema[source])
    previous, words, _ = teacher_forcing(ragged_of(batch, target))
    with eval_mode(net) as device:
        weights = net(ragged_of(batch, source).to(device), previous.to(device))[1][0]  # (T, S)
    rows, columns = (
        [field.restore(ids[k : k + 1]).strip() for k in range(len(ids))]
        for field, ids in zip(fields, (words[0, :-1], ragged_of(batch, source).values), strict=True)
        if isinstance(field, Text)
    )
    return draw.heatmap(weights[:-1], rows, columns).pixels()


if __name__ == "__main__":
    cli.main_with(Args, main)
