"""From data to a judged model: makes the plan, audits, runs the task's training file, reports."""

import math
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
from brique.data.said import spelled
from brique.errors import UsageError, nearest
from brique.run import Launch, add_seconds, launched, read_run
from brique.run.claim import check_free, hold
from brique.run.start import pick_device
from brique.schema import Text
from brique.voice import tell
from brique.workbench import languages
from brique.workbench.opened import FREE, form_of, opened, with_shape
from brique.workbench.plan import (
    Wishes,
    plan,
    plan_generate,
    plan_reconstruct,
    seconds_a_turn,
    shortened,
)
from brique.workbench.plan_fields import plan_fields
from brique.workbench.plan_regions import plan_detect, plan_segment
from brique.workbench.plan_sequences import plan_forecast, plan_tag, plan_translate


def train(
    source: str | Path,
    *,
    seed: int = 0,
    minutes: float = 10.0,
    epochs: int | None = None,
    start: str | Path | None = None,
    freeze: bool = False,
    folds: int | None = None,
    balance: str = "none",
    task: str | None = None,
    out: str | Path | None = None,
    device: str | None = None,
    exact: bool = False,
    quick: bool = False,
    **options: Any,  # noqa: ANN401 - each has a type of its own, in `brique.data.open`
) -> Path:
    """Train a net on a data set, judge it on the test part, and return the run's folder.

    source: built-in name, name of a folder under BRIQUE_DATA, or path.
    seed: of everything random.
    minutes: that training may take; the plan is made for them, above 0.
    epochs: how often each training example is seen, whatever the time; by default the plan says.
    start: published weights (.safetensors) or an earlier run to start from; by default a new net.
    freeze: of such a start, only a new head learns.
    folds: train so many nets, each judged on another part of the data; the minutes are for all.
        Returned is a folder with a run for each, fold-1 and so on, and a report of all together.
    balance: "weights" makes mistakes in rare classes cost more, "sampler" shows them more often. In
        both cases a net takes all classes for equally common: it names rare ones more readily, and
        its probabilities are those of data in which classes are equally common; to have them for
        data like these, multiply each by the share of its class, and divide by the sum.
    task: what the data do not say: "reconstruct" squeezes pictures through a few numbers and
        rebuilds them, "generate" makes new ones; they need no target. By default the targets say
        what is to be learnt.
    out: folder of the run; by default a new one in runs/.
    device: "cpu", "cuda", "mps"; by default the fastest there is.
    exact: bit for bit the same each time, also where that is slower.
    quick: some seconds of training, to see that all works.
    options: those of `brique.data.open`, such as size=, group=, rename=; the run's settings hold
        them, so that `resume`, `evaluate` and a copy of the run open the data the same way.
    Raises DataError on data that cannot be used, UsageError on settings that cannot.
    """
    _check(minutes, epochs, freeze=freeze, start=start)
    _check_choices(balance, task, start=start)
    folder = None if out is None else Path(out)
    flags = {
        "seed": seed, "minutes": minutes if minutes != 10 else None, "epochs": epochs,
        "from": start, "freeze": freeze, "folds": folds,
        "balance": balance if balance != "none" else None, "task": task, "out": out,
        "device": device, "exact": exact, "quick": quick,
    }  # fmt: skip
    said = spelled(options)
    wishes = Wishes(
        source=str(source), seed=seed, minutes=minutes, epochs=epochs, options=said, freeze=freeze,
        balance=balance, task=task,
    )  # fmt: skip
    order = Order(
        wishes=wishes, start=None if start is None else str(start), device=device, exact=exact,
        quick=quick, command=command_line("train", source, said, flags),
    )  # fmt: skip
    if folds is None:
        return train_once(order, folder)
    from brique.workbench.folds import train_folds

    return train_folds(order, folds, folder)


PLANS = {
    "classify": plan,
    "reconstruct": plan_reconstruct,
    "generate": plan_generate,
    "fields": plan_fields,
    "forecast": plan_forecast,
    "tag": plan_tag,
    "translate": plan_translate,
    "segment": plan_segment,
    "detect": plan_detect,
}
"""By training file: a function of data and wishes to its settings."""


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
        module = catalog.load_train(form_of(found, "train", wishes.task))
    with spent.on("planning"):
        settings, estimate = _planned(module, found, wishes, device, quick=quick)
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
        page.write(read_run(folder), made.opened)
        add_seconds(folder, {"report": time.perf_counter() - begun})
    return folder


def _check(minutes: float, epochs: int | None, *, freeze: bool, start: object) -> None:
    if not 0 < minutes < math.inf:
        raise UsageError(
            f"train: minutes must be above 0 and finite, not {minutes:g}; say how long it may take."
        )
    if epochs is not None and epochs < 1:
        raise UsageError(f"train: epochs must be 1 or more, not {epochs}.")
    if freeze and start is None:
        raise UsageError(
            "train: --freeze keeps what weights know, and there are none; name them with --from."
        )


def _check_choices(balance: str, task: str | None, *, start: object) -> None:
    known = ("none", "weights", "sampler")
    if balance not in known:
        hint = nearest(balance, known) or "; choose one"
        listed = ", ".join(known)
        raise UsageError(f"train: --balance must be one of {listed}, not '{balance}'{hint}")
    if task is not None and task not in FREE:
        hint = nearest(task, FREE) or "; what else there is, the targets say: leave it out"
        raise UsageError(f"train: --task must be one of {', '.join(FREE)}, not '{task}'{hint}")
    if task is not None and start is not None:
        raise UsageError(
            f"train: --from is for nets that name things, not for --task {task}; leave one of both"
            " out."
        )


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
    module: ModuleType, found: Data, wishes: Wishes, device: torch.device, *, quick: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings, and the estimate of what training takes, told to the user."""
    form = form_of(found, "train", wishes.task)
    settings = PLANS[form](found, wishes)
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
    what = "pictures" if form in ("classify", *FREE) else "examples"
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
