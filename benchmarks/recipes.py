"""Runs recipes in full over three seeds and judges them by what they say they must reach.

    python benchmarks/recipes.py                all recipes on every data set of their EXPECT
    python benchmarks/recipes.py gan lenet5
    python benchmarks/recipes.py treelstm:sst   one of them on one of its data sets

Each run is a `brique run` of its own with one thread, kept in .bench/recipes and resumed when this
is started again; a run of the same source is not repeated. Writes its rows of
benchmarks/recipes.md; those of other recipes stay, with the commit that they were made on.
"""

import argparse
import ast
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from brique import catalog, files
from brique.run import Record, read_run

HERE = Path(__file__).parent
RUNS = HERE.parent / ".bench" / "recipes"
SEEDS = (0, 1, 2)
Range = tuple[float, float]
PAPERS = {
    "adversarial_autoencoder": "Makhzani et al. 2015 name digits with 1.9% errors from 100 labels,"
    " by a larger net whose code has a part for the class; the three priors are pictures there,"
    " without a test.",
    "autoencoder": "Hinton, Salakhutdinov 2006 have a squared error of 3.0 a digit with 30 numbers,"
    " where PCA has 13.9: 4.6 times as much. Theirs is a net of four wide layers that were trained"
    " one by one, and has 30 numbers where there are 32 at most here.",
    "gan": "Goodfellow et al. 2014 give a log-likelihood by Parzen windows, which says little of"
    " pictures; here a reader that was fitted apart names the forgeries.",
    "lenet5": "LeCun et al. 1998 have 99.05% on MNIST, by more passes and radial basis functions.",
    "pivot": "Louppe, Kagan, Cranmer 2017 show distributions as curves, without a number.",
    "translate": "Bahdanau, Cho, Bengio 2014 have 26.8 with attention and 17.8 without, on news of"
    " WMT 2014: other and longer sentences, a larger net, 348 million words to learn from.",
    "treelstm": "Tai, Socher, Manning 2015 have 82.0% with word vectors from scratch, as here, and"
    " 88.0% with those of GloVe. Theirs says one of two classes, and steps by Adagrad; ours learns"
    " all five, and the side of the five is judged.",
    "wgan_gp": "Gulrajani et al. 2017 show the 25 Gaussians as level sets, without a count.",
}
"""What the papers reach, and why it is not the same."""


@dataclass(frozen=True)
class Case:
    """One recipe on one data set."""

    recipe: catalog.Entry
    data: str
    expect: dict[str, Range]


def cases(names: list[str]) -> list[Case]:
    """Return what is to be run, from each recipe's EXPECT; "NAME:DATA" is one of its data sets."""
    asked = [name.partition(":")[::2] for name in names]
    asked = asked or [(entry.name, "") for entry in catalog.entries()]
    found: list[Case] = []
    for name, only in asked:
        entry = catalog.find(name)
        for node in ast.parse(entry.path.read_text()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXPECT":
                expect: dict[str, dict[str, Range]] = ast.literal_eval(node.value)
                found += [
                    Case(entry, data, ranges)
                    for data, ranges in expect.items()
                    if only in ("", data)
                ]
    return found


def run(case: Case, seed: int) -> Record:
    """Run, resume or read one full run."""
    out = RUNS / f"{case.recipe.name}-{case.data.replace(':', '-')}-{seed}"
    source = files.sha256(case.recipe.path)
    if out.exists() and read_run(out).source_sha256 != source:
        files.remove(out)
    brique = [sys.executable, "-m", "brique"]
    if not out.exists():
        flags = ["--seed", str(seed), "--out", str(out)]
        if case.data != "generated":  # such a recipe makes its data and has no flag for them
            flags += ["--data", case.data]
        command = [*brique, "run", case.recipe.name, *flags]
    elif read_run(out).state != "finished":
        command = [*brique, "resume", str(out)]
    else:
        return read_run(out)
    print(" ".join(command[1:]), flush=True)
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return read_run(out)


def rows(case: Case, records: list[Record], commit: str) -> dict[str, str]:
    """Return the lines of the table for one case, by what they begin with."""
    minutes = sum(r.json["seconds"]["training"] for r in records) / 60
    lines: dict[str, str] = {}
    for name, (low, high) in case.expect.items():
        values = [r.numbers[name] for r in records]
        held = all(low <= value <= high for value in values)
        listed = ", ".join(f"{value:.4g}" for value in values)
        spread = f"{statistics.fmean(values):.4g} ± {statistics.stdev(values):.2g}"
        key = f"| `{case.recipe.name}` | {case.data} | {name} |"
        lines[key] = (
            f"{key} {low:g} to {high:g} | {listed} | {spread} | {'yes' if held else '**no**'} |"
            f" {minutes:.1f} | {commit} |"
        )
    return lines


def main() -> int:
    """Run all that is asked and write the table; 1 if a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names",
        nargs="*",
        help="recipes, or one on one of its data sets, as NAME:DATA; by default all",
    )
    asked = cases(parser.parse_args().names)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    made = [(case, [run(case, seed) for seed in SEEDS]) for case in asked]
    file = HERE / "recipes.md"
    before = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
    found = {"|".join(line.split("|")[:4]) + "|": line for line in before if line[:3] == "| `"}
    for case, records in made:
        found |= rows(case, records, commit)
    versions = read_run(next(RUNS.iterdir())).json["versions"]
    text = [
        "# What the recipes reached",
        "",
        "Full runs over seeds 0, 1 and 2, each with one thread, by `python benchmarks/recipes.py`.",
        "`test` was read once a run, after all choices. Then mean and standard deviation of the",
        "three; minutes of training of all three together; and the commit they were made on.",
        "",
        f"torch {versions['torch']}, Python {versions['python']}, {platform.machine()}, "
        f"{os.cpu_count()} cores, no GPU.",
        "",
        "| recipe | data | number | must be in | seeds 0, 1, 2 | mean | held | minutes | commit |",
        "|---|---|---|---|---|---|---|---|---|",
        *(found[key] for key in sorted(found)),
        "",
        "## Beside the papers",
        "",
        *(f"- `{name}`: {says}" for name, says in sorted(PAPERS.items())),
    ]
    file.write_text("\n".join(text) + "\n")
    print("\n".join(found[key] for key in sorted(found)))
    return int(any("**no**" in line for line in found.values()))


if __name__ == "__main__":
    sys.exit(main())
