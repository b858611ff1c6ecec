"""A table of shades with words at its rows and columns, such as who looks at whom."""

from collections.abc import Sequence

import torch
from torch import Tensor

from brique.draw.panel import Panel
from brique.errors import ShapeError

WIDE, HIGH = 56, 18  # pixels of a cell


def table(values: Tensor, rows: Sequence[str], columns: Sequence[str]) -> Panel:
    """Return a drawing of values (R, C): 0 is white, the largest a middle grey.

    rows: R words, at the left. columns: C words, above, every other one a line higher.
    Raises ShapeError when they are not as many.

    >>> table(torch.eye(2), ["le", "chat"], ["the", "cat"]).pixels().shape
    torch.Size([3, 72, 168])
    """
    count, across = len(rows), len(columns)
    if tuple(values.shape) != (count, across):
        raise ShapeError(
            f"table: values {tuple(values.shape)} but {count} words of rows and {across} of "
            "columns; pass one for each."
        )
    grid = torch.zeros(count + 2, across + 1)
    grid[2:, 1:] = values.float().cpu()
    size = HIGH * (count + 2), WIDE * (across + 1)
    panel = Panel(x=(0, across + 1), y=(0, count + 2), size=size, bare=True)
    panel.shade(grid.repeat_interleave(HIGH, 0).repeat_interleave(WIDE, 1).flip(0))
    for place, word in enumerate(rows):
        panel.words(0.5, count - place - 0.5, word)
    for place, word in enumerate(columns):
        panel.words(place + 1.5, count + 0.5 + place % 2, word)
    return panel
