"""The colors of the charts, as CSS variables."""

import torch
from torch import Tensor

from brique.draw.colors import BLUE as BLUE
from brique.draw.colors import ORANGE as ORANGE
from brique.draw.colors import PALETTE as PALETTE
from brique.draw.colors import VERMILION as VERMILION
from brique.draw.colors import rgb as rgb


def variables() -> str:
    """Return the palette as CSS variables --c0 to --c7.

    The last one is the text color of the page, which is visible in the light and dark scheme.
    """
    definitions = [f"--c{index}:{color};" for index, color in enumerate(PALETTE)]
    return "".join([*definitions, f"--c{len(PALETTE)}:var(--ink);"])


def class_color(index: int) -> tuple[str, bool]:
    """Return the color of a class, and whether its marker is a ring (once colors repeat)."""
    count = len(PALETTE) + 1
    return f"var(--c{index % count})", (index // count) % 2 == 1


def class_palette(count: int) -> Tensor:
    """Return a color per class index, (256, 3), uint8; other indices are white."""
    palette = torch.full((256, 3), 255, dtype=torch.uint8)
    for index in range(count):
        base = torch.tensor(rgb(PALETTE[index % len(PALETTE)]))
        shade = 1 - 0.35 * (index // len(PALETTE) % 3)
        palette[index] = (base * shade).byte()
    return palette
