"""Runs recipes in full over three seeds and judges them by what they say they must reach.

    python benchmarks/recipes.py            all recipes on every data set of their EXPECT
    python benchmarks/recipes.py gan lenet5

Each run is a `brique run` of its own with one thread, kept in .bench/recipes and resumed when this
is started again; a run of the same source and commit is not repeated. Writes benchmarks/recipes.md.
"""

import argparse
import ast
import os
import platform
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


@dataclass(frozen=True)
class Case:
    """One recipe on one data set."""

    recipe: catalog.Entry
    data: str
    expect: dict[str, Range]


def cases(names: list[str]) -> list[Case]:
    """Return what is to be run, from each recipe's EXPECT."""
    chosen = [catalog.find(name) for name in names] if names else catalog.entries()
    found: list[Case] = []
    for entry in chosen:
        for node in ast.parse(entry.path.read_text()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXPECT":
                expect: dict[str, dict[str, Range]] = ast.literal_eval(node.value)
                found += [Case(entry, data, ranges) for data, ranges in expect.items()]
    return found


def run(case: Case, seed: int) -> Record:
    """Run, resume or read one full run."""
    out = RUNS / f"{case.recipe.name}-{case.data}-{seed}"
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


def row(case: Case, records: list[Record]) -> list[str]:
    """Return the lines of the table for one case."""
    lines: list[str] = []
    minutes = [r.json["seconds"]["training"] / 60 for r in records]
    for name, (low, high) in case.expect.items():
        values = [r.numbers[name] for r in records]
        held = all(low <= value <= high for value in values)
        lines.append(
            f"| `{case.recipe.name}` | {case.data} | {name} | {low:g} to {high:g} | "
            + ", ".join(f"{value:.4g}" for value in values)
            + f" | {'yes' if held else '**no**'} | {max(minutes):.1f} |"
        )
    return lines


def main() -> int:
    """Run all that is asked and write the table; 1 if a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="recipes; by default all")
    asked = cases(parser.parse_args().names)
    rows = [line for case in asked for line in row(case, [run(case, seed) for seed in SEEDS])]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    versions = read_run(next(RUNS.iterdir())).json["versions"]
    text = [
        "# What the recipes reached",
        "",
        "Full runs over seeds 0, 1 and 2, each with one thread, by `python benchmarks/recipes.py`.",
        "`test` was read once a run, after all choices. Minutes: training, the longest run.",
        "",
        f"Commit {commit}, torch {versions['torch']}, Python {versions['python']}, "
        f"{platform.machine()}, {os.cpu_count()} cores, no GPU.",
        "",
        "| recipe | data | number | must be in | seeds 0, 1, 2 | held | minutes |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]
    (HERE / "recipes.md").write_text("\n".join(text) + "\n")
    print("\n".join(rows))
    return int(any("**no**" in line for line in rows))


if __name__ == "__main__":
    sys.exit(main())
