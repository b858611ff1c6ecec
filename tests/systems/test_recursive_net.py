"""A net as deep as the formula it reads: trees in memory, cells that a batch may not need.

Socher et al. 2013, with one cell a sign in place of one for all.
"""

import random
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from curves import curve
from torch import Tensor, nn
from torch.nn import functional

from brique import data
from brique.data import Batch, Ragged, Split
from brique.errors import PlayError
from brique.game import Game, Player
from brique.run import Run
from resuming import assert_equal, stopped

SIGNS = ("false", "true", "and", "or", "not")


@dataclass(frozen=True, kw_only=True)
class Args:
    turns: int = 150
    batch_size: int = 64
    width: int = 16
    lr: float = 1e-2
    idle: str = "allow"
    seed: int = 0


def grow(rng: random.Random, depth: int, signs: list[int], parents: list[int]) -> bool:
    """Append a formula, children before parents, its root's parent still -1; return its truth."""
    kind = rng.random()
    if depth == 0 or kind < 0.15:
        signs.append(rng.randrange(2))
        parents.append(-1)
        return bool(signs[-1])
    sign = 4 if kind < 0.16 else rng.choice((2, 3))  # "not" is rare
    values, roots = [], []
    for _ in range(1 if sign == 4 else 2):
        values.append(grow(rng, depth - 1, signs, parents))
        roots.append(len(signs) - 1)
    for root in roots:
        parents[root] = len(signs)
    signs.append(sign)
    parents.append(-1)
    return {2: all(values), 3: any(values), 4: not values[0]}[sign]


def formulas(n: int) -> data.Data:
    rng, trees, parents, labels = random.Random(0), [], [], []
    for _ in range(n):
        signs, parent_indices = [], []
        labels.append(int(grow(rng, 3, signs, parent_indices)))
        trees.append(torch.tensor(signs))
        parents.append(torch.tensor(parent_indices))
    return data.arrays(tree=Ragged.of(trees, parents), label=labels, classes=["false", "true"])


class FormulaNet(nn.Module):
    """Formulas (N trees) -> scores (N, 2), from the leaves up, a level of all trees at a time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cells = nn.ModuleList([nn.Linear(width, width) for _ in SIGNS])
        self.output = nn.Linear(width, 2)

    def forward(self, tree: Ragged) -> Tensor:
        signs, n, total = tree.values, len(tree), len(tree.values)
        number = torch.arange(n, device=signs.device).repeat_interleave(tree.lengths)
        parents = torch.where(tree.parent < 0, total + number, tree.offsets[number] + tree.parent)
        states = self.output.weight.new_zeros(total + n, self.output.in_features)
        for nodes in levels(parents, total):
            for sign, cell in enumerate(self.cells):
                selected = nodes[signs[nodes] == sign]
                if len(selected):
                    states = states.index_add(0, parents[selected], cell(states[selected]).tanh())
        return self.output(states[total:])  # what reached the places above the roots


def levels(parents: Tensor, total: int) -> list[Tensor]:
    """Return nodes by height, leaves first; above: (total,), place of each one's parent."""
    height = parents.new_zeros(int(parents.max()) + 1)
    previous = None
    while previous is None or not torch.equal(previous, height):
        previous = height.clone()
        height.scatter_reduce_(0, parents, previous[:total] + 1, "amax")
    return [(height[:total] == k).nonzero().flatten() for k in range(int(height.max()))]


def accuracy(net: nn.Module, split: Split) -> float:
    """Return the accuracy over formulas."""
    stream = split.batches(500).on(net.output.weight.device)
    is_correct = [net(batch.tree).argmax(dim=1) == batch.label for batch in stream]
    return torch.cat(is_correct).double().mean().item()


def main(args: Args) -> dict[str, float]:
    run = Run.start(__file__, args)
    trees = formulas(1500)
    net = run.place(FormulaNet(args.width))

    def loss(batch: Batch) -> Tensor:
        return functional.cross_entropy(net(batch.tree), batch.label)

    adam = partial(torch.optim.Adam, lr=args.lr)
    game = Game(Player("classifier", net, loss, adam, idle=args.idle))
    stream = trees.train.batches(args.batch_size, turns=args.turns, seed=args.seed)

    for turn in run.play(game, stream):
        if turn.evaluate:
            run.log(turn, valid_accuracy=accuracy(net, trees.valid))

    return run.finish(net=net, test_accuracy=accuracy(net, trees.test))


def test_the_net_learns_the_operators(uninterrupted):
    losses = curve(uninterrupted, "classifier")
    assert losses[0] / losses[-1] > 20, losses
    assert uninterrupted.numbers["test_accuracy"] > 0.95, "chance is about 0.5"


def test_it_stops_and_resumes_exactly(uninterrupted, tmp_path, monkeypatch):
    resumed = stopped(main, Args(), tmp_path / "pieces", [0, 1, 70, 110, 149], monkeypatch)
    assert_equal(uninterrupted, resumed)


def test_a_first_batch_without_a_sign_needs_idle():
    with pytest.raises(PlayError, match=r"ignores 2 of 12 parameters \(cells\.4\.weight"):
        main(Args(batch_size=1, turns=1, idle="error"))
