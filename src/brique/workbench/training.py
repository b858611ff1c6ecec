"""One training: opens the data, makes the plan, audits, runs the training file, reports."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from brique import catalog, interrupts, transfer
from brique.console import notify
from brique.data import Data
from brique.data.audit import summary
from brique.options import Options
from brique.planning import Request, seconds_per_turn, shorten
from brique.run import Launch, add_seconds, launched, read_run
from brique.run.claim import check_free, lock_folder
from brique.run.start import pick_device
from brique.schema import Picture, Text
from brique.tasks.record import Task
from brique.tasks.table import TASKS
from brique.workbench import languages
from brique.workbench.training_data import choose_task, open_training_data


def train_once(request: Request, folder: Path | None) -> Path:
    """Train one network, evaluate it, and return the run's folder.

    folder: of the run; None: a new one in runs/. Raises DataError, UsageError.
    """
    device = pick_device(request.device)
    check_free(folder)
    return train_prepared(request, prepare(request, device), folder)


def train_prepared(request: Request, prepared: "Prepared", folder: Path | None) -> Path:
    """Train the network of a plan, evaluate it, and return the run's folder; as `train_once`."""
    launch = Launch(
        out=folder,
        name=prepared.data.name,
        quick=request.quick,
        device=request.device,
        exact=request.exact,
        command=request.command,
        facts=prepared.facts,
    )
    with launched(launch):
        prepared.module.main(prepared.args, prepared.data)
    assert launch.folder is not None
    write_report(launch.folder, prepared.data, prepared.seconds.parts)
    return launch.folder


class _Seconds:
    """Seconds by part."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Count what the block takes."""
        start = time.perf_counter()
        yield
        self.parts[part] = time.perf_counter() - start


@dataclass(frozen=True)
class Prepared:
    """What is known before a run starts.

    module, args: the training file and its settings.
    facts: for run.json.
    """

    module: ModuleType
    args: Any  # the file's own Args
    data: Data
    facts: dict[str, Any]
    seconds: _Seconds


def prepare(request: Request, device: torch.device) -> Prepared:
    """Open the data, make the plan, audit."""
    seconds = _Seconds()
    with seconds.on("imports"):
        _import()
    with seconds.on("opening"):
        data, request, started = _open_data(request)
        task, name = choose_task(data, "train", request.task)
        module = catalog.load_training_file(name)
    with seconds.on("planning"):
        settings, estimate = _planned(task, module, data, request, device)
    with seconds.on("audit"):
        audit = summary(data)
        _tell_findings(data.name, audit["findings"])
    facts = {"audit": audit, "estimate": estimate, "start": started}
    return Prepared(module, module.Args(**settings), data, facts, seconds)


def write_report(folder: Path, data: Data, seconds: Mapping[str, float]) -> None:
    """Write the report of a finished run, and the seconds that each part took."""
    from brique import page

    with lock_folder(folder), interrupts.resumable(folder):
        add_seconds(folder, seconds)
        begin = time.perf_counter()
        record = read_run(folder)
        page.write(record, data, TASKS.get(str(record.result.get("task"))))
        add_seconds(folder, {"report": time.perf_counter() - begin})


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


def _open_data(request: Request) -> tuple[Data, Request, dict[str, str] | None]:
    """Open the data, as the weights to start from take pictures if there are any.

    Returns the data, the request with all options that open them so, and what is taken over from
    the weights.
    """
    if request.start is not None:
        source = transfer.resolve_source(request.start)
        options = request.options.with_shape(*transfer.expected_input(source))
        request = replace(request, start=source, options=options)
    pictures_only = request.start is not None or request.task is not None  # these take pictures
    initial = request.options
    data, options = open_training_data(
        request.source, initial, "train", pictures_only=pictures_only, task=request.task
    )
    _tell_omitted(data, initial, options)
    request = replace(request, options=options)
    if request.start is None:
        return data, request, None
    pretrained = transfer.load_pretrained(request.start, data.schema)
    notify(f"{pretrained.summary}.")
    return data, request, {"description": pretrained.summary, "sha256": pretrained.sha256}


def _planned(
    task: Task,
    module: ModuleType,
    dataset: Data,
    request: Request,
    device: torch.device,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings, and the estimate of what training takes, told to the user."""
    settings = task.plan(dataset, request)
    if request.quick:
        return settings | module.QUICK, {"seconds": None, "turns": module.QUICK["turns"]}
    planned = settings["turns"]
    per_turn = seconds_per_turn(module, settings, dataset, device)
    if per_turn * planned > 60 * request.minutes:  # too much, or was that a slow moment?
        if settings.get("halves"):
            settings["halves"] = False
        per_turn = min(per_turn, seconds_per_turn(module, settings, dataset, device))
    if request.epochs is None:
        settings = shorten(settings, per_turn, request.minutes)
    seconds = per_turn * settings["turns"]
    shortening = "" if settings["turns"] == planned else f", shortened from {planned:,} to fit"
    kinds = [dataset.schema[name] for name in dataset.schema.inputs]
    noun = "pictures" if all(isinstance(one, Picture) for one in kinds) else "examples"
    notify(
        f"{settings['turns']:,} turns of {settings['batch_size']} {noun}{shortening}; training"
        f" takes about {_format_duration(seconds)}."
    )
    return settings, {
        "seconds": round(seconds, 1), "turns": settings["turns"], "planned": planned,
    }  # fmt: skip


def _format_duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


def _tell_omitted(dataset: Data, initial: Options, options: Options) -> None:
    """Tell which columns of a table the net does not see, beside the columns left out."""
    columns = [name for name in options.types or {} if name not in (initial.types or {})]
    if options != initial and isinstance(dataset.schema[dataset.schema.inputs[0]], Text):
        tokenization = options.unit != initial.unit
        message = languages.describe_options(dataset, columns, tokenization=tokenization)
        notify(f"{dataset.name}: {message}")
    elif columns:
        notify(f"{dataset.name}: the net sees the pictures alone; left out: {', '.join(columns)}.")


def _tell_findings(name: str, findings: list[dict[str, Any]]) -> None:
    """Tell what the audit found, errors and warnings, and what to do; the report has it all."""
    for finding in findings:
        if finding["severity"] != "note":
            message = f"{finding['severity']}: {finding['reason']} {finding['remedy']}"
            notify(f"{name}: {message}")
