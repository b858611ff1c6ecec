"""The colors of every chart, as variables of a style sheet."""

import torch
from torch import Tensor

from brique.draw.colors import BLUE as BLUE
from brique.draw.colors import ORANGE as ORANGE
from brique.draw.colors import PALETTE as PALETTE
from brique.draw.colors import VERMILION as VERMILION
from brique.draw.colors import rgb as rgb


def variables() -> str:
    """Return the palette as variables: --c0 to --c7, the last one the ink.

    Black is the ink of the page, so that it also shows on a dark ground.
    """
    named = [f"--c{place}:{color};" for place, color in enumerate(PALETTE)]
    return "".join([*named, f"--c{len(PALETTE)}:var(--ink);"])


def of_class(place: int) -> tuple[str, bool]:
    """Return the color of a class, and whether its mark is a ring: after the palette, rings."""
    count = len(PALETTE) + 1
    return f"var(--c{place % count})", (place // count) % 2 == 1


def of_classes(count: int) -> Tensor:
    """Return a color for each number of a mask, (256, 3), uint8; what is no class is white."""
    table = torch.full((256, 3), 255, dtype=torch.uint8)
    for place in range(count):
        base = torch.tensor(rgb(PALETTE[place % len(PALETTE)]))
        dark = 1 - 0.35 * (place // len(PALETTE) % 3)
        table[place] = (base * dark).byte()
    return table
