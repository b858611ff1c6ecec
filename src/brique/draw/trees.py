"""Drawings of trees: the root at the top, the leaves in a row."""

from collections.abc import Sequence

from brique.draw.panel import Panel

LEAF_GAP, LEVEL_GAP = 58, 36  # pixels between leaves, between levels


def tree(
    parents: Sequence[int], names: Sequence[str], colors: Sequence[int | None], title: str = ""
) -> Panel:
    """Return a drawing of one tree.

    parents: index of each node's parent, -1 at the root; children come before parents.
    names: a label of each node, or "". colors: index in the palette of each node; None is ink.

    >>> tree([2, 2, -1], ["true", "false", "or"], [4, 5, 4]).pixels().shape
    torch.Size([3, 94, 139])
    """
    x, y = _node_positions(parents)
    size = round((max(y) + 1.6) * LEVEL_GAP), round((max(x) + 1.4) * LEAF_GAP)
    panel = Panel(title, x=(-0.7, max(x) + 0.7), y=(-0.8, max(y) + 0.8), size=size, bare=True)
    for node, parent in enumerate(parents):
        if parent >= 0:
            panel.line([x[node], x[parent]], [y[node], y[parent]], width=1)
    for node, (name, color) in enumerate(zip(names, colors, strict=True)):
        panel.points([x[node]], [y[node]], color=color, radius=4)
        if name:
            panel.text(x[node], y[node] - 0.42, name, color=color)
    return panel


def _node_positions(parents: Sequence[int]) -> tuple[list[float], list[float]]:
    """Return the position of each node: leaves in a row, a parent above the middle of them."""
    parent_nodes = set(parents)
    x, y = [0.0] * len(parents), [0.0] * len(parents)
    first, last = [len(parents)] * len(parents), [-1] * len(parents)  # leaves below
    leaf_count = 0
    for node, parent in enumerate(parents):
        if node not in parent_nodes:
            first[node] = last[node] = leaf_count
            leaf_count += 1
        x[node] = (first[node] + last[node]) / 2
        if parent >= 0:
            first[parent] = min(first[parent], first[node])
            last[parent] = max(last[parent], last[node])
            y[parent] = max(y[parent], y[node] + 1)
    return x, y
