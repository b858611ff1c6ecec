"""Sixty runs killed outside their turns, resumed, and compared with runs that were never stopped.

    python benchmarks/phases.py [WORK ...] [--seed 0] [--kills 10]

Six works: a training on pictures, one on a table, one on texts, a GAN, a recipe of several stages,
a search. SIGKILL strikes each ten times or more, by turns in each phase that the work has, before
an operation on the disk or at a moment; every third is killed in its resume too. Then every file
is compared (tests/killing.py). Writes benchmarks/phases.md; exit code 1 if anything differs.
"""

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))
import killing  # noqa: E402 # pyright: ignore[reportMissingImports] - from the tests
import test_kills  # noqa: E402 # pyright: ignore[reportMissingImports] - from the tests

WORKS = {
    "pictures": ["train", "digits", "--epochs", "1"],
    "table": ["train", "{table}", "--types", "about=text", "--target", "dear", "--epochs", "2"],
    "texts": ["train", "{texts}", "--epochs", "2"],
    "gan": ["run", "gan", "--turns", "3"],
    "stages": ["run", "autoencoder", "--quick"],
    "search": ["tune", "{small}", "--trials", "2", "--minutes", "100"],
}


def made(folder: Path) -> dict[str, str]:
    """Make two tables and texts; return where they lie."""
    found: dict[str, str] = {}
    for name, make in ("table", test_kills.table), ("texts", test_kills.texts):
        (folder / name).mkdir(parents=True)
        found[name] = make(folder / name)[0]
    return found | {"small": str(killing.small(folder))}


def page(rows: list[str], seed: int, equal: int, seconds: float) -> str:
    """Return the page with a row for each kill."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
    ).stdout.strip()
    outside = sum(" | training | " not in row for row in rows)
    works = [f"- {name}: `brique {' '.join(words)}`" for name, words in WORKS.items()]
    return "\n".join([
        "# Kills outside the turns",
        "",
        f"{len(rows)} kills by SIGKILL, {outside} of them outside the turns; {equal} were resumed"
        " to what a run leaves that was never stopped; by `python benchmarks/phases.py`, seed"
        f" {seed}, {seconds:.0f} s.",
        "Compared is every file: names and bytes, but for times, dates and process ids, the number"
        " and seconds of a checkpoint, which moments of the training are kept, and a search's"
        " database by its trials.",
        "",
        *works,
        "",
        f"Commit {commit}, Python {platform.python_version()}, {platform.machine()}, one thread.",
        "Opening ends with data.json; evaluation is that on test, with the baselines; after is the"
        " note of seconds behind the report. The audit comes before a run's folder, in a search"
        " within its opening.",
        "Codes are those of the run, of a resume that was killed as well, and of the last resume.",
        "",
        "| work | killed in | before | codes | equal |",
        "|---|---|---|---|---|",
        *rows,
    ]) + "\n"  # fmt: skip


def main() -> int:
    """Kill, resume, compare, write the page; 1 if anything differs."""
    parser = argparse.ArgumentParser(description="Kills outside the turns.")
    parser.add_argument("works", nargs="*", default=[*WORKS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=10)
    asked = parser.parse_args()
    rows: list[str] = []
    equal, begin = 0, time.perf_counter()
    killing.preload()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder).resolve()
        data = made(base / "data")
        for name in asked.works:
            words = [word.format(**data) for word in WORKS[name]]
            run = killing.whole(base / name / "whole/run", words, 2 if name == "stages" else 1)
            draw = random.Random(f"{name} {asked.seed}")
            kills = killing.drawn(run, max(asked.kills, len(killing.outside(run))), draw)
            for number, kill in enumerate(kills):
                there, codes, found = killing.tried(run, base / name / str(number) / "run", kill)
                equal += not found
                cells = [name, there, kill.said(run), " ".join(map(str, codes))]
                rows.append(f"| {' | '.join([*cells, '; '.join(found) or 'yes'])} |")
                print(rows[-1], flush=True)
    if not sys.argv[1:]:
        text = page(rows, asked.seed, equal, time.perf_counter() - begin)
        (HERE / "phases.md").write_text(text)
    return int(equal < len(rows))


if __name__ == "__main__":
    sys.exit(main())
