"""Kills in the phases of a run, and what a resumed run has other than one never stopped.

    python tests/killing.py FOLDER SEED COUNT brique's words ...

runs brique in FOLDER, killed COUNT times by SEED; says what differs, with exit code 1 if anything
does. Runs are forks of a process that has imported all they use: `preload` before the first.
"""

import json
import os
import random
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSED = ("beginning", "training")
"""Phases in which no kill is drawn: before a run's first file, and in its turns."""
LONG = 0.3  # seconds of a phase in which a kill may come at a moment
ALL = 10**9  # an operation that none reaches
_WRITES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir")
_TIMES = {"checksum", "started", "seconds"}
_TIME = re.compile(r"\d[\d,.]* (?:s|seconds?|minutes?)\b|\d{4}-\d\d-\d\d, \d\d:\d\d")
_SECONDS = re.compile(
    r"<figure><h3>[^<]* took (?:most of the time|the longest).*?</figure>", re.DOTALL
)


@dataclass
class Whole:
    """A run that was never stopped.

    words: of brique, without the folder. stages: that it has.
    places: its operations on the disk by phase. spans: seconds of each phase.
    """

    folder: Path
    words: list[str]
    stages: int
    places: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    spans: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class Kill:
    """A place to strike: before an operation of a phase, counted from 1, or after so many seconds.

    again: before which operation the resume is killed too; 0: it is not.
    """

    phase: str
    number: int
    seconds: float
    again: int

    def said(self, run: Whole) -> str:
        """Return the place in words, without process ids."""
        if not self.number:
            return f"{self.seconds:.2f} s after its begin"
        place = run.places[self.phase][self.number - 1]
        return re.sub(r"\.\d+\.(part|old)", r".PID.\1", place)


def preload() -> None:
    """Import what trainings, recipes and searches use."""
    import optuna
    import torch

    from brique import cli, workbench
    from brique.workbench import training, tune

    torch.set_num_threads(1)
    training._import()  # pyright: ignore[reportPrivateUsage]
    _ = cli, optuna, workbench, tune


def small(folder: Path) -> Path:
    """Write a table of two numbers and a class, and return its path."""
    lines = [f"{number % 7},{number * 5 % 11},{'ab'[number % 7 > 3]}" for number in range(150)]
    (folder / "table.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    return folder / "table.csv"


def whole(folder: Path, words: list[str], stages: int) -> Whole:
    """Run a work without a stop, and take note of all places where it could be killed."""
    found = Whole(folder, words, stages)
    if code := ended(started(found, folder, words, "", 0)):
        raise AssertionError(f"{words}: code {code}: {said(folder)}")
    before, since = "", 0.0
    for line in Path(f"{folder}.places").read_text().splitlines():
        phase, place, moment = line.split("\t")
        found.places.setdefault(phase, []).append(place)
        if phase != before:
            if before:
                found.spans[before] = max(found.spans.get(before, 0.0), float(moment) - since)
            before, since = phase, float(moment)
    return found


def outside(run: Whole) -> list[str]:
    """Return the phases of a run that are outside of its turns; a search's are also of its runs."""
    return [one for one in run.places if one.split(": ")[-1] not in PASSED or ": beg" in one]


def drawn(run: Whole, count: int, draw: random.Random) -> list[Kill]:
    """Draw kills, by turns in each phase of a run that is outside of its turns."""
    known = outside(run)
    draw.shuffle(known)
    kills: list[Kill] = []
    for number in range(count):
        phase = known[number % len(known)]
        span, again = run.spans.get(phase, 0.0), draw.randint(1, 9) if number % 3 == 1 else 0
        is_long = span > LONG and not (phase.endswith("opening") and "training" in run.places)
        if is_long and draw.random() < 0.5:  # turns follow the opening of a run
            kills.append(Kill(phase, 0, 0.6 * span * draw.random(), again))
        else:
            kills.append(Kill(phase, draw.randint(1, len(run.places[phase])), 0.0, again))
    return kills


def tried(run: Whole, out: Path, kill: Kill) -> tuple[str, list[int], list[str]]:
    """Kill a work and go on with it.

    Returns the phase that it was killed in, the codes of all processes, and what differs.
    """
    codes = [_struck(run, out, kill)]
    there = phase_now(out, run.stages)
    is_begun = any((out / one).exists() for one in ("run.json", "tune.json"))
    words = ["resume"] if is_begun else run.words
    if kill.again:
        codes.append(ended(started(run, out, words, "", kill.again)))
    codes.append(ended(started(run, out, words, "", ALL)))
    found = [said(out)] if codes[-1] else differences(run.folder, out)
    found += [f"was not killed in {kill.phase}"] * (codes[0] != -signal.SIGKILL)
    return there, codes, found


def _struck(run: Whole, out: Path, kill: Kill) -> int:
    """Run a work until it is killed; return its exit code."""
    child = started(run, out, run.words, kill.phase, kill.number or ALL)
    if kill.number:
        return ended(child)
    since = None
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        is_there = phase_now(out, run.stages) == kill.phase
        if since is None and is_there:
            since = time.monotonic()
        if since is not None and (not is_there or time.monotonic() - since >= kill.seconds):
            os.kill(child, signal.SIGKILL)  # where the phase was shorter than once, after it
            break
        time.sleep(0.005)
    return ended(child)


def started(run: Whole, out: Path, words: list[str], phase: str, number: int) -> int:
    """Fork a process that runs brique; return its id.

    SIGKILL ends it before the number-th operation on the disk in `out` while the run is in a phase,
    in any for ""; with 0 it writes down all operations.
    """
    sys.stdout.flush()
    out.parent.mkdir(parents=True, exist_ok=True)
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        os.chdir(out.parent)
        file = os.open(f"{out}.said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        _watch(out, run.stages, phase, number)
        out_flag = ["--out"] if words == run.words else []
        sys.argv = ["brique", *words, *out_flag, out.name]  # of one name, which the pages show
        from brique.cli import main

        code = main()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def ended(child: int) -> int:
    """Wait for a process; return its exit code, below 0 the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def said(out: Path) -> str:
    """Return the end of what the last process said of a folder."""
    return Path(f"{out}.said").read_text(errors="replace").strip()[-500:]


def phase_of(folder: Path, stages: int) -> str:
    """Return the phase in which a run, or a search, is by what its folder holds.

    stages: that the run has.
    """
    if (folder / "tune.json").exists():
        return _phase_of_search(folder)
    if not (folder / "run.json").exists():
        return "beginning"
    if not (folder / "data.json").exists():
        return "opening"
    names = sorted(os.listdir(folder / "checkpoints")) if (folder / "checkpoints").exists() else []
    ends = [name for name in names if name.startswith("stage-")]
    if any(name.startswith(".stage-") for name in names):
        return "end of a stage"
    if len(ends) < stages:
        log, end = folder / "log.jsonl", folder / "checkpoints" / ends[-1] if ends else None
        is_between = end is not None and log.stat().st_mtime_ns <= end.stat().st_mtime_ns
        return "between stages" if is_between else "training"
    if json.loads((folder / "run.json").read_text())["state"] == "finished":
        return "after" if (folder / "report.html").exists() else "report"
    there = os.listdir(folder)
    return "saving" if "arrays" in there or any("model" in name for name in there) else "evaluation"


def phase_now(folder: Path, stages: int) -> str:
    """Return the phase in which a run is that another process writes."""
    try:
        return phase_of(folder, stages)
    except (OSError, ValueError):  # a file has just gone
        return ""


def _phase_of_search(folder: Path) -> str:
    found = json.loads((folder / "tune.json").read_text())
    if found["result"]:
        return "after" if (folder / "report.html").exists() else "report"
    if "plan" not in found:
        return "opening"
    runs = [one for kind in ("trial", "again", "final") for one in sorted(folder.glob(f"{kind}*"))]
    if not runs:
        return "planned"
    phase = phase_of(runs[-1], 1)
    return f"{runs[-1].name.split('-')[0]}: {phase}"


def _watch(folder: Path, stages: int, phase: str, number: int) -> None:
    """Let SIGKILL end this process before an operation in a folder; see `started`."""
    listed, counted = Path(f"{folder}.places"), 0

    def strike(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal counted
        if event not in _WRITES:
            return
        path = _path(event, arguments)
        if path is None or not path.startswith(f"{folder}{os.sep}"):
            return
        now = phase_now(folder, stages)
        if not number:
            name = f"{event.removeprefix('os.')} {path.removeprefix(str(folder) + os.sep)}"
            with listed.open("a") as file:
                file.write(f"{now}\t{name}\t{time.monotonic()}\n")
        elif phase in (now, ""):
            counted += 1
            if counted == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(strike)


def _path(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Return the path that an operation changes; None where it changes none."""
    path, above = arguments[0], arguments[-1] if event in ("os.remove", "os.rmdir") else -1
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
        return None
    if not isinstance(path, str | os.PathLike):
        return None
    return os.path.abspath(path) if above < 0 else f"{os.readlink(f'/proc/self/fd/{above}')}/{path}"


def differences(whole: Path, other: Path) -> list[str]:
    """Return what a run's folder has other than that of the run that was never stopped, by name.

    Times, dates and process ids may differ, and which moments of the training are kept.
    """
    before, now = _content(whole), _content(other)
    found = [f"{name} is missing" for name in before.keys() - now.keys()]
    found += [f"{name} is left" for name in now.keys() - before.keys()]
    found += [name for name in before.keys() & now.keys() if before[name] != now[name]]
    return sorted(found)


def _content(folder: Path) -> dict[str, object]:
    """Return what a folder holds by name, without what may differ."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or "/turn-" in f"/{name}":
            continue
        found[name] = _KINDS.get(path.name, Path.read_bytes)(path)
    for name in [name for name in found if name.endswith("manifest.json")]:
        listed = json.loads((folder / name).read_text())["files"]
        found[name] = {one: entry for one, entry in listed.items() if one != "state.json"}
    return found


def _record(path: Path) -> object:
    return _untimed(json.loads(path.read_text()))


def _untimed(value: Any) -> object:
    """Return JSON without what times and dates decide."""
    if isinstance(value, dict):
        return {name: _untimed(one) for name, one in value.items() if name not in _TIMES}
    return [_untimed(one) for one in value] if isinstance(value, list) else value


def _state(path: Path) -> object:
    """Return what a checkpoint says, without its number and the seconds."""
    value = json.loads(path.read_text())["state"]["dict"]
    return [pair for pair in value if pair[0] not in ("index", "training_seconds")]


def _page(path: Path) -> str:
    return _TIME.sub("(time)", _SECONDS.sub("", path.read_text()))


def _trials(path: Path) -> object:
    """Return the trials of a search's database."""
    import optuna

    url = f"sqlite:///{path.resolve()}"
    (name,) = optuna.get_all_study_names(url)
    trials = optuna.load_study(study_name=name, storage=url).trials
    return [(one.number, one.state.name, one.value, one.params) for one in trials]


_KINDS: dict[str, Callable[[Path], object]] = {
    "run.json": _record,
    "tune.json": _record,
    "state.json": _state,
    "report.html": _page,
    "tune.db": _trials,
}


def main() -> int:
    """Kill and resume as the module says; print a line for each kill."""
    base, seed, count, *words = sys.argv[1:]
    preload()
    run = whole(Path(base).resolve() / "whole" / "run", words, 1)
    is_equal = True
    for number, kill in enumerate(drawn(run, int(count), random.Random(int(seed)))):
        there, codes, found = tried(run, run.folder.parents[1] / str(number) / "run", kill)
        print(f"{there}, before {kill.said(run)}: codes {codes}, {found or 'equal'}", flush=True)
        is_equal &= not found
    return int(not is_equal)


if __name__ == "__main__":
    sys.exit(main())
