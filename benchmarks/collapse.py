"""Mode collapse of a GAN: the recipe `gan` with and without two of its lines.

    python benchmarks/collapse.py [--turns 3000]

Trains the recipe on MNIST as it is, and with a generator without batch norm against a discriminator
of pixels in [0, 1] instead of [-1, 1]. Prints the figures of both, keeps the runs in
.bench/collapse, and writes the last grids of fakes to docs/pictures.
"""

import argparse
from pathlib import Path

from torch import nn

from brique import files
from brique.bricks import Standardize
from brique.recipes.generative import gan
from brique.run import Launch, launched
from brique.schema import Schema

HERE = Path(__file__).parent
WHOLE = gan.build


def without_two_lines(args: gan.Args, schema: Schema) -> dict[str, nn.Module]:
    """Return the recipe's nets without batch norm and without centered pixels."""
    removed = nn.BatchNorm1d, Standardize
    return {
        name: nn.Sequential(*(layer for layer in net.children() if not isinstance(layer, removed)))
        for name, net in WHOLE(args, schema).items()
    }


def main() -> None:
    """Train both forms, print their figures, keep their pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
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
