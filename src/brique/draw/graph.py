"""The record that autograd keeps of a computation, drawn."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from brique.draw.panel import Panel
from brique.errors import ShapeError

ARROW = 5, 6  # color of each direction's heads: forward, backward


def graph(result: Tensor, *, backward: bool = False, **leaves: Tensor) -> Tensor:
    """Return a drawing of how a result was computed: (3, H, W), uint8.

    Leaves stand above, the result below; a mark at the end of each edge shows where it leads.
    backward: shows the way back instead: each node's slope, made from the one of the node below.
    leaves: tensors by the names under which they shall stand there.
    Raises ShapeError for a result that no graph leads to.
    """
    if result.grad_fn is None:
        raise ShapeError(
            "graph: the result was computed from nothing that asks for slopes; "
            "compute it from parameters, outside torch.no_grad()."
        )
    edges, depths = _walk(result.grad_fn)
    known = {id(tensor): name for name, tensor in leaves.items()}
    rows: dict[int, list[Any]] = {}
    for node, depth in depths.items():
        rows.setdefault(depth, []).append(node)
    places: dict[Any, tuple[float, float]] = {}
    for depth, nodes in rows.items():
        for number, node in enumerate(nodes):
            places[node] = ((number + 0.5) / len(nodes), depth + 0.5)
    deepest = max(rows)
    broad = 120 * max(len(nodes) for nodes in rows.values())
    size = (46 * (deepest + 1) + 10, max(260, broad))
    panel = Panel(y=(0, deepest + 1), size=size, bare=True)
    color = ARROW[backward]
    for below, above in edges:
        (x0, y0), (x1, y1) = places[below], places[above]
        panel.line([x0, x1], [y0, y1], color=color)
        share = 1 - 0.3 / (y1 - y0) if backward else 0.3 / (y1 - y0)
        panel.marks([x0 + share * (x1 - x0)], [y0 + share * (y1 - y0)], color=color)
    for node, (x, y) in places.items():
        name = _name(node, known)
        panel.words(x, y, f"d / d {name}" if backward else name)
    return panel.pixels()


def _walk(root: Any) -> tuple[list[tuple[Any, Any]], dict[Any, int]]:  # noqa: ANN401 - torch's nodes
    """Return edges (node, one that it was computed from), and how far each is from the root."""
    edges: list[tuple[Any, Any]] = []
    order: list[Any] = []

    def visit(node: Any) -> None:  # noqa: ANN401
        for other, _ in node.next_functions:
            if other is None:
                continue
            edges.append((node, other))
            if other not in seen:
                seen.add(other)
                visit(other)
        order.append(node)

    seen = {root}
    visit(root)
    depths = {root: 0}
    for node in reversed(order):  # each before those that it was computed from
        for below, above in edges:
            if below is node:
                depths[above] = max(depths.get(above, 0), depths[node] + 1)
    return edges, depths


def _name(node: Any, known: Mapping[int, str]) -> str:  # noqa: ANN401
    if hasattr(node, "variable"):
        shape = " x ".join(str(side) for side in node.variable.shape)
        return f"{known.get(id(node.variable), 'leaf')} ({shape})"
    return node.name().removesuffix("0").removesuffix("Backward").lower()
