"""The colors of every chart: told apart with any kind of color blindness.

Source: Okabe, Ito 2008, "Color universal design". Their black comes last and is the ink of the
page, so that it also shows on a dark ground.
"""

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
PALETTE = (ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE)


def variables() -> str:
    """Return the palette as variables of a style sheet: --c0 to --c7, the last one the ink."""
    named = [f"--c{place}:{color};" for place, color in enumerate(PALETTE)]
    return "".join([*named, f"--c{len(PALETTE)}:var(--ink);"])


def of_class(place: int) -> tuple[str, bool]:
    """Return the color of a class, and whether its mark is a ring: after the palette, rings."""
    count = len(PALETTE) + 1
    return f"var(--c{place % count})", (place // count) % 2 == 1


def rgb(color: str) -> tuple[int, int, int]:
    """Return "#E69F00" as (230, 159, 0)."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
