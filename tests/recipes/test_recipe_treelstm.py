"""Trees: the recursion against one node at a time, formulas against Python, sides by hand."""

import random

import pytest
import torch

from brique import data
from brique.data import Ragged
from brique.draw import tree as branches
from brique.errors import DataError, ShapeError
from brique.nets.trees import children, climb, levels
from brique.recipes.recursive import treelstm
from brique.tasks.trees import sides


def formulas(n=40):
    return treelstm.formulas(n)


def test_a_formula_is_as_deep_as_asked_and_each_truth_is_pythons():
    draw = random.Random(1)
    for depth in (0, 1, 2, 3, 6) * 5:
        nodes = treelstm.grow(draw, depth, [])
        below = {k: [j for j in range(k) if nodes[j][1] == k] for k in range(len(nodes))}

        def said(k):
            a, b = ([said(j) for j in below[k]] + ["", ""])[:2]
            sign = treelstm.SIGNS[nodes[k][0]]
            return {"~": f"(not {a})", "&": f"({a} and {b})", "|": f"({a} or {b})"}.get(sign, sign)

        def height(k):
            return 1 + max([height(j) for j in below[k]], default=-1)

        assert height(len(nodes) - 1) == depth
        assert [bool(eval(said(k))) for k in range(len(nodes))] == [bool(n[2]) for n in nodes]
        assert [n[1] for n in nodes].count(-1) == 1


def test_formulas_are_deeper_in_the_test_part_and_true_half_of_the_time():
    trees = formulas(2000)
    deepest = [len(levels(children(part["tree"]))) - 1 for part in (trees.train, trees.test)]
    assert deepest == [4, 6]
    labels = trees.train["labels"]
    roots = labels.values[labels.offsets[1:] - 1]
    assert roots.double().mean().item() == pytest.approx(0.5, abs=0.05)


def test_all_nodes_of_one_height_at_once_equal_one_node_at_a_time():
    trees = formulas()
    net = treelstm.build(treelstm.Args(width=6), trees.schema)["tree"].double().eval()
    tree = trees.train["tree"]
    found = net(tree)
    words = net.word(tree.values)
    states = {}
    for number in range(len(tree)):
        first, end = tree.offsets[number].item(), tree.offsets[number + 1].item()
        for k in range(first, end):
            own = [states[j] for j in range(first, k) if tree.parent[j] + first == k]
            left, right = [*own, *[torch.zeros(1, 12).double()] * 2][:2]
            states[k] = net.cell(words[k : k + 1], left, right)
    alone = torch.cat([states[k] for k in range(len(words))])[:, :6]
    torch.testing.assert_close(found, net.answer(alone), rtol=1e-10, atol=1e-12)


def test_a_cell_that_adds_counts_what_is_below_each_node():
    tree = Ragged.of(
        [torch.zeros(5), torch.zeros(1)], [torch.tensor([2, 2, 4, 4, -1]), torch.tensor([-1])]
    )
    sizes = climb(tree, torch.ones(6, 1), lambda own, left, right: own + left + right, 1)
    assert sizes.flatten().tolist() == [1, 1, 3, 1, 5, 1]
    assert children(tree).tolist() == [[6, 6], [6, 6], [0, 1], [6, 6], [2, 3], [6, 6]]
    assert [nodes.tolist() for nodes in levels(children(tree))] == [[0, 1, 3, 5], [2], [4]]


def test_only_trees_of_two_children_are_climbed():
    three = Ragged.of([torch.zeros(4)], [torch.tensor([3, 3, 3, -1])])
    with pytest.raises(DataError, match="children: a node has three children or more, .* binary"):
        children(three)
    with pytest.raises(DataError, match="expected trees, got sequences without parents"):
        children(Ragged.of([torch.zeros(4)]))


def test_the_bag_knows_no_order_and_the_tree_does():
    signs = torch.tensor([[0, 1, 4, 2], [1, 2, 0, 4]])  # ~(0 | 1) and (~1) | 0
    parents = [torch.tensor([2, 2, 3, -1]), torch.tensor([1, 3, 3, -1])]
    tree = Ragged.of(list(signs), parents)
    nets = treelstm.build(treelstm.Args(width=8), formulas().schema)
    first, second = nets["bag"].eval()(tree)[[3, 7]]
    torch.testing.assert_close(first, second)
    first, second = nets["tree"].eval()(tree)[[3, 7]]
    assert not torch.allclose(first, second)


class Fixed(torch.nn.Module):
    """Says the number at each node, whatever the tree."""

    def forward(self, tree):
        return torch.nn.functional.one_hot(tree.values, 5).float() * 9


def test_a_side_is_right_by_halves_and_the_middle_does_not_count():
    said = torch.tensor([0, 1, 3, 4, 0, 3])
    meant = torch.tensor([1, 3, 4, 3, 2, 2])  # right, wrong, right, right, and two that are neutral
    one = [torch.tensor([-1])] * 6
    trees = data.arrays(
        tree=Ragged.of(list(said.view(6, 1)), one),
        labels=Ragged.of(list(meant.view(6, 1)), one),
        split=["test"] * 5 + ["train"],
    )
    assert sides([Fixed(), Fixed()], trees.test) == [0.75, 0.75]


def test_a_drawn_tree_has_its_leaves_in_a_row():
    picture = branches([2, 2, -1], ["a", "b", ""], [4, 5, None]).pixels()
    assert picture.shape == (3, 94, 139)
    blue = (picture[2].int() - picture[0].int() > 90).nonzero().float().mean(0)
    red = (picture[0].int() - picture[2].int() > 90).nonzero().float().mean(0)
    assert blue[1] < 70 < red[1]
    assert blue[0] == pytest.approx(red[0], abs=2)
    with pytest.raises((ValueError, ShapeError)):
        branches([1, -1], ["a"], [4, 5])
