"""One training: opens the data, makes the plan, audits, runs the training file, reports."""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from brique import catalog, data, stopping, transfer
from brique.data import Data
from brique.data.audit import summary
from brique.planning import Wishes, seconds_a_turn, shortened
from brique.run import Launch, add_seconds, launched, read_run
from brique.run.claim import check_free, hold
from brique.run.start import pick_device
from brique.schema import Picture, Text
from brique.tasks.record import Task
from brique.tasks.table import TASKS
from brique.voice import tell
from brique.workbench import languages
from brique.workbench.opened import fitting, opened, with_shape


@dataclass(frozen=True, kw_only=True)
class Order:
    """All that a training is started with.

    start: weights or run to start from. command: as the user typed it.
    """

    wishes: Wishes
    start: str | None
    device: str | None
    exact: bool
    quick: bool
    command: str


def train_once(order: Order, folder: Path | None) -> Path:
    """Train one net, judge it, and return the run's folder.

    folder: of the run; None: a new one in runs/. Raises DataError, UsageError.
    """
    there = pick_device(order.device)
    check_free(folder)
    made = prepared(order.wishes, order.start, there, quick=order.quick)
    return train_prepared(order, made, folder)


def train_prepared(order: Order, made: "Made", folder: Path | None) -> Path:
    """Train the net of a plan, judge it, and return the run's folder; as `train_once`."""
    launch = Launch(
        out=folder,
        name=made.opened.name,
        quick=order.quick,
        device=order.device,
        exact=order.exact,
        command=order.command,
        facts=made.facts,
    )
    with launched(launch) as run:
        made.module.main(made.args)
    return _finished(run.folder, made)


class _Spent:
    """Seconds by part."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Count what the block takes."""
        begun = time.perf_counter()
        yield
        self.parts[part] = time.perf_counter() - begun


@dataclass(frozen=True)
class Made:
    """What is known before a run starts.

    module, args: the training file and its settings.
    facts: for run.json.
    """

    module: ModuleType
    args: Any  # the file's own Args
    opened: Data
    facts: dict[str, Any]
    spent: _Spent


def prepared(
    wishes: Wishes, start: str | Path | None, device: torch.device, *, quick: bool
) -> Made:
    """Open the data, make the plan, audit."""
    spent = _Spent()
    with spent.on("imports"):
        _import()
    with spent.on("opening"):
        found, wishes, started = _opened(wishes, start)
        task, name = fitting(found, "train", wishes.task)
        module = catalog.load_train(name)
    with spent.on("planning"):
        settings, estimate = _planned(task, module, found, wishes, device, quick=quick)
    with spent.on("audit"):
        audit = summary(found)
        _say_findings(found.name, audit["findings"])
    facts = {"audit": audit, "estimate": estimate, "start": started}
    return Made(module, module.Args(**settings), found, facts, spent)


def _finished(folder: Path | None, made: Made) -> Path:
    """Write the report, and what each part took; return the run's folder."""
    from brique import page

    assert folder is not None
    with hold(folder), stopping.work(folder):
        add_seconds(folder, made.spent.parts)
        begun = time.perf_counter()
        record = read_run(folder)
        page.write(record, made.opened, TASKS.get(str(record.result.get("task"))))
        add_seconds(folder, {"report": time.perf_counter() - begun})
    return folder


def _import() -> None:
    """Import all libraries that a training uses: they take time.

    The optimizers, the classical baselines and the report would import theirs later.
    """
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.manifold
    import sklearn.svm
    import torch._dynamo

    from brique import page

    _ = sklearn.ensemble, sklearn.linear_model, sklearn.manifold, sklearn.svm, torch._dynamo, page


def _opened(wishes: Wishes, start: str | Path | None) -> tuple[Data, Wishes, dict[str, str] | None]:
    """Open the data, as the weights to start from take pictures if there are any.

    Returns the data, the wishes with all that must be said to open them so, and what is taken over
    from the weights.
    """
    if start is not None:
        source = transfer.resolved(start)
        options = with_shape(wishes.options, *transfer.wants(source))
        wishes = replace(wishes, start=source, options=options)
    alone = wishes.start is not None or wishes.task is not None  # these take pictures
    found, options = opened(wishes.source, wishes.options, "train", alone=alone, task=wishes.task)
    _say_left_out(found, options[len(wishes.options) :])
    wishes = replace(wishes, options=options)
    if wishes.start is None:
        return found, wishes, None
    known = transfer.start(wishes.start, found.schema)
    tell(f"{known.says}.")
    return found, wishes, {"says": known.says, "sha256": known.sha256}


def _planned(
    task: Task,
    module: ModuleType,
    found: Data,
    wishes: Wishes,
    device: torch.device,
    *,
    quick: bool,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings, and the estimate of what training takes, told to the user."""
    settings = task.plan(found, wishes)
    if quick:
        return settings | module.QUICK, {"seconds": None, "turns": module.QUICK["turns"]}
    planned = settings["turns"]
    per_turn = seconds_a_turn(module, settings, found, device)
    if per_turn * planned > 60 * wishes.minutes:  # too much, or was that a slow moment?
        if settings.get("halves"):
            settings["halves"] = False
        per_turn = min(per_turn, seconds_a_turn(module, settings, found, device))
    if wishes.epochs is None:
        settings = shortened(settings, per_turn, wishes.minutes)
    seconds = per_turn * settings["turns"]
    short = "" if settings["turns"] == planned else f", shortened from {planned:,} to fit"
    kinds = [found.schema[name] for name in found.schema.inputs]
    what = "pictures" if all(isinstance(one, Picture) for one in kinds) else "examples"
    tell(
        f"{settings['turns']:,} turns of {settings['batch_size']} {what}{short}; training"
        f" takes about {_words(seconds)}."
    )
    return settings, {
        "seconds": round(seconds, 1), "turns": settings["turns"], "planned": planned,
    }  # fmt: skip


def _words(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def _say_left_out(found: Data, more: tuple[str, ...]) -> None:
    """Tell which columns of a table the net does not see; more: what was said to leave them out."""
    if more and isinstance(found.schema[found.schema.inputs[0]], Text):
        tell(f"{found.name}: {languages.told(found, more)}")
    elif more:
        columns = ", ".join(data.options(more)["types"])
        tell(f"{found.name}: the net sees the pictures alone; left out: {columns}.")


def _say_findings(name: str, findings: list[dict[str, Any]]) -> None:
    """Tell what the audit found, errors and warnings, and what to do; the report has it all."""
    for finding in findings:
        if finding["severity"] != "note":
            said = f"{finding['severity']}: {finding['reason']} {finding['remedy']}"
            tell(f"{name}: {said}")


def command_line(
    verb: str, source: str | Path, said: tuple[str, ...], flags: dict[str, object]
) -> str:
    """Return the command line that does the same."""
    words = ["brique", verb, str(source)]
    for option in said:
        name, _, value = option.partition("=")
        words += ["--lower"] if option == "lower=yes" else [f"--{name}", value]
    for name, value in flags.items():
        if value is True:
            words.append(f"--{name}")
        elif value not in (None, False):
            words += [f"--{name}", str(value)]
    return shlex.join(words)
