"""English becomes French word by word, from one summary of the sentence or looking back at it.

Paper    Bahdanau, Cho, Bengio 2014, arXiv:1409.0473, section 3 and appendix A.
Departs  Adam and a tanh layer for maxout; the plain one looks back at one place, the summary.
Run      brique run translate --data multi30k
Reached  see benchmarks/recipes.md
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from brique import cli
from brique.data import Batch, Ragged
from brique.game import Game, Player, cosine
from brique.run import Run
from brique.schema import Schema
from brique.tasks import translate as task

# exact: share of test sentences without a fault; gain: of attention over none
EXPECT = {
    "world:grammar": {"exact": (0.95, 1.0), "gain": (0.05, 1.0)},
    "multi30k": {"bleu": (40, 100), "gain": (5, 100)},
}
QUICK = {"turns": 40, "width": 32, "lr": 1e-2}


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "world:grammar"
    """Generated sentences; or the name or path of texts in two languages, such as multi30k."""
    languages: tuple[str, ...] = ("en", "fr")
    """Names of the language that is read and of the one that is spoken."""
    turns: int = 3200
    """Turns for each of the two translators."""
    batch_size: int = 32
    """Pairs of sentences a turn."""
    width: int = 256
    """Numbers in a word's vector and in a state."""
    lr: float = 2e-3
    """First step length of Adam; it falls along a cosine to zero."""
    seed: int = 0
    """Seed of everything random."""


class Translator(nn.Module):
    """Texts, and the words said so far -> what tells the next words, and where they were found."""

    def __init__(self, width: int, sizes: list[int], *, attends: bool) -> None:
        super().__init__()
        self.attends = attends
        self.source, self.target = (nn.Embedding(size, width) for size in sizes)
        self.reader = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.begin, self.key = nn.Linear(2 * width, width), nn.Linear(2 * width, width)
        self.query, self.match = nn.Linear(width, width), nn.Linear(width, 1, bias=False)
        self.cell = nn.GRUCell(3 * width, width)
        self.tell = nn.Sequential(nn.Linear(4 * width, width), nn.Tanh(), nn.Dropout(0.2))
        self.say = nn.Linear(width, sizes[1])

    def read(self, text: Ragged) -> list[Tensor]:
        """Return a first state (N, D); states to look at (N, S, 2 D), their keys, and mask."""
        words, lengths = self.source(text.padded(0)), text.lengths.cpu()
        packed = pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
        states, last = self.reader(packed)
        summary, mask = last.transpose(0, 1).flatten(1), text.mask
        states = pad_packed_sequence(states, batch_first=True, total_length=text.longest)[0]
        if not self.attends:
            states, mask = summary.unsqueeze(1), mask[:, :1]
        return [self.begin(summary).tanh(), states, self.key(states), mask]

    def speak(self, word: Tensor, state: Tensor, *read: Tensor) -> list[Tensor]:
        """Return, after words (N,): what is told (N, D), the new state, where it looked (N, S)."""
        states, keys, mask = read
        match = self.match(torch.tanh(self.query(state).unsqueeze(1) + keys)).squeeze(2)  # (N, S)
        share = match.masked_fill(~mask, -torch.inf).softmax(dim=1)  # eq. 6
        context, said = (share.unsqueeze(1) @ states).squeeze(1), self.target(word)  # eq. 5
        state = self.cell(torch.cat([said, context], dim=1), state)
        return [self.tell(torch.cat([said, context, state], dim=1)), state, share]

    def forward(self, text: Ragged, before: Tensor) -> list[Tensor]:
        """Return what is told after words before (N, T): (N, T, D), and where it looked."""
        steps, (state, *read) = [], self.read(text)
        for word in before.unbind(1):
            told, state, share = self.speak(word, state, *read)
            steps.append((told, share))
        return [torch.stack(values, dim=1) for values in zip(*steps, strict=True)]


def spoken(net: Translator, text: Ragged) -> list[Tensor]:
    """Return the likeliest translations that a search with 5 beginnings finds."""

    def likely(word: Tensor, state: Tensor, *read: Tensor) -> tuple[Tensor, Tensor]:
        told, state, _ = net.speak(word, state, *read)
        return net.say(told).log_softmax(dim=1), state

    return task.beam_search(likely, *net.read(text), width=5, longest=2 * text.longest)


def build(args: Args, schema: Schema) -> dict[str, Translator]:
    """Two translators: texts, words before (N, T) -> what is told (N, T, D), weights (N, T, S)."""
    sizes, kinds = [schema[one].size for one in args.languages], {"attention": True, "plain": False}
    return {name: Translator(args.width, sizes, attends=kinds[name]) for name in kinds}


def main(args: Args) -> dict[str, float]:
    """Teach both to say what a person said, word by word; then let them speak."""
    run = Run.start(__file__, args)
    source, target = args.languages
    pairs = task.opened(args.data, source, target)
    nets = run.place(build(args, pairs.schema))
    adam = partial(torch.optim.Adam, lr=args.lr)

    for name, net in nets.items():

        def unlikely(batch: Batch, net: Translator = net) -> tuple[Tensor, Tensor]:  # nats, words
            before, words, counts = task.shifted(task.texts(batch, target))
            scores = net.say(net(batch[source], before)[0][counts])
            return functional.cross_entropy(scores, words[counts], reduction="sum"), counts.sum()

        game = Game(Player(name, net, unlikely, adam, schedule=cosine, clip=1.0))
        stream = pairs.train.batches(args.batch_size, turns=args.turns, seed=args.seed, bucket=True)
        for turn in run.play(game, stream, name=name):
            if turn.looks:
                run.log(turn, valid_nats=task.nats(net, unlikely, pairs.valid))

    run.picture("alignment", task.alignment(nets["attention"], pairs.valid, source, target))
    said, meant = task.translations(spoken, nets, pairs.test, source, target)
    score = task.exact if args.data == "world:grammar" else task.bleu
    best, plain = (score(said[name], meant) for name in nets)
    results: dict[str, Any] = {score.__name__: best, f"plain_{score.__name__}": plain, **nets}
    return run.finish(task="translate", gain=best - plain, **results)


if __name__ == "__main__":
    cli.main_with(Args, main)
