"""Runs recipes in full and compares their figures with EXPECT.

    python benchmarks/recipes.py                all recipes on every data set of their EXPECT
    python benchmarks/recipes.py gan lenet5
    python benchmarks/recipes.py treelstm:sst   one of them on one of its data sets
    python benchmarks/recipes.py gan --seeds 0  one seed, where three take too long

Each run is a `brique run` of its own with one thread, kept in .bench/recipes and resumed when this
is started again; a run of the same source is not repeated. Writes the rows of these recipes in
benchmarks/recipes.md; other rows stay, with their commit.
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
    "adversarial_autoencoder": "Makhzani et al. 2015 show the latents of the three priors as"
    " pictures, without a test.",
    "autoencoder": "Hinton, Salakhutdinov 2006 have a squared error of 3.0 a digit with 30 numbers,"
    " where PCA has 13.9: 4.6 times as much. Theirs is a net of four wide layers that were trained"
    " one by one, and has 30 numbers where there are 32 at most here.",
    "gan": "Goodfellow et al. 2014 give a log-likelihood by Parzen windows, which says little of"
    " pictures; here a classifier of real digits scores the fakes.",
    "lenet5": "LeCun et al. 1998 have 99.05% on MNIST: more epochs, radial basis functions.",
    "pivot": "Louppe, Kagan, Cranmer 2017 show distributions as curves, without a figure.",
    "semi_supervised_aae": "Makhzani et al. 2015 have an error of 1.9% from 100 labels, by a larger"
    " net with a discriminator each for class and style.",
    "translate": "Bahdanau, Cho, Bengio 2014 have 26.8 with attention and 17.8 without, on news of"
    " WMT 2014: other and longer sentences, a larger net, 348 million words to learn from.",
    "treelstm": "Tai, Socher, Manning 2015 have 82.0% with word vectors from scratch, as here, and"
    " 88.0% with those of GloVe. Theirs has two classes and Adagrad; ours learns all five, which"
    " count as positive or negative.",
    "wgan_gp": "Gulrajani et al. 2017 show the 25 Gaussians as level sets, without a count.",
}
"""Figures of the papers, and what differs."""


@dataclass(frozen=True)
class Case:
    """One recipe on one data set."""

    recipe: catalog.RecipeEntry
    data: str
    expect: dict[str, Range]


def cases(names: list[str]) -> list[Case]:
    """Return the cases in each recipe's EXPECT; "NAME:DATA" is one of its data sets."""
    pairs = [name.partition(":")[::2] for name in names]
    pairs = pairs or [(entry.name, "") for entry in catalog.entries()]
    found: list[Case] = []
    for name, only in pairs:
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


def rows(case: Case, seeds: list[int], records: list[Record], commit: str) -> dict[str, str]:
    """Return the lines of the table for one case, by their first three cells."""
    minutes = sum(r.json["seconds"]["training"] for r in records) / 60
    lines: dict[str, str] = {}
    for name, (low, high) in case.expect.items():
        values = [r.numbers[name] for r in records]
        held = all(low <= value <= high for value in values)
        listed = ", ".join(f"{value:.4g}" for value in values)
        mean = f"{statistics.fmean(values):.4g}"
        mean += f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
        key = f"| `{case.recipe.name}` | {case.data} | {name} |"
        lines[key] = (
            f"{key} {low:g} to {high:g} | {', '.join(map(str, seeds))} | {listed} | {mean} |"
            f" {'yes' if held else '**no**'} | {minutes:.1f} | {commit} |"
        )
    return lines


def main() -> int:
    """Run the recipes and write the table; return 1 if a figure is out of range."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "names",
        nargs="*",
        help="recipes, or one on one of its data sets, as NAME:DATA; by default all",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, help="by default 0 1 2")
    args = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    made = [(case, [run(case, seed) for seed in args.seeds]) for case in cases(args.names)]
    file = HERE / "recipes.md"
    before = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
    found = {"|".join(line.split("|")[:4]) + "|": line for line in before if line[:3] == "| `"}
    for case, records in made:
        found |= rows(case, args.seeds, records, commit)
    versions = read_run(next(RUNS.iterdir())).json["versions"]
    text = [
        "# Figures of the recipes",
        "",
        "Full runs, each with one thread, by `python benchmarks/recipes.py`. The test part was",
        "read once a run, after all choices. The mean is that of the seeds, with their standard",
        "deviation; minutes of training are those of all seeds together.",
        "",
        f"torch {versions['torch']}, Python {versions['python']}, {platform.machine()}, "
        f"{os.cpu_count()} cores, no GPU.",
        "",
        "| recipe | data | figure | EXPECT | seeds | values | mean | in range | minutes | commit |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(found[key] for key in sorted(found)),
        "",
        "## Compared with the papers",
        "",
        *(f"- `{name}`: {remark}" for name, remark in sorted(PAPERS.items())),
    ]
    file.write_text("\n".join(text) + "\n")
    print("\n".join(found[key] for key in sorted(found)))
    return int(any("**no**" in line for line in found.values()))


if __name__ == "__main__":
    sys.exit(main())
