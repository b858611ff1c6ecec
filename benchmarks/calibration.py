"""Whether the temperature that `brique train` fits lowers the log loss on test, over three seeds.

    python benchmarks/calibration.py                   all sets, those that are there
    python benchmarks/calibration.py digits adult      some of them

Each run is a command of its own, kept in .bench/calibration and not repeated while it is there. For
each set: the log loss on test before and after the temperature, the mean over seeds of what it
changes with its standard error over the test examples (each example's change is the mean over
seeds), and the calibration error beside the one that a perfectly calibrated net of these
confidences would show by chance. Writes its rows of benchmarks/calibration.md; those of other sets
stay. A number among the words is the minutes of a run, by default ten. Exit code 1 where the log
loss rises by more than its standard error. Data are found by BRIQUE_DATA; its folders `tabular` and
`hep` are looked into as well. Of CIFAR-10 the first 5,000 pictures are taken.
"""

import json
import math
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file

from brique import data, files
from brique.errors import DataError
from brique.run import Record, read_run

HERE = Path(__file__).parent
RUNS = HERE.parent / ".bench" / "calibration"
SEEDS, CIFAR, PICTURES = (0, 1, 2), "cifar-10-5000", 5000
ADULT = ("--test", "adult-test.csv.gz", "--rename", "<=50K.=<=50K", "--rename", ">50K.=>50K")
SPOKEN = ("--names", "{label}_{speaker}_{take}", "--test", "take=0,1,2,3,4")
CASES: dict[str, tuple[str, ...]] = {
    "digits": ("digits",),
    "mnist": ("mnist",),
    "chihuahua-muffin": ("chihuahua-muffin",),
    "adult": ("adult-train.csv.gz", *ADULT),
    "trec": ("trec",),
    "movie-polarity": ("movie-review-polarity",),
    "fsdd": ("fsdd", *SPOKEN),
    "higgs": ("higgs-10984.csv.gz",),
    "cifar-10": (CIFAR,),
}
HEAD = """# The temperature, and the calibration error beside chance

Seeds 0, 1 and 2, one thread, by `python benchmarks/calibration.py`. Log loss on test in nats,
before and after the temperature, means over the seeds; what it changes, with the standard error
over test examples: it must not rise by more than that. The calibration error, in per cent, stands
beside the one that a net which is right as often as it says would show by chance.

"""
TITLES = (
    "| data | minutes | temperature | log loss before | after | change | standard error | held"
    " | calibration error | by chance | commit |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Row:
    """What the seeds of one set reached; losses (N,) are each example's change, in nats."""

    records: list[Record]
    changes: list[torch.Tensor]

    @property
    def change(self) -> float:
        """Mean change of the log loss."""
        return float(torch.stack([one.mean() for one in self.changes]).mean())

    @property
    def error(self) -> float:
        """Its standard error over the test examples."""
        each = torch.stack(self.changes).mean(dim=0)
        return float(each.std()) / math.sqrt(len(each))

    @property
    def held(self) -> bool:
        """Whether it falls, or stays within its standard error."""
        return self.change <= self.error


def shelves() -> str:
    """Return BRIQUE_DATA with the folders in which tables lie."""
    given = [Path(one) for one in os.environ.get("BRIQUE_DATA", "").split(os.pathsep) if one]
    inner = [one / name for one in given for name in ("tabular", "hep")]
    return os.pathsep.join(str(one) for one in [RUNS, *given, *inner] if one.is_dir())


def some_of_cifar() -> None:
    """Write the first 5,000 training pictures of CIFAR-10 by class. Raises DataError if none."""
    folder = RUNS / CIFAR
    if folder.is_dir():
        return
    whole = data.open("cifar-10")
    names = whole.schema["label"].names
    picked = torch.cat([whole.train.ids, whole.valid.ids]).sort().values[:PICTURES]
    assert whole.store is not None
    for number in picked.tolist():
        pixels = whole.store.fields["image"][number]
        label = names[int(whole.store.fields["label"][number])]
        content = BytesIO()
        Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(content, "PNG")
        files.write(folder / label / f"{number:05d}.png", content.getvalue())


def run(name: str, seed: int, minutes: float) -> Record | None:
    """Return a run, made if it is not there; None where its data are not."""
    out = RUNS / f"{name}-{minutes:g}-{seed}"
    if not (out / "run.json").is_file() or read_run(out).state != "finished":
        words = ["train", *CASES[name], "--seed", str(seed), "--minutes", f"{minutes:g}"]
        verb = ["resume", str(out)] if (out / "run.json").is_file() else [*words, "--out", str(out)]
        env = os.environ | {"BRIQUE_DATA": shelves(), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "brique", *verb], env=env, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            print(f"{name}: left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
    return read_run(out)


def changed(record: Record) -> torch.Tensor:
    """Return by how much the temperature changes the loss of each test example (N,), in nats."""
    kept = load_file(record.folder / "arrays" / "predictions.safetensors")
    after = kept["probabilities"].double().clamp(min=1e-300).log()
    before = (after * record.result["calibration"]["temperature"]).log_softmax(dim=1)
    label = kept["label"][:, None]
    return (before.gather(1, label) - after.gather(1, label)).flatten()


def line(name: str, minutes: float, row: Row, commit: str) -> str:
    """Return the row of a set."""

    def mean(*path: str) -> float:
        found = []
        for record in row.records:
            value = record.result
            for key in path:
                value = value[key]
            found.append(float(value))
        return math.fsum(found) / len(found)

    heats = ", ".join(f"{one.result['calibration']['temperature']:.3f}" for one in row.records)
    cells = (
        name, f"{minutes:g}", heats, f"{mean('calibration', 'log_loss_before'):.4f}",
        f"{mean('calibration', 'log_loss'):.4f}", f"{row.change:+.4f}", f"{row.error:.4f}",
        "yes" if row.held else "NO", f"{100 * mean('test', 'calibration_error'):.2f}",
        f"{100 * mean('calibration', 'error_by_chance'):.2f}", commit,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def main(words: list[str]) -> int:
    """Run, write benchmarks/calibration.md, and return 1 where a log loss rises."""
    minutes = next((float(one) for one in words if one.replace(".", "").isdigit()), 10.0)
    asked = [one for one in words if one in CASES] or list(CASES)
    asked_commit = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked_commit, capture_output=True, text=True).stdout.strip()
    rows = RUNS / "rows.json"
    known: dict[str, str] = json.loads(rows.read_text()) if rows.is_file() else {}
    failed = False
    for name in asked:
        try:
            if name == "cifar-10":
                some_of_cifar()
        except DataError as error:
            print(f"{name}: left out: {error}", file=sys.stderr)
            continue
        records = [run(name, seed, minutes) for seed in SEEDS]
        found = [record for record in records if record is not None]
        if len(found) < len(SEEDS):
            continue
        row = Row(found, [changed(record) for record in found])
        known[name] = line(name, minutes, row, commit)
        failed |= not row.held
        files.write(rows, json.dumps(known))
        print(known[name], end="", flush=True)
    versions = f"Torch {torch.__version__}, Python {platform.python_version()}"
    about = f"{versions}, {platform.machine()}, no GPU.\n\n"
    body = TITLES + "".join(known[name] for name in CASES if name in known)
    files.write(HERE / "calibration.md", HEAD + about + body)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
