"""A cell reads trees from the leaves up: nested formulas, or the mood of every phrase of a review.

Paper    Tai, Socher, Manning 2015, arXiv:1503.00075, section 3.2 (two children, told apart).
Departs  word vectors from scratch, Adam; beside it a GRU over the nodes in a row, a bag of words.
Run      brique run treelstm --data sst
Reached  see benchmarks/recipes.md
"""

import random
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data
from brique.data import Batch, Ragged
from brique.game import Game, Player, cosine
from brique.nets.trees import climb
from brique.run import Run
from brique.schema import Schema, Tags, Tree
from brique.tasks.trees import drawn, sides

# of whole trees: formulas of depth 6 (learnt: 1 to 4) that are true, reviews that are positive
EXPECT = {
    "formulas": {"test_accuracy": (0.97, 1.0), "over_sequence": (0.1, 0.5)},
    "sst": {"test_accuracy": (0.8, 0.9), "over_bag": (0.005, 0.2)},
}
QUICK = {"turns": 60, "width": 32}
SIGNS = "01~&|"


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "formulas"
    """Generated formulas; or the name or path of trees with a label at every node, such as sst."""
    turns: int = 2400
    """Turns for each of the three readers."""
    batch_size: int = 50
    """Trees a turn."""
    width: int = 128
    """Numbers in a word's vector and in a node's state."""
    lr: float = 2e-3
    """First step length of Adam; it falls along a cosine to zero."""
    seed: int = 0
    """Seed of everything random."""


class Reader(nn.Module):
    """Trees -> scores of every node (total, K), from what its kind makes of the words."""

    def __init__(self, kind: str, args: Args, words: int, classes: int) -> None:
        super().__init__()
        self.kind, self.width = kind, args.width
        self.word = nn.Embedding(words, args.width)
        self.gates = nn.Linear(3 * args.width, 5 * args.width) if kind == "tree" else nn.Identity()
        self.row = nn.GRU(args.width, args.width, batch_first=True) if kind == "sequence" else None
        self.answer = nn.Sequential(nn.Dropout(), nn.Linear(args.width, classes))

    def forward(self, tree: Ragged) -> Tensor:
        """Return the scores of every node."""
        if self.row is not None:  # each node after those before it: children, then their parent
            return self.answer(self.row(self.word(tree.padded(0)))[0][tree.mask])
        words = self.word(tree.values)
        if self.kind == "tree":
            return self.answer(climb(tree, words, self.cell, 2 * self.width)[:, : self.width])
        ones = functional.pad(words, (0, 1), value=1.0)  # the last column counts the words
        sums = climb(tree, ones, lambda own, left, right: own + left + right, self.width + 1)
        return self.answer(sums[:, :-1] / sums[:, -1:])

    def cell(self, word: Tensor, left: Tensor, right: Tensor) -> Tensor:  # eqs. 9 to 14
        """Return states (M, 2 D), shown and kept, from words (M, D) and the children's states."""
        (shown, kept), (shown_right, kept_right) = left.chunk(2, 1), right.chunk(2, 1)
        gates = self.gates(torch.cat([word, shown, shown_right], dim=1)).chunk(5, 1)
        enter, leave, stay, stay_right = (gate.sigmoid() for gate in gates[1:])
        kept = enter * gates[0].tanh() + stay * kept + stay_right * kept_right
        return torch.cat([leave * kept.tanh(), kept], dim=1)


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Three readers: trees -> scores of every node (total, K)."""
    words, classes = len(SIGNS), 2
    if isinstance(schema["tree"], Tree) and isinstance(schema["labels"], Tags):
        words, classes = schema["tree"].size, len(schema["labels"].names)
    return {kind: Reader(kind, args, words, classes) for kind in ("tree", "sequence", "bag")}


def main(args: Args) -> dict[str, float]:
    """Teach three readers the label of every node, then ask them for that of whole trees."""
    run = Run.start(__file__, args)
    if args.data == "formulas":
        trees = formulas(10_000)
    else:
        needs = {"tree": Tree, "labels": Tags}
        trees = data.open(args.data, needs=needs, target="labels", lower=True)
    nets = run.place(build(args, trees.schema))
    adam = partial(torch.optim.Adam, lr=args.lr)

    for name, net in nets.items():

        def mistakes(batch: Batch, net: nn.Module = net) -> Tensor:
            return functional.cross_entropy(net(batch.tree), batch.labels.values)

        game = Game(Player(name, net, mistakes, adam, schedule=cosine))
        stream = trees.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.looks:
                run.log(turn, valid_accuracy=(share := sides([net], trees.valid)[0]))
                run.keep_best(net, share)

    run.picture("tree", drawn(nets["tree"], trees.valid, SIGNS))
    tree, sequence, bag = sides([*nets.values()], trees.test)
    results: dict[str, Any] = {"over_sequence": tree - sequence, "over_bag": tree - bag, **nets}
    return run.finish(task="none", test_accuracy=tree, **results)


def formulas(n: int) -> data.Data:
    """Return n formulas, the truth of every node its label: depth 1 to 4, in the test part 6."""
    draw, parts = random.Random(0), ["valid", "test", *["train"] * 8] * (n // 10)
    grown = [grow(draw, 6 if part == "test" else draw.randint(1, 4), []) for part in parts]
    signs, parents, truths = zip(*(torch.tensor(nodes).unbind(1) for nodes in grown), strict=True)
    tree, labels = Ragged.of(signs, parents), Ragged.of(truths, parents)
    return data.arrays(tree=tree, labels=labels, split=parts, name="formulas")


def grow(draw: random.Random, depth: int, nodes: list[list[int]]) -> list[list[int]]:
    """Append the nodes of a formula of this depth, [sign, parent, truth], the root last."""
    sign = draw.choice("~&&||") if depth else draw.choice("01")
    deep = [depth - 1, draw.randrange(depth // 2, max(depth, 1))]
    deep = deep[: {"~": 1, "&": 2, "|": 2}.get(sign, 0)]
    roots = [len(grow(draw, below, nodes)) - 1 for below in draw.sample(deep, len(deep))]
    known = [nodes[root][2] for root in roots]
    truth = {"0": 0, "1": 1, "~": 1 - sum(known), "&": all(known), "|": any(known)}[sign]
    for root in roots:
        nodes[root][1] = len(nodes)
    nodes.append([SIGNS.index(sign), -1, int(truth)])
    return nodes


if __name__ == "__main__":
    cli.main_with(Args, main)
