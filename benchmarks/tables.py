"""Whether tables of other programs open to the values and kinds that were meant: 520 random ones.

    python benchmarks/tables.py [SEED]

Draws tables of numbers, units, codes, classes, moments, texts and ids, with gaps, and has Python's
csv, pandas, pyarrow and openpyxl write them in 13 dialects (tests/random_tables.py). Writes
benchmarks/tables.md; exit code 1 if a value or a kind differs without an error-level finding.
"""

import platform
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow

from brique import files

HERE = Path(__file__).parent
EACH = 40

sys.path.insert(0, str(HERE.parent / "tests"))
import random_tables  # noqa: E402 - from the tests


def page(rows: list[str], seed: int) -> str:
    """Return the page with a row for each dialect."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
    ).stdout.strip()
    text = [
        "# Tables of other programs",
        "",
        f"Random tables written by csv, pandas, pyarrow and openpyxl, {EACH} in each dialect, by"
        f" `python benchmarks/tables.py`, seed {seed}.",
        "Wrong are tables with another value or kind than was meant. Told are columns whose cells"
        " can be read in two ways, which an error-level finding says.",
        "",
        f"Commit {commit}, pyarrow {pyarrow.__version__}, Python {platform.python_version()}.",
        "",
        "| dialect | tables | wrong | told |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(text) + "\n"


def main() -> int:
    """Draw, open, compare, write the page; 1 if anything differs."""
    seed = int(sys.argv[1]) if sys.argv[1:] else 0
    rows: list[str] = []
    total = 0
    for dialect in random_tables.DIALECTS:
        wrong = told = 0
        for number in range(EACH):
            draw = random.Random(f"{dialect} {seed} {number}")
            with tempfile.TemporaryDirectory() as folder:
                odd, found = random_tables.differences(draw, dialect, Path(folder))
            wrong, told = wrong + bool(odd), told + found
            if odd:
                print(dialect, number, *odd, flush=True)
        total += wrong
        rows.append(f"| {dialect} | {EACH} | {wrong} | {told} |")
        print(rows[-1], flush=True)
    files.write(HERE / "tables.md", page(rows, seed))
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
