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
from brique.schema import Number, Picture, Schema
from brique.tasks import TASKS
from brique.workbench.opened import FREE, as_taken, of_run, opened


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
    Raises DataError when the data do not fit the model, or ask for something else than it answers:
    classes are compared by name; UsageError for options without other data.
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
        found = of_run(_own_source(record), record.settings, schema)
    else:
        alone = [type(schema[name]) for name in schema.inputs] == [Picture]
        task = loaded.task if loaded.task in FREE else None
        taken = as_taken(said, schema, exact=task is not None)
        try:
            found, _ = opened(source, taken, "evaluate", alone=alone, task=task)
        except DataError:
            if alone:
                _check_pictures(source, said)
            raise
    notes = _notes(record, found, own=source is None)
    fitting = _fitting(found, schema, is_asked=source is not None and loaded.task not in FREE)
    judged = TASKS[loaded.task].judge(loaded.net, fitting, schema)
    if fitting is not found:
        notes.append(_changed(found, fitting))
    seconds = {"total": round(time.perf_counter() - begun, 3), **judged.seconds}
    return {"run": str(record.folder), **judged.values, "seconds": seconds, "notes": notes}


def _schema(loaded: Model) -> Schema:
    """Return the schema of a model that can be judged. Raises ModelError on any other."""
    if loaded.task not in TASKS or loaded.schema is None:
        raise ModelError(
            f"evaluate: the model's task is '{loaded.task}', and only models of a task that is"
            " known can be judged; see the numbers of the run in its run.json."
        )
    return loaded.schema


def _check_pictures(source: str | Path, said: tuple[str, ...]) -> None:
    """Raise DataError where data hold no picture, before these are said to know no size."""
    found = data.open(source, **data.options(said))
    if not any(isinstance(found.schema[name], Picture) for name in found.schema.inputs):
        held = ", ".join(f"{name} ({found.schema[name].kind})" for name in found.schema.inputs)
        raise DataError(
            f"{found.name}: the model takes pictures, and these data hold {held}; choose other data"
        )


def _check_targets(found: Data, schema: Schema) -> None:
    """Raise DataError where the data ask for something else than the model answers.

    A single class may be called otherwise: its names are compared when it is judged.
    """
    asked, known = _asked(found.schema), _asked(schema)
    are_classes = [kind for _, kind in asked] == [kind for _, kind in known] == ["category"]
    if asked != known and not are_classes:
        told = [", ".join(f"'{name}' ({kind})" for name, kind in one) for one in (known, asked)]
        raise DataError(
            f"{found.name}: the model answers {told[0]}, and these data ask for {told[1]}; say what"
            " it answers with --target, or choose other data"
        )


def _asked(schema: Schema) -> list[tuple[str, str]]:
    """Return name and kind of all that is asked for; of a series the names of its columns."""
    found: list[tuple[str, str]] = []
    for name in schema.targets:
        kind = schema[name]
        columns = kind.names if isinstance(kind, Number) and kind.names else (name,)
        found += [(column, kind.kind) for column in columns]
    return found


def _fitting(found: Data, schema: Schema, *, is_asked: bool) -> Data:
    """Return the data with inputs as the model takes them, prepared as by predict.

    is_asked: whether their targets must be what the model answers.
    Raises DataError where they are of other names or kinds.
    """
    inputs = {name: schema[name] for name in schema.inputs}
    are_pictures = len(inputs) == 1 and isinstance(next(iter(inputs.values())), Picture)
    schema_of = found.schema
    if not are_pictures:
        schema_of.needs(found.name, {name: type(kind) for name, kind in inputs.items()})
    if is_asked:
        _check_targets(found, schema)
    if are_pictures:
        return _scaled(found, schema)
    if all(schema_of[name] == kind for name, kind in inputs.items()):
        return found
    return data.retold(found, schema)


def _scaled(found: Data, schema: Schema) -> Data:
    """Return pictures of the shape that the model takes."""
    name, field = found.schema.inputs[0], schema[schema.inputs[0]]
    if found.schema[name].shape == field.shape:
        return found
    target = found.schema.target
    splits = {"train": found.train, "valid": found.valid, "test": found.test}
    pictures = [field.prepare(picture) for split in splits.values() for picture in split[name]]
    return data.arrays(
        image=torch.stack(pictures),
        label=torch.cat([torch.as_tensor(split[target]) for split in splits.values()]),
        classes=found.schema[target].names,
        split=[part for part, split in splits.items() for _ in range(len(split))],
        name=found.name,
    )


def _changed(found: Data, fitting: Data) -> str:
    field, name = fitting.schema[fitting.schema.inputs[0]], found.name
    if not isinstance(field, Picture):
        return f"{name}: its inputs are told in the words and numbers that the model knows."
    before, after = found.schema[found.schema.inputs[0]].shape, field.shape
    return (
        f"{name}: pictures of {before[2]} x {before[1]} pixels are brought to the {after[2]} x"
        f" {after[1]} that the model takes."
    )


def _own_source(record: Record) -> str:
    named = record.settings.get("data")
    if not isinstance(named, str):
        raise DataError(f"evaluate: {record.folder} does not say which data it used; name them.")
    return named


def _notes(record: Record, found: Data, *, own: bool) -> list[str]:
    """Say what a reader of the score should know."""
    before = [entry["fingerprint"] for entry in record.json["data"]]
    if own and found.fingerprint not in before:
        return [
            f"{found.name} has changed since the run: its test part may hold examples that the"
            " net was trained on."
        ]
    if not own and found.fingerprint not in before and found.name == Path(_own_source(record)).name:
        return [
            f"{found.name} is what the run was trained on, cut into other parts, or has its name:"
            " its test part may hold examples that the net was trained on."
        ]
    return []
