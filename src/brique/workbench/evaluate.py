"""Judges the model of a run on test data."""

import time
from pathlib import Path
from typing import Any

import torch

from brique import data
from brique.data import Data
from brique.data.said import spelled
from brique.errors import DataError, ModelError, UsageError
from brique.model import Model, load
from brique.run import Record, read_run
from brique.run.start import pick_device
from brique.schema import Picture, Schema
from brique.tasks import classify
from brique.workbench.opened import as_taken, of_run, pictures


def evaluate(
    run: str | Path,
    source: str | Path | None = None,
    *,
    device: str | None = None,
    trust: bool = False,
    **options: Any,  # noqa: ANN401 - each has a type of its own, in `brique.data.open`
) -> dict[str, Any]:
    """Return what the model of a run reaches on the test part of a data set, as JSON values.

    run: folder of a run that has finished.
    source: a data set as for `train`; by default the one that the run was trained on.
    device: "cpu", "cuda", "mps"; by default the processor.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    options: those of `brique.data.open` for the other data, such as target=; a run's own data are
        opened as the run had them.
    Returns "run", what `brique.tasks.classify.judge` finds ("task", "test", "interval", "baseline"
    and more), "seconds" and "notes": sentences that a reader of the scores should know.
    Raises DataError when the data do not fit the model: classes are compared by name; UsageError
    for options without other data.
    """
    begun = time.perf_counter()
    said = spelled(options)
    if source is None and said:
        raise UsageError(
            f"evaluate: {said[0]} is for other data, and the run's own are opened as it had them;"
            " name other data after the run, or leave it out."
        )
    record = read_run(run)
    loaded = load(run, trust=trust, device=pick_device(device or "cpu"))
    schema = _schema(loaded)
    if source is None:
        opened = of_run(_own_source(record), record.settings, schema)
    else:
        opened, _ = pictures(source, as_taken(said, schema), "evaluate")
    notes = _notes(record, opened, own=source is None)
    fitting = _fitting(opened, schema)
    judged = classify.judge(loaded.net, fitting, names=schema[schema.target].names)
    if fitting is not opened:
        before, after = (each.schema[each.schema.inputs[0]].shape for each in (opened, fitting))
        notes.append(
            f"{opened.name}: pictures of {before[2]} x {before[1]} pixels are brought to the"
            f" {after[2]} x {after[1]} that the model takes."
        )
    seconds = {"total": round(time.perf_counter() - begun, 3), **judged.seconds}
    return {"run": str(record.folder), **judged.values, "seconds": seconds, "notes": notes}


def _schema(loaded: Model) -> Schema:
    """Return the schema of a model that classifies. Raises ModelError on any other."""
    if loaded.task != "classify" or loaded.schema is None:
        raise ModelError(
            f"evaluate: the model's task is '{loaded.task}', and only models that classify can be"
            " judged so far; see the numbers of the run in its run.json."
        )
    return loaded.schema


def _fitting(opened: Data, schema: Schema) -> Data:
    """Return the data with pictures of the shape that the model takes, prepared as by predict."""
    name, target = opened.schema.inputs[0], opened.schema.target
    field = schema[schema.inputs[0]]
    if not isinstance(field, Picture) or opened.schema[name].shape == field.shape:
        return opened
    splits = {"train": opened.train, "valid": opened.valid, "test": opened.test}
    pictures = [field.prepare(picture) for split in splits.values() for picture in split[name]]
    return data.arrays(
        image=torch.stack(pictures),
        label=torch.cat([torch.as_tensor(split[target]) for split in splits.values()]),
        classes=opened.schema[target].names,
        split=[part for part, split in splits.items() for _ in range(len(split))],
        name=opened.name,
    )


def _own_source(record: Record) -> str:
    named = record.settings.get("data")
    if not isinstance(named, str):
        raise DataError(f"evaluate: {record.folder} does not say which data it used; name them.")
    return named


def _notes(record: Record, opened: Data, *, own: bool) -> list[str]:
    """Say what a reader of the score should know."""
    before = [entry["fingerprint"] for entry in record.json["data"]]
    if own and opened.fingerprint not in before:
        return [
            f"{opened.name} has changed since the run: its test part may hold examples that the"
            " net was trained on."
        ]
    return []
