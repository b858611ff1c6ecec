"""What `brique train` reaches on whole data sets, over three seeds, beside the best baseline.

    python benchmarks/train.py                       all sets, those that are there
    python benchmarks/train.py digits orl-faces      some of them

Each run is a command of its own on all cores, with nothing else running; it is kept in .bench/train
and not repeated as long as the training file and the plan are the same. Writes
benchmarks/train.md from all runs that are kept. CIFAR-10 must be laid out in its binary form in a
folder of BRIQUE_DATA; the weights are squeezenet1_1.safetensors in a folder `weights` of it.
"""

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from brique import catalog, files
from brique.errors import BriqueError
from brique.run import Record, read_run
from brique.tasks.classify import plan

HERE = Path(__file__).parent
RUNS = HERE.parent / ".bench" / "train"
SEEDS = (0, 1, 2)
WEIGHTS = "squeezenet1_1.safetensors"
SETS: dict[str, tuple[str, ...]] = {
    "digits": (),
    "chihuahua-muffin, frozen": ("--from", WEIGHTS, "--freeze", "--minutes", "1"),
    "chihuahua-muffin": ("--minutes", "4"),
    "cifar-10": ("--minutes", "10"),
    "mnist": ("--minutes", "3"),
    "orl-faces": (),
}
"""By title: the flags. The data set's name stands before the comma."""


def source() -> str:
    """Return what tells whether a kept run is still that of this code."""
    paths = (catalog.training_file("classify"), Path(plan.__file__))
    return hashlib.sha256("".join(map(files.sha256, paths)).encode()).hexdigest()


def run(title: str, seed: int) -> Record:
    """Run, resume or read one training."""
    out = RUNS / f"{title.replace(', ', '-')}-{seed}"
    mark = RUNS / f"{out.name}.source"
    if out.exists() and (not mark.is_file() or mark.read_text() != source()):
        files.remove(out)
    command = ["train", title.split(",")[0], *map(found, SETS[title]), "--seed", str(seed)]
    if out.exists() and read_run(out).state == "finished":
        return read_run(out)
    if out.exists():
        command = ["resume", str(out)]
    else:
        command += ["--out", str(out)]
    RUNS.mkdir(parents=True, exist_ok=True)
    mark.write_text(source())
    print("brique", *command, flush=True)
    subprocess.run([sys.executable, "-m", "brique", *command], check=True)
    return read_run(out)


def found(flag: str) -> str:
    """Return a flag, the file of weights with its folder."""
    if flag != WEIGHTS:
        return flag
    shelves = os.environ.get("BRIQUE_DATA", "").split(os.pathsep)
    paths = [Path(shelf) / "weights" / WEIGHTS for shelf in shelves if shelf]
    return str(next((path for path in paths if path.is_file()), paths[0]))


def row(title: str, records: list[Record]) -> str:
    """Return the line of the table for a data set."""
    results = [record.result for record in records]
    accuracies = ", ".join(f"{100 * r['test']['accuracy']:.2f}" for r in results)
    low, high = (100 * end for end in results[0]["interval"]["accuracy"])
    best = results[0]["comparison"]["best"]
    rival = 100 * results[0]["baseline"][best]["accuracy"]
    outcomes = ", ".join(r["comparison"]["outcome"] for r in results)
    before = ", ".join(f"{r['calibration']['log_loss_before']:.4f}" for r in results)
    after = ", ".join(f"{r['calibration']['log_loss']:.4f}" for r in results)
    flags = " ".join(flag for flag in SETS[title] if flag != WEIGHTS)
    cells = [
        f"{title.split(',')[0]} {flags}".strip(), accuracies, f"{low:.1f} to {high:.1f}",
        f"{best} {rival:.2f}", outcomes, before, after,
        *(", ".join(f"{value:.0f}" for value in each) for each in seconds(records)),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def seconds(records: list[Record]) -> list[list[float]]:
    """Return for each run the seconds of training, those estimated, and those of all the rest."""
    times = [record.json["seconds"] for record in records]
    rest = [t["total"] - t["training"] - t.get("imports", 0.0) for t in times]
    estimates = [record.json["estimate"]["seconds"] for record in records]
    return [[t["training"] for t in times], estimates, rest]


def kept(title: str) -> list[Record]:
    """Return the finished runs of a set."""
    folders = [RUNS / f"{title.replace(', ', '-')}-{seed}" for seed in SEEDS]
    there = [read_run(folder) for folder in folders if (folder / "run.json").is_file()]
    return [record for record in there if record.state == "finished"]


def main() -> None:
    """Run all that is asked and write the table."""
    for title in sys.argv[1:] or SETS:
        try:
            for seed in SEEDS:
                run(title, seed)
        except (BriqueError, subprocess.CalledProcessError) as error:
            print(f"{title}: left out ({error})", flush=True)
    rows = [row(title, kept(title)) for title in SETS if len(kept(title)) == len(SEEDS)]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    versions = next(r.json["versions"] for title in SETS for r in kept(title))
    text = [
        "# What `brique train` reached",
        "",
        "Seeds 0, 1 and 2, all cores and nothing else running, by `python benchmarks/train.py`;",
        "`test` was read once in each run, after all choices. Shares are percent. The interval is",
        "Wilson's 95% of seed 0. The best baseline is the best, on test, of the majority class,",
        "logistic regression, RBF-SVM, nearest neighbors and a random forest on the same training",
        "part; better, even or worse is the exact McNemar test at 5%. The last three columns are",
        "seconds of training, as estimated before the first turn, and of all the rest but imports.",
        "",
        f"Commit {commit}, torch {versions['torch']}, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores, no GPU.",
        "",
        "| data | test accuracy | interval | best baseline | net is | log loss, temperature 1 "
        "| fitted | training | estimate | rest |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *rows,
    ]
    (HERE / "train.md").write_text("\n".join(text) + "\n")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
