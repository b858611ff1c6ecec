"""Nets that climb trees: one cell at every node, all nodes of one height at once."""

from collections.abc import Callable

import torch
from torch import Tensor

from brique.data import Ragged
from brique.errors import DataError

Cell = Callable[[Tensor, Tensor, Tensor], Tensor]


def climb(tree: Ragged, inputs: Tensor, cell: Cell, width: int) -> Tensor:
    """Return the state of every node, from the leaves up.

    tree: N trees of `total` nodes, each with two children at most.
    inputs: (total, ...), what each node brings itself.
    cell: inputs of M nodes (M, ...), states of their left and right children, each (M, width) and 0
        where there is no child (an only child is a left one) -> states (M, width). It is called
        once for each height, with all nodes of all trees that have it.
    Returns (total, width). Raises DataError when a node has three children or more.
    """
    total, below = len(tree.values), children(tree)
    states = inputs.new_zeros(total + 1, width)
    for nodes in levels(below):
        left, right = states[below[nodes]].unbind(1)
        states = states.index_copy(0, nodes, cell(inputs[nodes], left, right))
    return states[:total]


def children(tree: Ragged) -> Tensor:
    """Return the places of each node's children among all (total, 2), int64; `total` for none.

    Raises DataError when the values are no trees, or a node has three children or more.
    """
    if tree.parent is None:
        raise DataError("children: expected trees, got sequences without parents; pass parent=")
    total, device = len(tree.parent), tree.parent.device
    start = torch.repeat_interleave(tree.offsets[:-1], tree.lengths, output_size=total)
    child = (tree.parent >= 0).nonzero().flatten()
    above, order = (tree.parent + start)[child].sort(stable=True)
    again = above.diff(prepend=above.new_full((1,), -1)) == 0  # not its parent's first
    if bool((again[1:] & again[:-1]).any()):
        raise DataError(
            "children: a node has three children or more, expected two at most; make the trees "
            "binary"
        )
    below = torch.full((total, 2), total, device=device)
    below[above, again.long()] = child[order]
    return below


def levels(below: Tensor) -> list[Tensor]:
    """Return the places of nodes by height, leaves first.

    below: (total, 2), int64, places of their children, `total` for none.
    """
    height = below.new_full((len(below) + 1,), -1)
    while True:
        higher = torch.cat([height[below].amax(1) + 1, height[-1:]])
        if torch.equal(higher, height):
            break
        height = higher
    order, sizes = height[:-1].argsort(stable=True), height[:-1].bincount().tolist()
    return list(order.split(sizes))
