"""Whether what opens for training is what `predict` prepares: 200 files of every kind of data.

    python benchmarks/one_way.py [SEED ...]

Draws pictures of all formats, modes, sizes and EXIF orientations (in folders, tables, archives,
with masks and boxes), sounds, sequences, texts, tags, series, and tables in five formats, by the
code of tests/one_way.py; opens them, and prepares each example again as `predict` would. Writes
benchmarks/one_way.md; exit code 1 if an example differs in a bit.
"""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from brique import files

HERE = Path(__file__).parent
COUNT = 200

sys.path.insert(0, str(HERE.parent / "tests"))
import one_way  # noqa: E402 - from the tests


def page(rows: list[str], seeds: list[int]) -> str:
    """Return the page with a row for each kind."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
    ).stdout.strip()
    listed = ", ".join(map(str, seeds))
    text = [
        "# One way in",
        "",
        f"What `data.open` gives for {COUNT} files or rows of each kind, compared bit for bit with"
        " what `predict` prepares from them;",
        f"by `python benchmarks/one_way.py`, seeds {listed}.",
        "",
        f"Commit {commit}, torch {torch.__version__}, Python {platform.python_version()},"
        f" {platform.machine()}.",
        "",
        "| kind | compared | different |",
        "|---|---|---|",
        *rows,
    ]
    return "\n".join(text) + "\n"


def main() -> int:
    """Draw, compare, write the page; 1 if anything differs."""
    torch.set_num_threads(1)
    seeds = [int(one) for one in sys.argv[1:]] or [0, 1, 2]
    rows: list[str] = []
    total = 0
    for kind in one_way.KINDS:
        compared, different = 0, list[str]()
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                some, odd = one_way.differences(kind, COUNT, seed, Path(folder))
            compared, different = compared + some, different + odd
        total += len(different)
        rows.append(f"| {kind} | {compared:,} | {len(different):,} |")
        print(rows[-1], *different[:3], flush=True)
    files.write(HERE / "one_way.md", page(rows, seeds))
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
