"""Starts at once: of one folder, and without one (python benchmarks/starts.py writes starts.md).

With one `--out` one start runs and the others are refused in one sentence, and its files are bit
for bit those of the same start alone; without, each has a folder of its own.
"""

import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from brique import files
from brique.run import read_run

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from starting import Ended, settled, together  # noqa: E402 - from the tests

SECONDS = 1800.0
IMPORTS = "brique.workbench.folds brique.workbench.tune torch._dynamo sklearn.svm"
HEAD = """# Starts at once

Command lines that begin at the same moment, by `python benchmarks/starts.py`. *Refused* counts
those that ended with exit code 2 and one sentence that says so, *sound* the folders whose runs have
finished with the files that they list. *Alike* says whether settings, source, log and weights are
bit for bit those that the same command leaves alone; trials are cut to a time, and not compared.

"""


@dataclass(frozen=True)
class Case:
    """A command that is started several times at once.

    words: without seed and folder. inner: of the folder, what is compared.
    seeds: whether each start has its own.
    """

    name: str
    words: tuple[str, ...]
    starts: int
    seeds: bool = True
    inner: tuple[str, ...] = (".",)


TRAIN = ("train", "digits", "--quick", "--device", "cpu")
FOLDS = (*TRAIN, "--folds", "2")
TUNE = ("tune", "table.csv", "--trials", "2", "--minutes", "0.5", "--device", "cpu")
CASES = [
    Case("train", TRAIN, 10),
    Case("train --folds 2, one command", FOLDS, 4, seeds=False, inner=("fold-1", "fold-2")),
    Case("tune, one command", TUNE, 4, seeds=False, inner=()),
]


def table(place: Path) -> None:
    """Write a small table to tune for."""
    draw = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'yn'[int(a * b > 0)]}" for a, b in draw.normal(size=(200, 2))]
    (place / "table.csv").write_text("\n".join(["a,b,same", *rows]) + "\n")


def started(case: Case, place: Path, *, is_named: bool) -> list[Ended]:
    """Start a case several times at once; is_named: all with one --out."""
    table(place)
    out = ["--out", "run"] if is_named else []
    commands = [
        [*case.words, "--seed", str(number if case.seeds else 0), *out]
        for number in range(case.starts)
    ]
    return together(commands, place, seconds=SECONDS, imports=IMPORTS)


def whole(one: Ended, place: Path, case: Case) -> Path:
    """Return the folder that a start made; of a search the last line is a run in it."""
    folder = place / one.folder
    return folder.parent if case.words[0] == "tune" else folder


def is_alike(one: Ended, place: Path, case: Case, alone: dict[str, Path]) -> bool:
    """Tell whether a start left what the same command leaves alone."""
    seed = one.words[one.words.index("--seed") + 1]
    folder = whole(one, place, case)
    if seed not in alone:
        name = f"alone-{case.starts}-{seed}"
        (ended,) = together([[*case.words, "--seed", seed, "--out", name]], place, seconds=SECONDS)
        assert ended.code == 0, ended.err
        alone[seed] = whole(ended, place, case)
    return all(settled(folder / part) == settled(alone[seed] / part) for part in case.inner)


def is_sound(folder: Path) -> bool:
    """Tell whether all runs in a folder have finished, with the files that run.json lists."""
    records = [read_run(path.parent) for path in folder.rglob("run.json")]
    return all(
        one.state == "finished"
        and all(one.file_problem(name) is None for name in one.json["files"])
        for one in records
    ) and bool(records)


def row(case: Case, *, is_named: bool) -> tuple[str, bool]:
    """Return a row of the table, and whether all is as it must be."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        ended = started(case, place, is_named=is_named)
        ran = [one for one in ended if one.code == 0]
        refused = [one for one in ended if one.is_refused]
        folders = {whole(one, place, case) for one in ran}
        alone: dict[str, Path] = {}
        alike = [is_alike(one, place, case, alone) for one in ran] if case.inner else []
        sound = [is_sound(folder) for folder in sorted(folders)]
    expected = 1 if is_named else case.starts
    is_right = (
        len(ran) == len(folders) == expected
        and len(refused) == case.starts - expected
        and all(alike)
        and all(sound)
    )
    same = f"{sum(alike)} of {len(alike)}" if alike else "not compared"
    out = "one `--out`" if is_named else "none"
    cells = (case.name, out, case.starts, len(ran), len(refused), len(folders),
             f"{sum(sound)} of {len(sound)}", same)  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |", is_right


def main() -> int:
    """Write the table; 1 if a start went wrong."""
    titles = ("command", "folder", "starts", "ran", "refused", "folders", "sound", "alike")
    lines, wrong = [f"| {' | '.join(titles)} |", "|---|---|---|---|---|---|---|---|"], 0
    for case in CASES:
        for is_named in (True, False):
            line, is_right = row(case, is_named=is_named)
            print(line, flush=True)
            lines.append(line)
            wrong += not is_right
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    where = (
        f"Commit {commit.stdout.strip()}, torch {torch.__version__}, Python"
        f" {platform.python_version()}, {platform.machine()}."
    )
    files.write(ROOT / "benchmarks/starts.md", f"{HEAD}{where}\n\n" + "\n".join(lines) + "\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
