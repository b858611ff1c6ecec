"""What `brique train` reaches on data of every kind, over three seeds, beside the best baseline.

    python benchmarks/kinds.py                    all sets, those that are there
    python benchmarks/kinds.py adult raccoon      some of them

Each run is a command of its own with the default ten minutes, kept in .bench/kinds and resumed when
this is started again; it is not repeated as long as the training file and the settings that its
plan gives are the same. Writes its rows of benchmarks/kinds.md; those of other sets stay, with the
commit that they were made on. The data are found by BRIQUE_DATA; folders `tabular` and `timeseries`
of its entries are looked into as well.
"""

import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from brique import catalog, files
from brique.run import Record, read_run
from brique.tasks.table import TASKS

HERE = Path(__file__).parent
RUNS = HERE.parent / ".bench" / "kinds"
SEEDS = (0, 1, 2)
WEIGHTS = "squeezenet1_1.safetensors"


@dataclass(frozen=True)
class Case:
    """One data set.

    words: of `brique train`. least: what its main score, and others by name, must reach. threads:
    of the training; two are for those that need ten minutes of a quiet machine.
    """

    words: tuple[str, ...]
    least: dict[str, float]
    threads: int = 1


ADULT = ("--test", "adult-test.csv.gz", "--rename", "<=50K.=<=50K", "--rename", ">50K.=>50K")
SPOKEN = ("--names", "{label}_{speaker}_{take}", "--test", "take=0,1,2,3,4")
SERIES = ("--kind", "series", "--target", "OT", "--ahead", "24")
CASES = {
    "adult": Case(("adult-train.csv.gz", *ADULT), {"accuracy": 0.85, "auc": 0.905}),
    "california-housing": Case(
        ("california-housing.csv.gz", "--target", "median_house_value"), {"r2": 0.78}
    ),
    "beijing-pm25": Case(("beijing-pm25.csv.gz", "--target", "pm2.5"), {}),
    "breast-cancer": Case(("breast-cancer-wisconsin.data",), {"accuracy": 0.95}),
    "trec": Case(("trec",), {"accuracy": 0.86}),
    "movie-polarity": Case(("movie-review-polarity",), {"accuracy": 0.74}),
    "ud-ewt": Case(("ud-english-ewt",), {"accuracy": 0.92}),
    "spoken-digits": Case(("fsdd", *SPOKEN), {"accuracy": 0.96}),
    "indoor-movement": Case(("IndoorMovement.zip",), {"accuracy": 0.80}),
    "etth1": Case(("ETTh1.csv.gz", *SERIES), {"skill": 0.15}),
    "camvid": Case(("camvid", "--size", "240x180"), {"mean_iou": 0.40}, threads=2),
    "mnist-rebuilt": Case(("mnist", "--task", "reconstruct"), {"r2": 0.92}),
    "mnist-made": Case(("mnist", "--task", "generate"), {"mixing": 0.5}),
    # where the usual boxes of train, said of every picture, reach 0.54
    "raccoon": Case(("raccoon", "--from", WEIGHTS), {"ap50": 0.75}, threads=2),
}
COVERED = (0.88, 0.92)  # of the truths, by intervals for 90%
HEAD = """# What `brique train` reached on every kind of data

Seeds 0, 1 and 2, one thread (CamVid and raccoon two), ten minutes at most, by `python
benchmarks/kinds.py`; `test` was read once in each run, after all choices. The interval is the 95%
interval of seed 0 (Wilson, or the bootstrap over examples, sentences, pictures or blocks of
windows). The best baseline is the best, on test, of those that the run fitted on the same training
part; better, even or worse is a paired test at 5%, in each seed. Then seconds of training, and the
commit.

"""
TITLES = (
    "| data | score | must be | seeds 0, 1, 2 | mean | held | interval | best baseline | net is"
    " | others | training | commit |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)


def shelves() -> str:
    """Return BRIQUE_DATA with the folders in which tables and series lie."""
    given = [Path(one) for one in os.environ.get("BRIQUE_DATA", "").split(os.pathsep) if one]
    inner = [one / name for one in given for name in ("tabular", "timeseries", "weights")]
    return os.pathsep.join(str(one) for one in [*given, *inner] if one.is_dir())


def word(text: str) -> str:
    """Return a word of a command, the file of weights with its folder."""
    if text != WEIGHTS:
        return text
    paths = [Path(shelf) / text for shelf in shelves().split(os.pathsep)]
    return str(next((path for path in paths if path.is_file()), text))


def is_there(case: Case) -> bool:
    """Tell whether the data are to be had."""
    wanted = case.words[0].casefold().replace("-", "").replace("_", "")
    return any(
        wanted in entry.name.casefold().replace("-", "").replace("_", "")
        for shelf in shelves().split(os.pathsep)
        if shelf
        for entry in Path(shelf).iterdir()
    )


def run(name: str, seed: int) -> Record:
    """Run, resume or read one training."""
    out = RUNS / f"{name}-{seed}"
    mark = RUNS / f"{out.name}.mark"
    if out.exists() and mark.is_file() and read_run(out).state == "finished":
        record = read_run(out)
        if mark.read_text() == marked(record):
            return record
    if out.exists() and (read_run(out).state == "finished" or _is_other(read_run(out))):
        files.remove(out)
    command = ["resume", str(out)] if out.exists() else [
        "train", *map(word, CASES[name].words), "--seed", str(seed), "--out", str(out),
    ]  # fmt: skip
    print("brique", *command, flush=True)
    environment = os.environ | {
        "BRIQUE_DATA": shelves(),
        "OMP_NUM_THREADS": str(CASES[name].threads),
    }
    subprocess.run([sys.executable, "-m", "brique", *command], check=True, env=environment)
    record = read_run(out)
    files.write(mark, marked(record))
    return record


def _is_other(record: Record) -> bool:
    """Tell whether a run that was stopped began with another training file than there is now."""
    return record.source_sha256 != files.sha256(catalog.training_file(str(record.train)))


def marked(record: Record) -> str:
    """Return what tells whether a run is still that of this code: training file and nets."""
    nets = catalog.training_file(str(record.train)).parents[2] / "nets"
    paths = [catalog.training_file(str(record.train)), *sorted(nets.rglob("*.py"))]
    text = "".join(map(files.sha256, paths)) + json.dumps(record.settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def row(name: str, records: list[Record]) -> str:
    """Return the line of the table for a data set."""
    case, first = CASES[name], records[0].result
    score = TASKS[first["task"]].main_metric
    values = [float(one.result["test"][score.name]) for one in records]
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    held, others = [], []
    for key, least in case.least.items():
        reached = statistics.fmean(float(one.result["test"][key]) for one in records)
        held.append(reached >= least)
        if key != score.name:
            others.append(f"{key} {reached:.4f} (asked {least:g})")
    if "coverage" in first:
        shares = [float(one.result["coverage"]["empirical"]) for one in records]
        held.append(all(COVERED[0] <= share <= COVERED[1] for share in shares))
        others.append("90% intervals hold " + ", ".join(f"{share:.1%}" for share in shares))
    best = first["comparison"]["best"]
    rival = float(first["baseline"][best].get(score.name, float("nan")))
    low, high = first["interval"][score.name]
    cells = [
        name, score.name, f"{case.least[score.name]:g}" if score.name in case.least else "",
        ", ".join(f"{value:.4f}" for value in values),
        f"{statistics.fmean(values):.4f} ± {spread:.2g}",
        "" if not held else "yes" if all(held) else "**no**", f"{low:.3f} to {high:.3f}",
        f"{TASKS[first['task']].baseline_names.get(best, best)} {rival:.4f}",
        ", ".join(r.result["comparison"]["outcome"] for r in records),
        "; ".join(others), ", ".join(f"{r.json['seconds']['training']:.0f}" for r in records),
        commit(),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def commit() -> str:
    words = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, cwd=HERE, capture_output=True, text=True).stdout.strip()


def main() -> None:
    chosen = sys.argv[1:] or [name for name, case in CASES.items() if is_there(case)]
    path = HERE / "kinds.md"
    old = path.read_text().splitlines() if path.is_file() else []
    rows = {
        line.split("|")[1].strip(): line
        for line in old
        if line.startswith("| ") and line.split("|")[1].strip() in CASES
    }
    for name in chosen:
        rows[name] = row(name, [run(name, seed) for seed in SEEDS])
        import torch

        machine = (
            f"torch {torch.__version__}, Python {platform.python_version()},"
            f" {platform.machine()}, {os.cpu_count()} cores, no GPU.\n\n"
        )
        lines = [rows[name] for name in CASES if name in rows]
        path.write_text(HEAD + machine + TITLES + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
