"""A drawing of autograd's graph of a computation."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from brique.draw.panel import Panel
from brique.errors import ShapeError

ARROW_COLORS = 5, 6  # forward, backward


def graph(result: Tensor, *, backward: bool = False, **leaves: Tensor) -> Tensor:
    """Return a drawing of the graph of a result: (3, H, W), uint8.

    Leaves are at the top, the result at the bottom; a point marks the end of each edge.
    backward: draw the backward pass: each node's gradient, computed from the node below.
    leaves: tensors by the names in the drawing.
    Raises ShapeError for a result without a graph.
    """
    if result.grad_fn is None:
        raise ShapeError(
            "graph: the result depends on no tensor that requires gradients; "
            "compute it from parameters, outside torch.no_grad()."
        )
    edges, depths = _edges_and_depths(result.grad_fn)
    names = {id(tensor): name for name, tensor in leaves.items()}
    rows: dict[int, list[Any]] = {}
    for node, depth in depths.items():
        rows.setdefault(depth, []).append(node)
    positions: dict[Any, tuple[float, float]] = {}
    for depth, nodes in rows.items():
        for number, node in enumerate(nodes):
            positions[node] = ((number + 0.5) / len(nodes), depth + 0.5)
    deepest = max(rows)
    width = 120 * max(len(nodes) for nodes in rows.values())
    size = (46 * (deepest + 1) + 10, max(260, width))
    panel = Panel(y=(0, deepest + 1), size=size, bare=True)
    color = ARROW_COLORS[backward]
    for node_below, node_above in edges:
        (x0, y0), (x1, y1) = positions[node_below], positions[node_above]
        panel.line([x0, x1], [y0, y1], color=color)
        fraction = 1 - 0.3 / (y1 - y0) if backward else 0.3 / (y1 - y0)
        panel.points([x0 + fraction * (x1 - x0)], [y0 + fraction * (y1 - y0)], color=color)
    for node, (x, y) in positions.items():
        name = _node_label(node, names)
        panel.text(x, y, f"d / d {name}" if backward else name)
    return panel.pixels()


def _edges_and_depths(root: Any) -> tuple[list[tuple[Any, Any]], dict[Any, int]]:  # noqa: ANN401 - torch's nodes
    """Return edges (node, input of it), and each node's distance from the root."""
    edges: list[tuple[Any, Any]] = []
    postorder: list[Any] = []

    def visit(node: Any) -> None:  # noqa: ANN401
        for next_node, _ in node.next_functions:
            if next_node is None:
                continue
            edges.append((node, next_node))
            if next_node not in visited:
                visited.add(next_node)
                visit(next_node)
        postorder.append(node)

    visited = {root}
    visit(root)
    depths = {root: 0}
    for node in reversed(postorder):  # each before its inputs
        for output, operand in edges:
            if output is node:
                depths[operand] = max(depths.get(operand, 0), depths[node] + 1)
    return edges, depths


def _node_label(node: Any, names: Mapping[int, str]) -> str:  # noqa: ANN401
    if hasattr(node, "variable"):
        shape = " x ".join(str(side) for side in node.variable.shape)
        return f"{names.get(id(node.variable), 'leaf')} ({shape})"
    return node.name().removesuffix("0").removesuffix("Backward").lower()
