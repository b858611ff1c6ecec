"""Judges the model of a run on test data."""

import time
from pathlib import Path
from typing import Any

from brique import data, model
from brique.data import Data
from brique.errors import DataError
from brique.run import Record, read_run
from brique.tasks import classify


def evaluate(
    run: str | Path, source: str | Path | None = None, *, device: str | None = None
) -> dict[str, Any]:
    """Return what the model of a run reaches on the test part of a data set, as JSON values.

    run: folder of a run that has finished.
    source: a data set as for `train`; by default the one that the run was trained on.
    device: "cpu", "cuda", "mps"; by default the fastest there is.
    Returns "run", "task", "test", "interval", "baseline", "examples", "seconds" and "notes".
    Raises DataError when the data do not fit the model: classes are compared by name.
    """
    begun = time.perf_counter()
    record = read_run(run)
    loaded = model.load(run, device=device)
    picture = loaded.schema[loaded.schema.inputs[0]]
    channels, height, _ = picture.shape
    named = source if source is not None else _own_source(record)
    opened = data.open(named, size=height, channels=channels)
    if opened.schema[opened.schema.inputs[0]].shape != picture.shape:
        came = opened.schema[opened.schema.inputs[0]].shape
        raise DataError(f"evaluate: the model takes pictures {picture.shape}, not {came}.")
    names = loaded.schema[loaded.schema.target].names
    judged = classify.judge(loaded.net, opened.test, beside=opened.train, names=names)
    seconds = {"total": round(time.perf_counter() - begun, 3)}
    notes = _notes(record, opened, own=source is None)
    return {"run": str(record.folder), **judged, "seconds": seconds, "notes": notes}


def _own_source(record: Record) -> str:
    named = record.settings.get("data")
    if not isinstance(named, str):
        raise DataError(f"evaluate: {record.folder} does not say which data it used; name them.")
    return named


def _notes(record: Record, opened: Data, *, own: bool) -> list[str]:
    """Say what a reader of the score should know."""
    before = record.json.get("data", {})
    if own and isinstance(before, dict) and before.get("fingerprint") != opened.fingerprint:
        return [
            f"{opened.name} has changed since the run: its test part may hold examples that the"
            " net was trained on."
        ]
    return []
