"""Heatmaps with labels of rows and columns, such as attention weights."""

from collections.abc import Sequence

import torch
from torch import Tensor

from brique.draw.panel import Panel
from brique.errors import ShapeError

CELL_WIDTH, CELL_HEIGHT = 56, 18  # pixels of a cell


def heatmap(values: Tensor, rows: Sequence[str], columns: Sequence[str]) -> Panel:
    """Return a heatmap of values (R, C): 0 is white, the largest a middle grey.

    rows: R labels, on the left. columns: C labels, on top, every other one a line higher.
    Raises ShapeError when the numbers of labels and values differ.

    >>> heatmap(torch.eye(2), ["le", "chat"], ["the", "cat"]).pixels().shape
    torch.Size([3, 72, 168])
    """
    row_count, column_count = len(rows), len(columns)
    if tuple(values.shape) != (row_count, column_count):
        raise ShapeError(
            f"heatmap: values {tuple(values.shape)} but {row_count} labels of rows and "
            f"{column_count} of columns; pass one for each."
        )
    grid = torch.zeros(row_count + 2, column_count + 1)
    grid[2:, 1:] = values.float().cpu()
    size = CELL_HEIGHT * (row_count + 2), CELL_WIDTH * (column_count + 1)
    panel = Panel(x=(0, column_count + 1), y=(0, row_count + 2), size=size, bare=True)
    panel.heatmap(grid.repeat_interleave(CELL_HEIGHT, 0).repeat_interleave(CELL_WIDTH, 1).flip(0))
    for index, label in enumerate(rows):
        panel.text(0.5, row_count - index - 0.5, label)
    for index, label in enumerate(columns):
        panel.text(index + 1.5, row_count + 0.5 + index % 2, label)
    return panel
