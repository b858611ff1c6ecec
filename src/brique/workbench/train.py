"""Trains a net on data: once, or for each fold."""

import math
from pathlib import Path
from typing import Any

from brique.errors import UsageError, did_you_mean
from brique.options import Options, command_line
from brique.planning import Request
from brique.workbench.folds import train_folds
from brique.workbench.opened import UNSUPERVISED_TASKS
from brique.workbench.training import train_once


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
    chosen = Options().replace(**options)
    request = Request(
        source=str(source), options=chosen, seed=seed, minutes=minutes, epochs=epochs,
        start=None if start is None else str(start), freeze=freeze, balance=balance, task=task,
        device=device, exact=exact, quick=quick,
        command=command_line("train", source, chosen, flags),
    )  # fmt: skip
    return train_once(request, folder) if folds is None else train_folds(request, folds, folder)


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
    choices = ("none", "weights", "sampler")
    if balance not in choices:
        hint = did_you_mean(balance, choices) or "; choose one"
        listing = ", ".join(choices)
        raise UsageError(f"train: --balance must be one of {listing}, not '{balance}'{hint}")
    if task is not None and task not in UNSUPERVISED_TASKS:
        hint = (
            did_you_mean(task, UNSUPERVISED_TASKS)
            or "; what else there is, the targets say: leave it out"
        )
        raise UsageError(
            f"train: --task must be one of {', '.join(UNSUPERVISED_TASKS)}, not '{task}'{hint}"
        )
    if task is not None and start is not None:
        raise UsageError(
            f"train: --from is for nets that name things, not for --task {task}; leave one of both"
            " out."
        )
