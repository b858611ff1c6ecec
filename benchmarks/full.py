"""Disks, files and outputs that are full or closed: what is lost, and what is said.

    python benchmarks/full.py               all of it, into benchmarks/full.md
    python benchmarks/full.py --sample 7    some that the number draws, printed only

Each case is a small command with too little room. It must end with one sentence that names the
reason once and what to do; once there is room the command that it names must come to the numbers
of a run that always had it. A small disk is a tmpfs: where we may not mount, `unshare` lets us.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from forked import forked  # noqa: E402  # pyright: ignore[reportMissingImports]

SIZES = [4, 8, 16, 32, 64, 128, 256, 512, 1024, 1536, 2048, 4096, 6144]  # kB
SEARCH_SIZES = [32, 256, 1024, 2048]
LIMITS = [1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 512]  # kB
SEARCH_LIMITS = [4, 64, 128]
RUNS = {
    "run": ["run", "lenet5", "--turns", "20"],
    "train": ["train", "t.csv", "--target", "y", "--quick"],
    "tune": ["tune", "t.csv", "--target", "y", "--minutes", "3", "--trials", "1"],
}
SHOWS = {
    "predict": ["predict", "kept/train", "t.csv", "--csv", "answers.csv"],
    "evaluate": ["evaluate", "kept/train"],
    "check": ["check", "t.csv", "--target", "y", "--csv", "found.csv", "--html", "found.html"],
    "report": ["report", "kept/train"],
}
FILES = {
    "predict": ["answers.csv"], "check": ["found.csv", "found.html"],
    "report": ["kept/train/report.html"],
}  # fmt: skip
FULL, LARGE = (
    "No space left on device",
    "file too large: the limit on the size of files (ulimit -f)",
)


Ended = Any  # of forked.py, which no type checker finds


class Wrong(Exception):
    """Something is not as it must be."""


@dataclass(frozen=True)
class Case:
    """What is full, the command, and what tries it: returns exit code, sentence, what was left."""

    full: str
    command: str
    tries: Callable[[Path], tuple[int, str, str]]


def must(holds: object, said: str) -> None:
    if not holds:
        raise Wrong(said)


def write_table(base: Path) -> None:
    """Write the data."""
    draw, lines = random.Random(0), ["x,z,y"]
    for _ in range(400):
        x = draw.gauss(0, 1)
        y = "no" if x + draw.gauss(0, 0.5) < 0 else "yes"
        lines.append(f"{x:.3f},{draw.gauss(0, 1):.3f},{y}")
    (base / "t.csv").write_text("\n".join(lines) + "\n")


def whole(base: Path, verb: str) -> Path:
    """Return a folder with what a command comes to where there is room."""
    kept = base / "kept" / verb
    if kept.exists():
        return kept
    if verb in SHOWS:
        whole(base, "train")
    done = forked([*RUNS[verb], "--out", str(kept)] if verb in RUNS else SHOWS[verb], base)
    must(done.code in (0, 1) and "Traceback" not in done.err, done.err)
    kept.mkdir(exist_ok=True)
    for file in FILES.get(verb, ()):
        (base / file).rename(kept / Path(file).name)
    (kept / ".said").write_text(done.err)
    return kept


def numbers(run: Path) -> object:
    """Return what a run came to; of a search, the settings that it chose."""
    if (run / "tune.json").is_file():
        found = json.loads((run / "tune.json").read_text())["result"]
        return (found["chosen"], numbers(run / found["final"])) if found else None
    return (run / "log.jsonl").read_text(), json.loads((run / "run.json").read_text())["numbers"]


def last(done: Ended) -> str:
    """Return the sentence of a command that failed."""
    must("Traceback" not in done.err and done.code >= 0, done.err[-2000:])
    lines = [line for line in done.err.splitlines() if line.startswith("brique: ")]
    return lines[-1].removeprefix("brique: ") if done.code and lines else ""


@contextlib.contextmanager
def disk(place: Path, size: int) -> Iterator[None]:
    """Let a folder be a disk of so many kB."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def state(run: Path) -> str:
    """Return what the record of a run says of it."""
    if (run / "tune.json").is_file():
        return "a search"
    return str(json.loads((run / "run.json").read_text())["state"])


def refused(base: Path, verb: str, run: Path, done: Ended, reason: str) -> tuple[str, str]:
    """Look at a command that had no room: what it said, and what it left."""
    said = last(done)
    must(done.code == 2, f"exit code {done.code}: {said}")
    must(said.count(reason) == 1 and said.count("cannot") == 1, said)
    left = sorted(one.name for one in run.iterdir()) if run.is_dir() else []
    must(not [name for name in left if name.endswith((".part", ".old"))], str(left))
    if not left:
        must(not run.exists() and not run.parent.exists(), "empty folders are left")
        must(" resume " not in said, said)
        must("choose another folder with --out" in said or reason == LARGE, said)
        return said, "nothing"
    must(said.endswith(f"then go on with: brique resume {run}"), said)
    must("another folder" not in said, said)
    says = state(run)
    must(says in ("a search", "running") or says.startswith("failed: "), says)
    return said, says


def small(verb: str, size: int) -> Callable[[Path], tuple[int, str, str]]:
    """Run on a small disk."""

    def tries(base: Path) -> tuple[int, str, str]:
        place = base / f"disk-{verb}-{size}"
        run = place / "a" / "r"
        with disk(place, size):
            done = forked([*RUNS[verb], "--out", str(run)], base)
            said, left = ("", "all") if done.code == 0 else refused(base, verb, run, done, FULL)
            subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
            return ends(base, verb, run, done, said, left)

    return tries


def limited(verb: str, size: int) -> Callable[[Path], tuple[int, str, str]]:
    """Run with a limit on the size of files."""

    def tries(base: Path) -> tuple[int, str, str]:
        run = base / f"limit-{verb}-{size}" / "r"
        done = forked([*RUNS[verb], "--out", str(run)], base, limit=1024 * size)
        said, left = ("", "all") if done.code == 0 else refused(base, verb, run, done, LARGE)
        return ends(base, verb, run, done, said, left)

    return tries


def ends(
    base: Path, verb: str, run: Path, done: Ended, said: str, left: str
) -> tuple[int, str, str]:
    """Go on with what was left, with room, and compare."""
    if left == "nothing":
        return done.code, said, left
    if done.code:
        again = forked(["resume", str(run)], base)
        must(again.code == 0, again.err[-2000:])
    must(numbers(run) == numbers(whole(base, verb)), "other numbers than with room")
    return done.code, said, f"{left}; with room the same numbers"


def unheard(
    verb: str, *, out: bool, err: bool, pipe: bool
) -> Callable[[Path], tuple[int, str, str]]:
    """Run with an output that is /dev/full, or a pipe into `head -1`."""

    def tries(base: Path) -> tuple[int, str, str]:
        run, words = base / f"unheard-{verb}-{out}{err}{pipe}", RUNS.get(verb) or SHOWS[verb]
        words = [*words, "--out", str(run)] if verb in RUNS else words
        kept = whole(base, verb)
        with head(base) if pipe else contextlib.nullcontext("/dev/full") as path:
            done = forked(words, base, out=path if out else None, err=path if err else None)
        said = last(done)
        is_lost = out or (kept / ".said").read_text()
        codes = (0, 1, 141) if pipe else (1,) if is_lost else (0,)
        must(done.code in codes, f"exit code {done.code}: {done.err}")
        must(err or pipe or FULL in said, f"nothing is said: {done.err}")
        if verb in RUNS:
            must(numbers(run) == numbers(kept), "other numbers")
            return done.code, said, "all"
        return done.code, said, written(base, verb)

    return tries


def written(base: Path, verb: str) -> str:
    """Compare the files of a verb that shows something with those of another time."""
    for name in FILES.get(verb, ()):
        must((base / name).read_bytes() == (whole(base, verb) / Path(name).name).read_bytes(), name)
        (base / name).unlink()
    return "all"


@contextlib.contextmanager
def head(base: Path) -> Iterator[str]:
    """Yield the path of a pipe into `head -1`."""
    path = base / f".pipe.{time.monotonic_ns()}"
    os.mkfifo(path)
    with subprocess.Popen(["head", "-1", path], stdout=subprocess.DEVNULL) as reader:
        try:
            yield str(path)
        finally:
            if reader.poll() is None:  # nobody wrote
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    path.unlink()


def no_room(verb: str, *, limit: bool) -> Callable[[Path], tuple[int, str, str]]:
    """Let a verb write its file on a disk that is full, or beyond a limit."""

    def tries(base: Path) -> tuple[int, str, str]:
        place, kept = base / f"no-room-{verb}-{limit}", whole(base, verb)
        words = [
            f"{place}/a/{word}" if word.endswith((".csv", ".html")) and word != "t.csv" else word
            for word in SHOWS[verb]
        ]
        with disk(place, 2048):
            if verb == "report":
                shutil.copytree(whole(base, "train"), place / "r")
                words[-1] = str(place / "r")
            if not limit:
                with contextlib.suppress(OSError), (place / "rest").open("wb", buffering=0) as file:
                    while file.write(bytes(4096)):
                        pass
            before = set(place.rglob("*"))
            done = forked(words, base, limit=256 if limit else None)
            said = last(done)
            must(done.code == 2 and said.count(LARGE if limit else FULL) == 1, f"{done}")
            for left in set(place.rglob("*")) - before:
                is_whole = left.is_dir() or left.read_bytes() == (kept / left.name).read_bytes()
                must(is_whole, f"{left} is left")  # one of two files may be
            must((verb == "report") == (" then " in said), said)
        return done.code, said, "nothing of it"

    return tries


def read_only(base: Path) -> tuple[int, str, str]:
    """Run on a disk that may not be written."""
    place = base / "read-only"
    with disk(place, 64):
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        done = forked([*RUNS["run"], "--out", str(place / "a" / "r")], base)
        must(not list(place.iterdir()), "something is left")
    said = last(done)
    must(done.code == 2 and said.count("the file system is read-only; make it writable") == 1, said)
    must(said.endswith("choose another folder with --out"), said)
    return done.code, said, "nothing"


def cases() -> list[Case]:
    """Return all of them."""
    found = [Case("a disk that is read-only", "run", read_only)]
    for verb in RUNS:
        is_search = verb == "tune"
        for size in SEARCH_SIZES if is_search else SIZES:
            found.append(Case(f"a disk of {size:,} kB", verb, small(verb, size)))
        for size in SEARCH_LIMITS if is_search else LIMITS:
            found.append(Case(f"files of {size:,} kB at most", verb, limited(verb, size)))
    for verb in ("predict", "check", "report"):
        found.append(Case("a disk that is full", f"{verb}, its file", no_room(verb, limit=False)))
        found.append(
            Case("files of 256 bytes at most", f"{verb}, its file", no_room(verb, limit=True))
        )
    for verb in (*RUNS, *SHOWS):
        for name, out, err in (("stdout", 1, 0), ("stderr", 0, 1), ("both", 1, 1)):
            tries = unheard(verb, out=bool(out), err=bool(err), pipe=False)
            found.append(Case(f"{name} /dev/full", verb, tries))
        for name, out, err in (("stdout", 1, 0), ("stderr", 0, 1)):
            tries = unheard(verb, out=bool(out), err=bool(err), pipe=True)
            found.append(Case(f"{name} into head -1", verb, tries))
    return found


def drawn(seed: int) -> list[Case]:
    """Return the read-only disk, a small one, a limit and an output, all of quick commands."""
    draw, (first, *rest) = random.Random(seed), cases()
    quick = [one for one in rest if one.command in ("run", "check")]
    disks = [one for one in quick if one.full.startswith("a disk")]
    limits = [one for one in quick if one.full.startswith("files")]
    outputs = [one for one in quick if one not in (*disks, *limits)]
    return [first, *map(draw.choice, (disks, limits, outputs))]


def tried(base: Path, case: Case) -> tuple[str, str, str]:
    """Return exit code, sentence and rest of a case, or what is wrong with it."""
    try:
        code, said, left = case.tries(base)
    except Wrong as wrong:
        return "WRONG", str(wrong).replace("\n", " ")[:600], ""
    said = said.replace(str(base), "/disk").replace("|", r"\|")
    return str(code), said, left


def imported() -> None:
    """Import what commands import, so that those that are forked need not."""
    import torch

    torch.set_num_threads(1)
    from brique.workbench import check, evaluate, predict, report, training, tune

    _ = check, evaluate, predict, report, tune
    training._import()


def as_root() -> None:
    """Begin again as root of our own mounts, where we are not."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "tmpfs", folder]
        if subprocess.run(command, capture_output=True).returncode == 0:
            subprocess.run(["umount", folder], check=True)
            return
    if "--again" in sys.argv:
        sys.exit("nobody may mount a tmpfs here")
    os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv, "--again"])


def main() -> None:
    """Try them, and write or print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sample", type=int, help="only some, drawn by this number")
    parser.add_argument("--only", default="", help="only those whose names hold this; print them")
    parser.add_argument("--again", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    as_root()
    imported()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    some = cases() if asked.sample is None else drawn(asked.sample)
    some = [one for one in some if asked.only in f"{one.command}: {one.full}"]
    rows: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder).resolve()
        write_table(base)
        for case in some:
            found = tried(base, case)
            rows.append(f"| {case.full} | {case.command} | {' | '.join(found)} |")
            print(rows[-1], flush=True)
    wrong = sum("| WRONG |" in row for row in rows)
    if asked.sample is None and not asked.only:
        table = ["| what is full | command | exit code | what is said | what is left |"]
        table += ["|---|---|---|---|---|", *rows]
        head = (
            "# Full and closed\n\nSmall commands with too little room, by `python"
            f" benchmarks/full.py`. {len(rows)} cases, {wrong} wrong.\n\n"
        )
        (HERE / "full.md").write_text(head + "\n".join(table) + "\n")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
