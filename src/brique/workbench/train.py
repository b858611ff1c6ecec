"""Trains a net on data: once, or for each fold."""

import math
from pathlib import Path
from typing import Any

from brique.errors import UsageError, did_you_mean
from brique.options import Options, command_line
from brique.planning import Request
from brique.workbench.folds import train_folds
from brique.workbench.training import train_once
from brique.workbench.training_data import UNSUPERVISED_TASKS


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
    """Train a network on a data set, evaluate it on the test part, and return the run's folder.

    source: built-in name, name of a folder under BRIQUE_DATA, or path.
    seed: random seed.
    minutes: time budget for training, above 0.
    epochs: number of epochs, overriding the time budget; by default chosen by the plan.
    start: pretrained weights (.safetensors) or an earlier run; by default random initialization.
    freeze: with `start`, train only a new head.
    folds: number of cross-validation folds; the time budget covers all of them. Returns a folder
        with one run per fold (fold-1, ...) and a joint report.
    balance: class balancing: "weights" (in the loss) or "sampler" (oversampling). Both train for
        equal class priors: rare classes are predicted more often, and the probabilities assume
        equal priors; multiply them by the class frequencies and normalize to correct this.
    task: "reconstruct" (autoencoder) or "generate", for pictures without targets; by default the
        task is inferred from the targets.
    out: folder of the run; by default a new one in runs/.
    device: "cpu", "cuda" or "mps"; by default the fastest available.
    exact: deterministic, bit-identical results; may be slower.
    quick: train for a few seconds, as a trial.
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
