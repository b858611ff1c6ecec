"""Judges the model of a run on test data."""

import time
from pathlib import Path
from typing import Any

from brique import data
from brique.data import Data
from brique.errors import DataError, ModelError
from brique.model import Model, load
from brique.run import Record, read_run
from brique.run.start import pick_device
from brique.schema import Schema
from brique.tasks import classify


def evaluate(
    run: str | Path,
    source: str | Path | None = None,
    *,
    device: str | None = None,
    trust: bool = False,
) -> dict[str, Any]:
    """Return what the model of a run reaches on the test part of a data set, as JSON values.

    run: folder of a run that has finished.
    source: a data set as for `train`; by default the one that the run was trained on.
    device: "cpu", "cuda", "mps"; by default the processor.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    Returns "run", "task", "test", "interval", "baseline", "examples", "seconds" and "notes".
    Raises DataError when the data do not fit the model: classes are compared by name.
    """
    begun = time.perf_counter()
    record = read_run(run)
    loaded = load(run, trust=trust, device=pick_device(device or "cpu"))
    schema = _schema(loaded)
    opened = _opened(source if source is not None else _own_source(record), schema)
    names = schema[schema.target].names
    judged = classify.judge(loaded.net, opened.test, beside=opened.train, names=names)
    seconds = {"total": round(time.perf_counter() - begun, 3)}
    notes = _notes(record, opened, own=source is None)
    return {"run": str(record.folder), **judged, "seconds": seconds, "notes": notes}


def _schema(loaded: Model) -> Schema:
    """Return the schema of a model that classifies. Raises ModelError on any other."""
    if loaded.task != "classify" or loaded.schema is None:
        raise ModelError(
            f"evaluate: the model's task is '{loaded.task}', and only models that classify can be"
            " judged so far; see the numbers of the run in its run.json."
        )
    return loaded.schema


def _opened(source: str | Path, schema: Schema) -> Data:
    """Open the data as the model takes them."""
    channels, height, width = schema[schema.inputs[0]].shape
    opened = data.open(source, size=height if height == width else None, channels=channels)
    came = opened.schema[opened.schema.inputs[0]].shape
    if came != (channels, height, width):
        raise DataError(
            f"evaluate: the model takes pictures of {width} x {height} pixels, and those of"
            f" {opened.name} have {came[2]} x {came[1]}; scale them first."
        )
    return opened


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
