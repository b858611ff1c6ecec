"""A Tree-LSTM classifies every node of a tree: a Boolean formula or a parsed film review.

Paper    Tai, Socher, Manning 2015, arXiv:1503.00075, section 3.2 (binary Tree-LSTM).
Departs  embeddings from scratch, Adam; baselines: a GRU over the post-order, a bag of words.
Run      brique run treelstm --data sst
Reached  see benchmarks/recipes.md
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique import cli, data, draw
from brique.data import Batch, Ragged, Split
from brique.game import Game, Player, cosine
from brique.nets.recursive import apply_bottom_up
from brique.run import Run
from brique.schema import Schema, Tags, Tree
from brique.tasks import eval_mode

# at the roots: truth value of formulas of depth 6 (training: 1 to 4), sentiment of reviews;
# over_sequence, over_bag: test_accuracy minus that of the GRU and of the bag of words
EXPECT = {
    "formulas": {"test_accuracy": (0.97, 1.0), "over_sequence": (0.1, 0.5)},
    "sst": {"test_accuracy": (0.8, 0.9), "over_bag": (0.005, 0.2)},
}
QUICK = {"turns": 60, "width": 32}
SYMBOLS = "01~&|"


@dataclass(frozen=True, kw_only=True)
class Args:
    """Settings of the run; every field is a flag."""

    data: str = "formulas"
    """Formulas (generated), or name or path of trees with a label at every node, such as sst."""
    turns: int = 2400
    """Turns (training steps) of each of the three nets."""
    batch_size: int = 50
    """Trees per batch."""
    width: int = 128
    """Dimensions of embeddings and hidden states."""
    lr: float = 2e-3
    """Initial learning rate of Adam, decayed to zero along a cosine."""
    seed: int = 0
    """Random seed."""


class TreeLSTM(nn.Module):
    """Trees -> class scores (total, K) of all nodes in the batch, computed bottom-up."""

    def __init__(self, width: int, vocabulary_size: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.gates = nn.Linear(3 * width, 5 * width)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(width, num_classes))

    def forward(self, tree: Ragged) -> Tensor:
        """Return the scores of every node."""
        x = self.embedding(tree.values)  # (total, D)
        h, _ = apply_bottom_up(tree, x, self.cell, 2 * x.shape[1]).chunk(2, dim=1)
        return self.classifier(h)

    def cell(self, x: Tensor, left: Tensor, right: Tensor) -> Tensor:  # eqs. 9 to 14
        """Return states [h, c] (M, 2 D) from embeddings (M, D) and the states of the children."""
        (h_left, c_left), (h_right, c_right) = left.chunk(2, 1), right.chunk(2, 1)
        u, i, o, f_left, f_right = self.gates(torch.cat([x, h_left, h_right], 1)).chunk(5, 1)
        c = i.sigmoid() * u.tanh() + f_left.sigmoid() * c_left + f_right.sigmoid() * c_right
        return torch.cat([o.sigmoid() * c.tanh(), c], dim=1)


class SequenceGRU(nn.Module):
    """Trees -> class scores of every node (total, K), from the nodes in post-order."""

    def __init__(self, width: int, vocabulary_size: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(width, num_classes))

    def forward(self, tree: Ragged) -> Tensor:
        """Return the scores of every node."""
        h, _ = self.gru(self.embedding(tree.padded(0)))  # (N, T, D)
        return self.classifier(h[tree.mask])


class BagOfWords(nn.Module):
    """Trees -> class scores of every node (total, K), from the mean embedding of each subtree."""

    def __init__(self, width: int, vocabulary_size: int, num_classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(width, num_classes))

    def forward(self, tree: Ragged) -> Tensor:
        """Return the scores of every node."""
        x = functional.pad(self.embedding(tree.values), (0, 1), value=1.0)  # ones count the nodes
        sums = apply_bottom_up(tree, x, lambda node, left, right: node + left + right, x.shape[1])
        return self.classifier(sums[:, :-1] / sums[:, -1:])


def build(args: Args, schema: Schema) -> dict[str, nn.Module]:
    """Three nets: trees -> class scores of every node (total, K)."""
    vocabulary_size, num_classes = len(SYMBOLS), 2
    if isinstance(schema["tree"], Tree) and isinstance(schema["labels"], Tags):
        vocabulary_size, num_classes = schema["tree"].num_embeddings, len(schema["labels"].names)
    nets = {"tree": TreeLSTM, "sequence": SequenceGRU, "bag": BagOfWords}
    return {name: net(args.width, vocabulary_size, num_classes) for name, net in nets.items()}


def main(args: Args) -> dict[str, float]:
    """Train three nets on the labels of all nodes; compare their accuracy at the roots."""
    run = Run.start(__file__, args)
    if args.data == "formulas":
        trees = formulas(10_000)
    else:
        needs = {"tree": Tree, "labels": Tags}
        trees = data.open(args.data, needs=needs, target="labels", lower=True)
    nets = run.place(build(args, trees.schema))
    adam = partial(torch.optim.Adam, lr=args.lr)

    for name, net in nets.items():

        def loss(batch: Batch, net: nn.Module = net) -> Tensor:
            return functional.cross_entropy(net(batch.tree), batch.labels.values)

        game = Game(Player(name, net, loss, adam, schedule=cosine))
        stream = trees.train.batches(args.batch_size, turns=args.turns, seed=args.seed)
        for turn in run.play(game, stream, name=name):
            if turn.evaluate:
                (accuracy,) = accuracies([net], trees.valid)
                run.log(turn, valid_accuracy=accuracy)
                run.keep_best(net, accuracy)

    run.picture("tree", draw_prediction(nets["tree"], trees.valid))
    tree, sequence, bag = accuracies([*nets.values()], trees.test)
    results = {"test_accuracy": tree, "over_sequence": tree - sequence, "over_bag": tree - bag}
    return run.finish(answers="tree", task="none", **nets, **results)


def accuracies(nets: Sequence[nn.Module], split: Split) -> list[float]:
    """Return each net's accuracy at non-neutral roots: upper or lower half of K labels."""
    is_correct: list[Tensor] = []
    with eval_mode(nn.ModuleList(nets)) as device:
        for batch in split.batches(200).on(device):
            roots = batch.tree.offsets[1:] - 1
            scores = torch.stack([net(batch.tree)[roots] for net in nets])  # (nets, N, K)
            k = scores.shape[2]
            sign = 2 * batch.labels.values[roots] - (k - 1)  # 0: neutral
            negative, positive = scores[..., : k // 2], scores[..., -(k // 2) :]
            is_positive = positive.logsumexp(2) > negative.logsumexp(2)
            is_correct.append((is_positive == (sign > 0))[:, sign != 0])
    return torch.cat(is_correct, dim=1).double().mean(dim=1).tolist()


def draw_prediction(net: nn.Module, split: Split) -> Tensor:
    """Return a drawing (3, H, W) of a split's first tree: positive nodes blue, negative red."""
    tree, field = next(split.batches(1)).tree, split.schema["tree"]
    with eval_mode(net) as device:
        scores = net(tree.to(device))  # (total, K)
    signs = 2 * scores.argmax(dim=1) - (scores.shape[1] - 1)
    colors = [{-1: 5, 0: None, 1: 4}[sign] for sign in signs.sign().tolist()]
    vocabulary, parents = [*SYMBOLS], tree.parent.tolist()
    if isinstance(field, Tree):
        vocabulary = [*[""] * (field.num_embeddings - len(field.vocabulary)), *field.vocabulary]
    names = [vocabulary[int(index)] for index in tree.values]
    names = [name or ("" if k in parents else "?") for k, name in enumerate(names)]
    return draw.tree(parents, names, colors).pixels()


def formulas(n: int) -> data.Data:
    """Return n formulas of depth 1 to 4 (test split: 6), each node labeled with its truth value."""
    rng, parts = random.Random(0), ["valid", "test", *["train"] * 8] * (n // 10)
    trees = [formula(rng, 6 if part == "test" else rng.randint(1, 4), []) for part in parts]
    symbols, parents, values = zip(*(torch.tensor(nodes).unbind(1) for nodes in trees), strict=True)
    tree, labels = Ragged.of(symbols, parents), Ragged.of(values, parents)
    return data.arrays(tree=tree, labels=labels, split=parts, name="formulas")


def formula(rng: random.Random, depth: int, nodes: list[list[int]]) -> list[list[int]]:
    """Append the nodes of a formula of this depth, [symbol, parent, value], the root last."""
    symbol = rng.choice("~&&||") if depth else rng.choice("01")
    depths = [depth - 1, rng.randrange(depth // 2, max(depth, 1))]
    depths = depths[: {"~": 1, "&": 2, "|": 2}.get(symbol, 0)]
    roots = [len(formula(rng, d, nodes)) - 1 for d in rng.sample(depths, len(depths))]
    values = [nodes[root][2] for root in roots]
    value = {"0": 0, "1": 1, "~": 1 - sum(values), "&": all(values), "|": any(values)}[symbol]
    for root in roots:
        nodes[root][1] = len(nodes)
    nodes.append([SYMBOLS.index(symbol), -1, int(value)])
    return nodes


if __name__ == "__main__":
    cli.main_with(Args, main)
