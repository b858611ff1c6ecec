"""What `brique train` reaches on whole data sets, over three seeds, beside the majority class.

    python benchmarks/train.py digits chihuahua-muffin

Each run is a command of its own with one thread, kept in .bench/train and not repeated on the same
source. Writes benchmarks/train.md.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

from brique import catalog, files
from brique.run import Record, read_run

HERE = Path(__file__).parent
RUNS = HERE.parent / ".bench" / "train"
SEEDS = (0, 1, 2)


def run(data: str, seed: int) -> Record:
    """Run, resume or read one training."""
    out = RUNS / f"{data}-{seed}"
    brique = [sys.executable, "-m", "brique"]
    source = files.sha256(catalog.train_file("classify"))
    if out.exists() and read_run(out).source_sha256 != source:
        files.remove(out)
    command = [*brique, "train", data, "--seed", str(seed), "--out", str(out)]
    if out.exists():
        command = [*brique, "resume", str(out)]
    print(" ".join(command[1:]), flush=True)
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return read_run(out)


def row(data: str) -> str:
    """Return the line of the table for a data set."""
    records = [run(data, seed) for seed in SEEDS]
    found = [record.result for record in records]
    accuracies = ", ".join(f"{100 * r['test']['accuracy']:.1f}%" for r in found)
    low, high = (100 * end for end in found[0]["interval"]["accuracy"])
    majority = 100 * found[0]["baseline"]["majority"]["accuracy"]
    seconds = ", ".join(f"{r.json['seconds']['training']:.0f}" for r in records)
    return f"| {data} | {accuracies} | {low:.1f} to {high:.1f}% | {majority:.1f}% | {seconds} |"


def main() -> None:
    """Run all that is asked and write the table."""
    rows = [row(data) for data in sys.argv[1:] or ["digits"]]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    torch = read_run(next(RUNS.iterdir())).json["versions"]["torch"]
    text = [
        "# What `brique train` reached",
        "",
        "Seeds 0, 1 and 2, one thread, by `python benchmarks/train.py`; `test` was read after all",
        "choices. The interval is Wilson's 95% of seed 0. Seconds are those of training.",
        "",
        f"Commit {commit}, torch {torch}, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores, no GPU.",
        "",
        "| data | test accuracy | interval | always the commonest class | seconds |",
        "|---|---|---|---|---|",
        *rows,
    ]
    (HERE / "train.md").write_text("\n".join(text) + "\n")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
