"""Recursive nets on trees: one cell at every node, all nodes of one height at once."""

from collections.abc import Callable

import torch
from torch import Tensor

from brique.data import Ragged
from brique.errors import DataError

Cell = Callable[[Tensor, Tensor, Tensor], Tensor]


def apply_bottom_up(tree: Ragged, inputs: Tensor, cell: Cell, width: int) -> Tensor:
    """Return the state of every node, from the leaves up.

    tree: N trees of `total` nodes, each with two children at most.
    inputs: (total, ...), the input of each node.
    cell: inputs of M nodes (M, ...), states of their left and right children, each (M, width) and 0
        where there is no child (an only child is a left one) -> states (M, width). It is called
        once per height, with all nodes of all trees at that height.
    Returns (total, width). Raises DataError when a node has three children or more.
    """
    total, child_index = len(tree.values), children(tree)
    states = inputs.new_zeros(total + 1, width)
    for nodes in levels(child_index):
        left, right = states[child_index[nodes]].unbind(1)
        states = states.index_copy(0, nodes, cell(inputs[nodes], left, right))
    return states[:total]


def children(tree: Ragged) -> Tensor:
    """Return the places of each node's children among all (total, 2), int64; `total` for none.

    Raises DataError when the values are no trees, or a node has three children or more.
    """
    if tree.parent is None:
        raise DataError("children: expected trees, got sequences without parents; pass parent=")
    total, device = len(tree.parent), tree.parent.device
    tree_start = torch.repeat_interleave(tree.offsets[:-1], tree.lengths, output_size=total)
    child = (tree.parent >= 0).nonzero().flatten()
    parents, order = (tree.parent + tree_start)[child].sort(stable=True)
    is_second = parents.diff(prepend=parents.new_full((1,), -1)) == 0  # not its parent's first
    if bool((is_second[1:] & is_second[:-1]).any()):
        raise DataError(
            "children: a node has three children or more, expected two at most; make the trees "
            "binary"
        )
    child_index = torch.full((total, 2), total, device=device)
    child_index[parents, is_second.long()] = child[order]
    return child_index


def levels(child_index: Tensor) -> list[Tensor]:
    """Return the places of nodes by height, leaves first.

    child_index: (total, 2), int64, places of their children, `total` for none.
    """
    height = child_index.new_full((len(child_index) + 1,), -1)
    while True:
        next_height = torch.cat([height[child_index].amax(1) + 1, height[-1:]])
        if torch.equal(next_height, height):
            break
        height = next_height
    order, sizes = height[:-1].argsort(stable=True), height[:-1].bincount().tolist()
    return list(order.split(sizes))
