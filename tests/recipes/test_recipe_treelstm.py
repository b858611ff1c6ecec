"""Tree-LSTM: batches against one node at a time, formulas against Python, accuracy by hand."""

import random

import pytest
import torch
from torch import Tensor

from brique import data
from brique.data import Data, Ragged, Split
from brique.draw import tree as branches
from brique.errors import DataError, ShapeError
from brique.nets.recursive import apply_bottom_up, children, levels
from brique.recipes.recursive import treelstm
from brique.recipes.recursive.treelstm import TreeLSTM, accuracies, draw_prediction


def formulas(n: int = 40) -> Data:
    return treelstm.formulas(n)


def trees_of(split: Split) -> Ragged:
    tree = split["tree"]
    assert isinstance(tree, Ragged)
    return tree


def test_a_formula_has_its_depth_and_each_value_is_pythons():
    rng = random.Random(1)
    for depth in (0, 1, 2, 3, 6) * 5:
        nodes = treelstm.formula(rng, depth, [])
        below = {k: [j for j in range(k) if nodes[j][1] == k] for k in range(len(nodes))}

        def python(k: int) -> str:
            a, b = ([python(j) for j in below[k]] + ["", ""])[:2]
            symbol = treelstm.SYMBOLS[nodes[k][0]]
            codes = {"~": f"(not {a})", "&": f"({a} and {b})", "|": f"({a} or {b})"}
            return codes.get(symbol, symbol)

        def height(k: int) -> int:
            return 1 + max([height(j) for j in below[k]], default=-1)

        assert height(len(nodes) - 1) == depth
        assert [bool(eval(python(k))) for k in range(len(nodes))] == [bool(n[2]) for n in nodes]
        assert [n[1] for n in nodes].count(-1) == 1


def test_formulas_are_deeper_in_the_test_part_and_half_of_them_true():
    trees = formulas(2000)
    deepest = [len(levels(children(trees_of(part)))) - 1 for part in (trees.train, trees.test)]
    assert deepest == [4, 6]
    labels = trees.train["labels"]
    assert isinstance(labels, Ragged)
    roots = labels.values[labels.offsets[1:] - 1]
    assert roots.double().mean().item() == pytest.approx(0.5, abs=0.05)


def test_all_nodes_of_one_height_at_once_equal_one_node_at_a_time():
    trees = formulas()
    net = treelstm.build(treelstm.Args(width=6), trees.schema)["tree"].double().eval()
    assert isinstance(net, TreeLSTM)
    tree = trees_of(trees.train)
    assert tree.parent is not None
    found = net(tree)
    x = net.embedding(tree.values)
    states: dict[int, Tensor] = {}
    for number in range(len(tree)):
        first, end = int(tree.offsets[number]), int(tree.offsets[number + 1])
        for k in range(first, end):
            own = [states[j] for j in range(first, k) if tree.parent[j] + first == k]
            left, right = [*own, *[torch.zeros(1, 12).double()] * 2][:2]
            states[k] = net.cell(x[k : k + 1], left, right)
    h = torch.cat([states[k] for k in range(len(x))])[:, :6]
    torch.testing.assert_close(found, net.classifier(h), rtol=1e-10, atol=1e-12)


def test_a_cell_that_adds_counts_what_is_below_each_node():
    tree = Ragged.of(
        [torch.zeros(5), torch.zeros(1)], [torch.tensor([2, 2, 4, 4, -1]), torch.tensor([-1])]
    )
    sizes = apply_bottom_up(tree, torch.ones(6, 1), lambda own, left, right: own + left + right, 1)
    assert sizes.flatten().tolist() == [1, 1, 3, 1, 5, 1]
    assert children(tree).tolist() == [[6, 6], [6, 6], [0, 1], [6, 6], [2, 3], [6, 6]]
    assert [nodes.tolist() for nodes in levels(children(tree))] == [[0, 1, 3, 5], [2], [4]]


def test_only_trees_of_two_children_are_climbed():
    three = Ragged.of([torch.zeros(4)], [torch.tensor([3, 3, 3, -1])])
    with pytest.raises(DataError, match="children: a node has three children or more, .* binary"):
        children(three)
    with pytest.raises(DataError, match="expected trees, got sequences without parents"):
        children(Ragged.of([torch.zeros(4)]))


def test_the_bag_of_words_ignores_order_and_the_tree_does_not():
    symbols = torch.tensor([[0, 1, 4, 2], [1, 2, 0, 4]])  # ~(0 | 1) and (~1) | 0
    parents = [torch.tensor([2, 2, 3, -1]), torch.tensor([1, 3, 3, -1])]
    tree = Ragged.of(list(symbols), parents)
    nets = treelstm.build(treelstm.Args(width=8), formulas().schema)
    first, second = nets["bag"].eval()(tree)[[3, 7]]
    torch.testing.assert_close(first, second)
    first, second = nets["tree"].eval()(tree)[[3, 7]]
    assert not torch.allclose(first, second)


class Echo(torch.nn.Module):
    """Predicts the number at each node."""

    def forward(self, tree: Ragged) -> Tensor:
        return torch.nn.functional.one_hot(tree.values, 5).float() * 9


def five_reviews() -> Data:
    predictions = torch.tensor([0, 1, 3, 4, 0, 3])
    labels = torch.tensor([1, 3, 4, 3, 2, 2])  # right, wrong, right, right, two neutral ones
    one = [torch.tensor([-1])] * 6
    return data.arrays(
        tree=Ragged.of(list(predictions.view(6, 1)), one),
        labels=Ragged.of(list(labels.view(6, 1)), one),
        split=["test"] * 5 + ["train"],
    )


def test_accuracy_is_of_positive_or_negative_and_neutral_trees_do_not_count():
    assert accuracies([Echo(), Echo()], five_reviews().test) == [0.75, 0.75]


def test_the_drawing_of_a_formula_shows_its_symbols_and_predictions():
    class Positive(torch.nn.Module):
        def forward(self, tree: Ragged) -> Tensor:
            return torch.tensor([[0.0, 1.0]]).expand(len(tree.values), 2)

    trees = formulas()
    tree = next(trees.valid.batches(1)).tree
    names = [treelstm.SYMBOLS[int(k)] for k in tree.values]
    drawn = draw_prediction(Positive(), trees.valid)
    assert torch.equal(drawn, branches(tree.parent.tolist(), names, [4] * len(names)).pixels())


def test_a_drawn_tree_has_its_leaves_in_a_row():
    picture = branches([2, 2, -1], ["a", "b", ""], [4, 5, None]).pixels()
    assert picture.shape == (3, 94, 139)
    blue = (picture[2].int() - picture[0].int() > 90).nonzero().float().mean(0)
    red = (picture[0].int() - picture[2].int() > 90).nonzero().float().mean(0)
    assert blue[1] < 70 < red[1]
    assert blue[0] == pytest.approx(red[0], abs=2)
    with pytest.raises((ValueError, ShapeError)):
        branches([1, -1], ["a"], [4, 5])
