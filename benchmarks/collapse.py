"""A GAN that collapses, on purpose: the recipe without two of its lines.

    python benchmarks/collapse.py [--turns 9400]

Plays the recipe `gan` on MNIST with a forger without batch norm and a critic that sees pixels in
[0, 1] instead of [-1, 1]. Prints its numbers, keeps the run in .bench/collapse, and writes the last
grid of forgeries to docs/pictures/gan-collapsed.png.
"""

import argparse
from pathlib import Path

from torch import nn

from brique import files
from brique.recipes.generative import gan
from brique.run import Launch, launched
from brique.schema import Schema

HERE = Path(__file__).parent


WHOLE = gan.build


def without_two_lines(args: gan.Args, schema: Schema) -> dict[str, nn.Module]:
    """Return the recipe's nets without batch norm and without centred pixels."""
    nets = WHOLE(args, schema)
    spared = nn.BatchNorm1d, gan.Standardize
    return {
        name: nn.Sequential(*(layer for layer in net.children() if not isinstance(layer, spared)))
        for name, net in nets.items()
    }


def main() -> None:
    """Play, print, keep the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=9400)
    turns = parser.parse_args().turns
    out = HERE.parent / ".bench" / "collapse"
    files.remove(out)
    gan.build = without_two_lines  # what main calls
    with launched(Launch(out=out)):
        print(gan.main(gan.Args(data="mnist", turns=turns)))
    last = sorted((out / "pictures").glob("*.png"))[-1]
    files.write(HERE.parent / "docs" / "pictures" / "gan-collapsed.png", last.read_bytes())


if __name__ == "__main__":
    main()
