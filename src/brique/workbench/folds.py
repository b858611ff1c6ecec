"""K-fold cross-validation: one network per fold, and the aggregated results."""

import json
import math
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from brique import files, interrupts, reader
from brique.console import notify
from brique.data.opening import redirect_roots
from brique.errors import RunError, StoreError
from brique.page.folds import write_folds
from brique.planning import Request
from brique.run import read_run
from brique.run.claim import check_free, check_inside, claim, reopen
from brique.run.data_files import compare_data_files, write_data
from brique.tasks.table import TASKS
from brique.workbench.resume_run import resume_run
from brique.workbench.settings import read_settings
from brique.workbench.training import train_once
from brique.workbench.training_data import open_training_data

FILE = "folds.json"  # in the folder of such a training: what it is, and what was found


def train_folds(request: Request, count: int, folder: Path | None) -> Path:
    """Train a net for each fold and return the folder of all their runs.

    folder: None: a new one in runs/. One that holds the same training goes on: folds that have
        finished stay as they are, the one that was stopped is resumed.
    Raises DataError where the data cannot be cut so, RunError where the folder holds other things.
    """
    arguments = {"folds": count, **request.to_json()}
    if folder is not None and (folder / FILE).is_file():
        if _read(folder).get("request") != json.loads(json.dumps(arguments)):
            raise RunError(
                f"{folder}: holds the folds of another training; name another folder with --out."
            )
        with reopen(folder), _checked_data(folder, "train"):
            return _train_and_summarize(request, count, folder)
    check_free(folder)
    dataset, _ = open_training_data(request.source, request.options, "train")
    dataset.fold(1, count)  # raises before anything is written
    initial_files = {FILE: files.to_sealed_json({"request": arguments, "result": {}})}
    folder, lock = claim(folder, f"{dataset.name}-folds", initial_files)
    with lock:
        write_data(folder, dataset)
        return _train_and_summarize(request, count, folder)


def resume_folds(
    folder: Path, *, trust: bool, finish: bool, device: str | None, changed: bool = False
) -> Path:
    """Resume a cross-validation in a folder, and return the folder.

    trust, device, changed: for each fold, as for `resume`; a fold not yet started runs installed
        code. With `changed`, folds.json records how the data differ.
    finish: stop the current fold, start no other, and aggregate the finished folds.
    Raises RunError when the folder does not hold such a training, or has too few folds to finish.
    """
    request, count = _read_arguments(folder)
    request = replace(request, device=device or request.device)
    with reopen(folder):
        if is_finished(folder):
            return folder
        with _checked_data(folder, "resume", changed=changed):
            if not finish:
                return _train_and_summarize(request, count, folder, trust=trust, changed=changed)
            started = _started_folders(folder, count)
            with interrupts.resumable(folder):
                for fold_folder in started:
                    resume_run(
                        fold_folder,
                        trust=trust,
                        finish=True,
                        device=request.device,
                        changed=changed,
                    )
                return _write_result(request, folder, started)


def _read_arguments(folder: Path) -> tuple[Request, int]:
    """Return the request of a cross-validation, and the number of folds. Raises RunError."""
    arguments = _read(folder).get("request")
    try:
        values = dict(cast("dict[str, Any]", arguments))
        count = values.pop("folds")
        request = Request(**read_settings(values, Request, f"{FILE} of {folder}"))
        if not isinstance(count, int) or count < 2:
            raise ValueError(f"folds are {count!r:.80}")
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RunError(
            f"{folder / FILE}: is not as brique writes it ({error}); start a new training."
        ) from error
    return request, count


@contextmanager
def _checked_data(folder: Path, verb: str, *, changed: bool = False) -> Iterator[None]:
    """Check that the data are unchanged since the folds started, and open them at their paths."""
    locations, differences = compare_data_files(folder, verb, changed=changed)
    if differences:
        content = _read(folder)
        content["changed"] = [*content.get("changed", []), *differences]
        files.write_sealed(folder / FILE, content)
    with redirect_roots(locations):
        yield


def is_finished(folder: Path) -> bool:
    """Tell whether all folds of a cross-validation have finished. Raises RunError."""
    (_, count), result = _read_arguments(folder), _read(folder).get("result")
    fold_folders = [folder / f"fold-{number}" for number in range(1, count + 1)]
    if not result or result.get("folds") != count or not (folder / "report.html").is_file():
        return False
    return all(
        (fold_folder / "run.json").is_file()
        and read_run(check_inside(fold_folder)).state == "finished"
        for fold_folder in fold_folders
    )


def _train_and_summarize(
    request: Request, count: int, folder: Path, *, trust: bool = False, changed: bool = False
) -> Path:
    with interrupts.resumable(folder):
        return _write_result(
            request, folder, _train_each(request, count, folder, trust=trust, changed=changed)
        )


def _train_each(
    request: Request, count: int, folder: Path, *, trust: bool, changed: bool
) -> list[Path]:
    """Train each fold that has not finished; return the folders of all."""
    minutes = request.minutes / count
    fold_folders = [check_inside(folder / f"fold-{number}") for number in range(1, count + 1)]
    for number, fold_folder in enumerate(fold_folders, 1):
        if (fold_folder / "run.json").is_file():
            # a finished one stays as it is
            resume_run(fold_folder, trust=trust, device=request.device, changed=changed)
        else:
            options = request.options.replace(fold=(number, count))
            train_once(replace(request, minutes=minutes, options=options), fold_folder)
    return fold_folders


def _started_folders(folder: Path, count: int) -> list[Path]:
    """Return the folders of the started folds. Raises RunError below two."""
    fold_folders = [check_inside(folder / f"fold-{number}") for number in range(1, count + 1)]
    started = [fold_folder for fold_folder in fold_folders if (fold_folder / "run.json").is_file()]
    if len(started) < 2:
        hint = (
            f", or finish that one alone with '{interrupts.resume_command(started[0])} --finish'"
            if started
            else ""
        )
        raise RunError(
            f"resume: {folder} has started {len(started)} of {count} folds, and a standard"
            f" deviation needs two; go on without --finish{hint}."
        )
    if len(started) < count:
        command = interrupts.resume_command(folder)
        notify(f"{len(started)} of {count} folds are in the result; '{command}' trains the others.")
    return started


def _write_result(request: Request, folder: Path, fold_folders: list[Path]) -> Path:
    """Write what the finished folds reach together, and return their folder."""
    result = aggregate([read_run(fold_folder).result for fold_folder in fold_folders])
    content = _read(folder) | {"result": result}
    files.write_sealed(folder / FILE, content)
    write_folds(folder, request.command, result, TASKS[result["task"]])
    return folder


def aggregate(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the metrics of k nets, aggregated over folds, as JSON values.

    results: values of each run, as its task's `evaluate` returns them.
    Returns "task", "folds", "examples"; "test", "std" and "interval": mean of each metric, its
    standard deviation over folds and the 95% interval of the mean; "baseline": mean and std of the
    main metric of each baseline; "by_fold": main metric and number of examples of each fold.
    """
    task = TASKS[results[0]["task"]]
    main_metric = task.main_metric.name
    metric_names = [
        name for name in results[0]["test"] if all(_has_score(one["test"], name) for one in results)
    ]
    columns = {name: [float(one["test"][name]) for one in results] for name in metric_names}
    baselines = {
        name: [float(one["baseline"][name][main_metric]) for one in results]
        for name in results[0]["baseline"]
        if all(_has_score(one["baseline"].get(name, {}), main_metric) for one in results)
    }
    return {
        "task": results[0]["task"],
        "folds": len(results),
        "examples": sum(int(one["examples"]) for one in results),
        "test": {name: statistics.fmean(column) for name, column in columns.items()},
        "std": {name: statistics.stdev(column) for name, column in columns.items()},
        "interval": {
            name: list(interval(column, task.bounds.get(name, (0.0, 1.0))))
            for name, column in columns.items()
        },
        "baseline": {
            name: {main_metric: statistics.fmean(one), "std": statistics.stdev(one)}
            for name, one in baselines.items()
        },
        "by_fold": [
            {main_metric: one["test"][main_metric], "examples": one["examples"]} for one in results
        ],
    } | _data_errors(results)


def _data_errors(results: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what the audits of all folds found that falsifies a result, if there is any."""
    reasons = list(
        dict.fromkeys(reason for result in results for reason in result.get("trust_errors", []))
    )
    return {"trust_errors": reasons} if reasons else {}


def _has_score(scores: dict[str, Any], name: str) -> bool:
    """Tell whether a fold has a score: of a class that its test lacks there may be none."""
    return isinstance(scores.get(name), int | float)


def interval(scores: list[float], bounds: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    """Return the 95% interval of the mean score of k folds.

    bounds: between which the score lies, and so its interval too.
    Folds share most of their training examples, so that they vary less than new data would: the
    variance is taken times 1/k + 1/(k - 1).
    Source: Nadeau, Bengio 2003, "Inference for the generalization error".
    """
    from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs]

    k = len(scores)
    t_quantile = float(cast("Any", stdtrit)(k - 1, 0.975))
    half_width = t_quantile * statistics.stdev(scores) * math.sqrt(1 / k + 1 / (k - 1))
    mean = statistics.fmean(scores)
    return max(bounds[0], mean - half_width), min(bounds[1], mean + half_width)


def _read(folder: Path) -> dict[str, Any]:
    """Return what folds.json holds. Raises RunError when it is damaged."""
    try:
        return reader.read_sealed(folder / FILE)
    except StoreError as error:
        raise RunError(f"{error}; restore the file, or start a new training.") from error
