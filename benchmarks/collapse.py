"""A GAN that collapses, on purpose: the recipe without two of its lines, beside the recipe.

    python benchmarks/collapse.py [--turns 3000]

Plays the recipe `gan` on MNIST as it is, and with a forger without batch norm against a critic that
sees pixels in [0, 1] instead of [-1, 1]. Prints the numbers of both, keeps the runs in
.bench/collapse, and writes the last grids of forgeries to docs/pictures.
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
    spared = nn.BatchNorm1d, gan.Standardize
    return {
        name: nn.Sequential(*(layer for layer in net.children() if not isinstance(layer, spared)))
        for name, net in WHOLE(args, schema).items()
    }


def main() -> None:
    """Play both forms, print their numbers, keep their pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3000)
    turns = parser.parse_args().turns
    for name, build in {"gan": WHOLE, "gan-collapsed": without_two_lines}.items():
        out = HERE.parent / ".bench" / "collapse" / name
        files.remove(out)
        gan.build = build  # what the recipe's main calls
        with launched(Launch(out=out)):
            numbers = gan.main(gan.Args(data="mnist", turns=turns))
        print(name, {key: round(value, 3) for key, value in numbers.items()}, flush=True)
        last = sorted((out / "pictures").glob("*.png"))[-1]
        files.write(HERE.parent / "docs" / "pictures" / f"{name}.png", last.read_bytes())


if __name__ == "__main__":
    main()
