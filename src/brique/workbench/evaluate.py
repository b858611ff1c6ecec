"""Evaluation of a run's model, on its own test part or on new data."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from brique.data import Data
from brique.data.opening import redirect_roots
from brique.errors import DataError, ModelError, UsageError
from brique.model import Model, load
from brique.options import Options
from brique.run import Record, read_run
from brique.run.data_files import compare_data_files, data_paths
from brique.run.start import pick_device
from brique.schema import Schema
from brique.tasks.table import TASKS
from brique.workbench.new_data import choose_part, describe_parts, open_new_data, select_part
from brique.workbench.run_data import baseline_data, find_duplicates, open_recorded_data
from brique.workbench.training_data import UNSUPERVISED_TASKS, open_run_data, run_options


def evaluate(
    run: str | Path,
    source: str | Path | None = None,
    *,
    part: str | None = None,
    device: str | None = None,
    trust: bool = False,
    changed: bool = False,
    **options: Any,  # noqa: ANN401 - each has a type of its own, in `brique.data.open`
) -> dict[str, Any]:
    """Evaluate the model of a run; return the results as JSON values.

    run: folder of a finished run.
    source: a data set as for `train`; by default the test part of the run's own data. All examples
        of new data are evaluated, unless test=, time= or fold= select a test part.
    part: part of new data to evaluate: "all", "train", "valid" or "test".
    device: "cpu", "cuda" or "mps"; by default "cpu".
    trust: whether the run's own source.py may be executed, if no installed code builds the net.
    changed: whether the run's own data may have changed since training.
    options: of `brique.data.open` for new data, such as target=, unless the columns of the model
        determine them; a run's own data are opened with the options of the run.
    Columns and classes of new data are matched by name, ignoring case. Examples of a class unknown
    to the model count as errors. Baselines are fitted on the run's own training part; if that is
    gone, only the constant baseline is given.
    Returns "run", the values of the task's `evaluate` ("task", "test", "interval" and more),
    "evaluated_on" (name of the data, part, number of examples), "seconds" and "notes" (caveats, one
    sentence each). "trust_errors" are reasons not to trust the result, found by the audit of the
    run or in new data. "train_duplicates" counts examples with the inputs of training examples;
    "unseen" has the metrics of the others.
    Raises DataError when the data do not fit the model; UsageError for options without new data.
    """
    started = time.perf_counter()
    given = Options().replace(**options)
    if source is None and (given.given() or part):
        name = next(iter(given.given()), "part")
        raise UsageError(
            f"evaluate: --{name} is for new data, but the run's own data are opened with the"
            " options of the run; name new data after the run, or leave the option out."
        )
    record = read_run(run)
    model = load(run, trust=trust, device=pick_device(device or "cpu"))
    schema = _schema(model)
    if source is None or (part is None and _is_run_data(record, source, given)):
        locations, _ = compare_data_files(record.folder, "evaluate", changed=changed)
        with redirect_roots(locations):
            values, notes = _evaluate_run_data(record, model, schema, is_named=source is not None)
        notes += [f"the data are read from {location}." for location in locations.values()]
    else:
        values, notes = _evaluate_new_data(record, model, source, given, part)
    task_seconds = values.pop("seconds")
    seconds = {"total": round(time.perf_counter() - started, 3), **task_seconds}
    return {"run": str(record.folder), **values, "seconds": seconds, "notes": notes}


def _schema(model: Model) -> Schema:
    """Return the schema of a model that can be evaluated. Raises ModelError on any other."""
    if model.task not in TASKS or model.schema is None:
        raise ModelError(
            f"evaluate: the model's task is '{model.task}', but only models of a known task can be"
            " evaluated; see the metrics of the run in its run.json."
        )
    return model.schema


def _run_source(record: Record) -> str:
    source = record.settings.get("data")
    if not isinstance(source, str):
        raise DataError(
            f"evaluate: {record.folder} does not record its data; name them after the run."
        )
    return source


def _is_run_data(record: Record, source: str | Path, options: Options) -> bool:
    """Tell whether a source is that of the run, opened with the same options."""
    recorded = run_options(record.settings).given()
    if any(recorded.get(name) != value for name, value in options.given().items()):
        return False
    run_source, path = str(record.settings.get("data")), Path(source).expanduser()
    if not os.path.exists(path):
        return run_source == str(source)
    location = data_paths(record.folder).get(run_source, Path(run_source).expanduser())
    return location.resolve() == path.resolve()


def _evaluate_run_data(
    record: Record, model: Model, schema: Schema, *, is_named: bool
) -> tuple[dict[str, Any], list[str]]:
    """Evaluate the test part of the run's own data."""
    dataset = open_run_data(_run_source(record), record.settings, schema)
    fingerprints = [entry["fingerprint"] for entry in record.json["data"]]
    notes: list[str] = []
    if dataset.fingerprint not in fingerprints:
        notes.append(
            f"{dataset.name} has changed since the run: its test part may hold examples that the"
            " net was trained on."
        )
    elif is_named:
        notes.append(
            f"{dataset.name} is the data set of the run, so only its held-out test part is"
            " evaluated; --part all evaluates all of it."
        )
    result = TASKS[model.task].evaluate(model.net, dataset, schema)
    evaluated_on = {"data": dataset.name, "part": "test", "examples": len(dataset.test)}
    values = {**result.values, **_data_errors(record.errors()), "evaluated_on": evaluated_on}
    return {**values, "seconds": result.seconds}, notes


def _evaluate_new_data(
    record: Record, model: Model, source: str | Path, options: Options, part: str | None
) -> tuple[dict[str, Any], list[str]]:
    """Evaluate new data, with baselines fitted on the run's own training part."""
    schema = _schema(model)
    part = choose_part(part, options)
    aligned = open_new_data(
        source,
        options,
        run_options(record.settings),
        schema,
        ignore_targets=model.task in UNSUPERVISED_TASKS,
    )
    run_data = open_recorded_data(record, schema)
    training_data = run_data or baseline_data(record, schema, aligned)
    dataset = select_part(aligned, part, options.fold, training_data)
    notes = [*aligned.notes, _describe_evaluated(dataset, part)]
    if run_data is None:
        notes.append(
            f"{dataset.name}: the training data of the run are gone or have changed, so only the"
            " constant baseline is given."
        )
    result = TASKS[model.task].evaluate(model.net, dataset, schema, compare=run_data is not None)
    evaluated_on = {"data": dataset.name, "part": part, "examples": len(dataset.test)}
    values = {**result.values, "evaluated_on": evaluated_on, "seconds": result.seconds}
    assert aligned.source is not None
    errors = [finding.reason for finding in aligned.source.findings if finding.severity == "error"]
    values |= _data_errors([*record.errors(include_parts=False), *errors])
    if run_data is not None and bool(
        (is_duplicate := find_duplicates(run_data, dataset.test, aligned)).any()
    ):
        values |= _duplicate_scores(model, dataset, is_duplicate)
        notes.insert(0, _duplicate_warning(values, dataset, is_duplicate))
    return values, notes


def _data_errors(errors: list[str]) -> dict[str, Any]:
    """Return the reasons not to trust a result, if any."""
    reasons = list(dict.fromkeys(errors))
    return {"trust_errors": reasons} if reasons else {}


def _describe_evaluated(dataset: Data, part: str) -> str:
    """Describe which examples are evaluated and which are skipped."""
    n = len(dataset.test)
    subject, verb = ("its only example", "is") if n == 1 else (f"all {n:,} examples", "are")
    skipped = ""
    if dataset.skipped:
        (first, reason), num_more = dataset.skipped[0], len(dataset.skipped) - 1
        skipped = f" Left out: {first} ({reason}){f' and {num_more:,} more' if num_more else ''}."
    if part == "all" and (parts := describe_parts(dataset)):
        hint = "--part test evaluates one part"
        return f"{dataset.name}: {subject} {verb} evaluated ({parts}); {hint}.{skipped}"
    if part == "all":
        return f"{dataset.name}: {subject} {verb} evaluated.{skipped}"
    subject = (
        f"the only example of its {part} part"
        if n == 1
        else f"the {n:,} examples of its {part} part"
    )
    return f"{dataset.name}: {subject} {verb} evaluated.{skipped}"


def _duplicate_scores(model: Model, dataset: Data, is_duplicate: Tensor) -> dict[str, Any]:
    """Return the number of duplicates of training examples, and the metrics of the others."""
    num_duplicates = int(is_duplicate.sum())
    unique = dataset.test.select(~is_duplicate)
    if not len(unique):
        return {"train_duplicates": num_duplicates}
    unique_data = replace(dataset, test=unique)
    result = TASKS[model.task].evaluate(model.net, unique_data, _schema(model), compare=False)
    return {
        "train_duplicates": num_duplicates,
        "unseen": {"examples": len(unique), **result.values["test"]},
    }


def _duplicate_warning(values: dict[str, Any], dataset: Data, is_duplicate: Tensor) -> str:
    """Return a warning with the number of duplicates, and the main metric of the others."""
    main = TASKS[values["task"]].main_metric
    message = (
        f"{dataset.name}: {values['train_duplicates']:,} of {len(is_duplicate):,} examples have the"
        " same inputs as training examples"
    )
    if "unseen" not in values:
        return f"{message}, so the metrics do not reflect new data."
    score = values["unseen"].get(main.name)
    score_text = "none" if score is None else f"{score:.1%}" if main.is_share else f"{score:.4g}"
    num_unseen = values["unseen"]["examples"]
    return f"{message}; on the {num_unseen:,} others {main.title} is {score_text}."
