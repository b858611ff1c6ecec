"""The colors of every chart, distinguishable with any kind of color blindness.

Source: Okabe, Ito 2008, "Color universal design", without black.
"""

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
PALETTE = (ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE)


def rgb(color: str) -> tuple[int, int, int]:
    """Return "#E69F00" as (230, 159, 0)."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
