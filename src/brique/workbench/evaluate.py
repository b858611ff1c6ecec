"""Judges the model of a run, on its own test part or on other data."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from brique.data import Data
from brique.data.opening import elsewhere
from brique.errors import DataError, ModelError, UsageError
from brique.model import Model, load
from brique.options import Options
from brique.run import Record, read_run
from brique.run.inputs import compare_inputs, places
from brique.run.start import pick_device
from brique.schema import Schema
from brique.tasks.table import TASKS
from brique.workbench.learned import own_data, seen, stand_in
from brique.workbench.opened import FREE, of_run, run_options
from brique.workbench.other import chosen, other, part_of, parts_of


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
    """Return what the model of a run reaches on data, as JSON values.

    run: folder of a run that has finished.
    source: a data set as for `train`; by default the one that the run was trained on, whose test
        part is judged. Of any other all examples are, unless test=, time= or fold= cut it.
    part: of other data, what is judged: "all", "train", "valid" or "test".
    device: "cpu", "cuda", "mps"; by default the processor.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    changed: whether the run's own data may be others than it was trained on.
    options: those of `brique.data.open` for the other data, such as target=, where the columns that
        the model knows do not say it; a run's own data are opened as the run had them.
    Other data come to the fields of the model: columns are found by name, classes too, in any case.
    Examples of a class that it does not know are wrong. Simple methods stand beside that learn from
    the run's own training part; where that is gone, always answering the same.
    Returns "run", what the task's `judge` finds ("task", "test", "interval", "baseline" and more),
    "judged" (the name of the data, the part, and how many examples), "seconds" and "notes":
    sentences that a reader of the scores should know; "distrusted" says what falsifies them, by the
    audit of the run or the reading of other data. Where examples have the very inputs of ones
    that the run has learned from, "seen" counts them, and "unseen" has the scores of the others.
    Raises DataError when the data do not fit the model, or ask for something else than it answers;
    UsageError for options without other data.
    """
    begun = time.perf_counter()
    given = Options().replace(**options)
    if source is None and (options or part):
        name = next(iter(options), "part")
        raise UsageError(
            f"evaluate: --{name} is for other data, and the run's own"
            " are opened as it had them; name other data after the run, or leave it out."
        )
    record = read_run(run)
    loaded = load(run, trust=trust, device=pick_device(device or "cpu"))
    schema = _schema(loaded)
    if source is None or (part is None and _is_own(record, source, given)):
        where, _ = compare_inputs(record.folder, "evaluate", changed=changed)
        with elsewhere(where):
            values, notes = _on_own(record, loaded, schema, is_named=source is not None)
        notes += [f"the data are read from {place}." for place in where.values()]
    else:
        values, notes = _on_other(record, loaded, source, given, part)
    spent = values.pop("seconds")
    seconds = {"total": round(time.perf_counter() - begun, 3), **spent}
    return {"run": str(record.folder), **values, "seconds": seconds, "notes": notes}


def _schema(loaded: Model) -> Schema:
    """Return the schema of a model that can be judged. Raises ModelError on any other."""
    if loaded.task not in TASKS or loaded.schema is None:
        raise ModelError(
            f"evaluate: the model's task is '{loaded.task}', and only models of a task that is"
            " known can be judged; see the numbers of the run in its run.json."
        )
    return loaded.schema


def _own_source(record: Record) -> str:
    named = record.settings.get("data")
    if not isinstance(named, str):
        raise DataError(f"evaluate: {record.folder} does not say which data it used; name them.")
    return named


def _is_own(record: Record, source: str | Path, options: Options) -> bool:
    """Tell whether a source is the one that the run was trained on, and opened so."""
    known = run_options(record.settings).given()
    if any(known.get(name) != value for name, value in options.given().items()):
        return False
    own, named = str(record.settings.get("data")), Path(source).expanduser()
    if not os.path.exists(named):
        return own == str(source)
    place = places(record.folder).get(own, Path(own).expanduser())
    return place.resolve() == named.resolve()


def _on_own(
    record: Record, loaded: Model, schema: Schema, *, is_named: bool
) -> tuple[dict[str, Any], list[str]]:
    """Judge the test part of the run's own data."""
    found = of_run(_own_source(record), record.settings, schema)
    before = [entry["fingerprint"] for entry in record.json["data"]]
    notes: list[str] = []
    if found.fingerprint not in before:
        notes.append(
            f"{found.name} has changed since the run: its test part may hold examples that the"
            " net was trained on."
        )
    elif is_named:
        notes.append(
            f"{found.name} is what the run was trained on, so its test part is judged, which the"
            " net has not learned from; --part all judges all of it."
        )
    judged = TASKS[loaded.task].evaluate(loaded.net, found, schema)
    about = {"data": found.name, "part": "test", "examples": len(found.test)}
    values = {**judged.values, **_distrusted(record.errors()), "judged": about}
    return {**values, "seconds": judged.seconds}, notes


def _on_other(
    record: Record, loaded: Model, source: str | Path, options: Options, part: str | None
) -> tuple[dict[str, Any], list[str]]:
    """Judge other data, beside simple methods that learn from the run's own."""
    schema = _schema(loaded)
    part = part_of(part, options)
    told = other(source, options, run_options(record.settings), schema, free=loaded.task in FREE)
    own = own_data(record, schema)
    learned = own or stand_in(record, schema, told)
    found = chosen(told, part, options.fold, learned)
    notes = [*told.notes, _which(found, part)]
    if own is None:
        notes.append(
            f"{found.name}: the data that the run learned from are gone or have changed, so no"
            " simple method is fitted beside the net."
        )
    judged = TASKS[loaded.task].evaluate(loaded.net, found, schema, compare=own is not None)
    about = {"data": found.name, "part": part, "examples": len(found.test)}
    values = {**judged.values, "judged": about, "seconds": judged.seconds}
    assert told.source is not None
    errors = [one.reason for one in told.source.findings if one.severity == "error"]
    values |= _distrusted([*record.errors(of_parts=False), *errors])
    if own is not None and bool((known := seen(own, found.test, told)).any()):
        values |= _seen(loaded, found, known)
        notes.insert(0, _warned(values, found, known))
    return values, notes


def _distrusted(errors: list[str]) -> dict[str, Any]:
    """Return what says that a result is not to be trusted, if anything does."""
    found = list(dict.fromkeys(errors))
    return {"distrusted": found} if found else {}


def _which(found: Data, part: str) -> str:
    """Say which examples are judged, and what is left out."""
    n = len(found.test)
    count, are = ("its only example", "is") if n == 1 else (f"all {n:,} examples", "are")
    left = ""
    if found.skipped:
        (first, reason), more = found.skipped[0], len(found.skipped) - 1
        left = f" Left out: {first} ({reason}){f' and {more:,} more' if more else ''}."
    if part == "all" and (parts := parts_of(found)):
        return f"{found.name}: {count} {are} judged ({parts}); --part test judges one part.{left}"
    if part == "all":
        return f"{found.name}: {count} {are} judged.{left}"
    count = (
        f"the only example of its {part} part"
        if n == 1
        else f"the {n:,} examples of its {part} part"
    )
    return f"{found.name}: {count} {are} judged.{left}"


def _seen(loaded: Model, found: Data, known: Tensor) -> dict[str, Any]:
    """Return how many examples were learned from, and the scores on the others."""
    count = int(known.sum())
    rest = found.test.select(~known)
    if not len(rest):
        return {"seen": count}
    others = replace(found, test=rest)
    judged = TASKS[loaded.task].evaluate(loaded.net, others, _schema(loaded), compare=False)
    return {"seen": count, "unseen": {"examples": len(rest), **judged.values["test"]}}


def _warned(values: dict[str, Any], found: Data, known: Tensor) -> str:
    """Say how many of the examples the net has learned from, and what it reaches on the others."""
    main = TASKS[values["task"]].main
    what = (
        f"{found.name}: {values['seen']:,} of {len(known):,} examples have the very inputs of ones"
    )
    what += " that the net has learned from"
    if "unseen" not in values:
        return f"{what}: these scores say nothing of new ones."
    reached = values["unseen"].get(main.name)
    shown = "none" if reached is None else f"{reached:.1%}" if main.is_share else f"{reached:.4g}"
    return f"{what}; on the {values['unseen']['examples']:,} others its {main.called} is {shown}."
