"""Whether files that people have and that go wrong elsewhere give the right value here.

    python benchmarks/cases.py [CASE ...]

Each case stands for a kind of fault; its variants are members of that kind: labels, numbers, boxes
in pixels, names, or the sentence and the severity of what is refused. All files are drawn anew.
Prints a table, and without arguments writes benchmarks/cases.md; exit code 1 if one is wrong.
"""

import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from brique import files

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from situations import (  # noqa: E402
    VARIANTS,
    Variant,
    WrongError,
    boxes,
    forms,
    masks,
    pictures,
    series,
    tables,
)

CASES = {
    "46": "photographs turned by a note (EXIF)",
    "14": "boxes of turned photographs",
    "35": "a table beside pictures",
    "20": "series, newest row first",
    "21": "date and time in two columns",
    "23": "a delimiter at the end of rows",
    "08": "whole numbers with and without .0",
    "07": "decimal commas",
    "44": "rows that are equal by chance",
    "32": "a rare class",
    "17": "masks of other numbers",
    "06": "a class called None",
    "15": "odd COCO files",
    "28": "a run judged on other data",
    "22": "tables as programs write them",
    "01": "YOLO's boxes",
    "27": "pictures of 10 to 16 bits",
}
MODULES = (boxes, forms, masks, pictures, series, tables)  # each enters its variants


def outcome(one: Variant) -> str:
    """Return "right", or what came out."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        try:
            one.check(Path(folder))
        except WrongError as error:
            came = f"WRONG: {error}"
        except Exception as error:  # of any kind: it is an outcome
            came = f"WRONG: {type(error).__name__}: {error}"
        else:
            return "right"
        return came.replace(folder, "").replace("\n", " ")[:300]


def page(rows: list[str], wrong: int) -> str:
    """Return the page with a row for each variant."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE
    ).stdout.strip()
    text = [
        "# Cases",
        "",
        "Files that people have and that go wrong, each a kind of fault, and whether the right"
        " value comes out; by `python benchmarks/cases.py`.",
        "",
        f"{len(rows)} variants of {len(CASES)} cases, {wrong} wrong. Commit {commit}, torch"
        f" {torch.__version__}, Python {platform.python_version()}, {platform.machine()}.",
        "",
        "| case | variant | what is right | outcome |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(text) + "\n"


def main() -> int:
    """Check all variants, or those of some cases, and write the page; 1 if one is wrong."""
    torch.set_num_threads(1)
    chosen = sys.argv[1:] or list(CASES)
    rows: list[str] = []
    wrong, begun = 0, time.perf_counter()
    for case in chosen:
        for one in (one for one in VARIANTS if one.case == case):
            came = outcome(one).replace("|", "\\|")
            wrong += came != "right"
            rows.append(f"| {case} {CASES[case]} | {one.name} | {one.right} | {came} |")
            print(rows[-1], flush=True)
    print(f"{len(rows)} variants, {wrong} wrong, {time.perf_counter() - begun:.0f} s")
    if not sys.argv[1:]:
        files.write(HERE / "cases.md", page(rows, wrong))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
