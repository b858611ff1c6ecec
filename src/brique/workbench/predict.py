"""Asks the model of a run about files, and rows of tables."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from brique import files
from brique.data.prepared import StandIns, stand_ins
from brique.data.sources.shelf import few
from brique.errors import BriqueError, UsageError
from brique.model import Answer, load
from brique.run.start import pick_device
from brique.schema import Picture, Schema, picture_shape
from brique.voice import cell
from brique.workbench.questions import Question, questions


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a model says of one input: an answer, or why there is none.

    file: where it stands. place: the same as JSON, with the row of a table.
    note: how a picture was changed to be as the net takes it, or what stood in for what.
    stand_ins: what of a row is missing, or never came in training.
    """

    file: str
    answer: Answer | None
    error: str | None
    note: str | None = None
    place: dict[str, object] = field(default_factory=dict[str, object])
    stand_ins: StandIns = field(default_factory=StandIns)

    def to_json(self) -> dict[str, object]:
        """Return the entry of `brique predict --json`."""
        said = {"answer": None} if self.answer is None else self.answer.to_json()
        return {"input": self.place, **said, "error": self.error, "note": self.note}


def predict(
    run: str | Path,
    *inputs: str | Path,
    out: str | Path | None = None,
    device: str | None = None,
    trust: bool = False,
) -> list[Prediction]:
    """Return what the model of a run says of each input.

    run: folder of a run that has finished.
    inputs: files, and folders whose files are taken in the order of their names. A model of
        pictures or sounds answers each file; one of texts each line of a .txt file; any other each
        row of a table, whose columns are found by name.
    out: a .csv file to write the answers to; one that exists is replaced.
    device: "cpu", "cuda", "mps"; by default the processor.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    Raises DataError on a path that does not exist. An input that cannot be read has its own error.
    """
    if out is not None and Path(out).suffix.lower() != ".csv":
        raise UsageError(f"predict: '{out}' does not end in .csv; name the file of answers so.")
    loaded = load(run, trust=trust, device=pick_device(device or "cpu"))
    schema = loaded.schema or Schema({})
    asked = questions(schema, tuple(map(Path, inputs))) if schema.inputs else []
    if schema.inputs and not asked:
        raise UsageError("predict: no file was named; name one, or a folder.")
    if out is not None:
        files.check_is_other(out, *{one.file for one in asked})
    known = [one.value for one in asked if not isinstance(one.value, BriqueError)]
    answers = iter(loaded.predict(known, errors="keep") if known or not asked else ())
    said = [one.value if isinstance(one.value, BriqueError) else next(answers) for one in asked]
    predictions = [_prediction(*pair, schema) for pair in zip(asked, said, strict=True)]
    if out is not None:
        files.write(out, _table(predictions))
    return predictions


def counted(predictions: Sequence[Prediction]) -> str:
    """Return how many answers had missing values or unknown classes in their input, or ""."""
    missing = Counter(name for one in predictions for name in one.stand_ins.missing)
    unseen = Counter(name for one in predictions for name in one.stand_ins.unseen)
    said: list[str] = []
    if missing:
        values = "value" if missing.total() == 1 else "values"
        listed = f"{missing.total():,} missing {values} ({_by_column(missing)})"
        said.append(f"{listed} filled from training")
    if unseen:
        classes = "class" if unseen.total() == 1 else "classes"
        listed = f"{unseen.total():,} unknown {classes} ({_by_column(unseen)})"
        said.append(f"{listed} taken as 'other'")
    rows = sum(one.stand_ins != StandIns() for one in predictions)
    return f"{rows:,} of {len(predictions):,} answers rest on {' and '.join(said)}." if said else ""


def _by_column(counts: Counter[str]) -> str:
    return few([f"'{name}' {count:,}" for name, count in counts.most_common()])


def _prediction(asked: Question, said: Answer | BriqueError, schema: Schema) -> Prediction:
    name, place = str(asked), asked.place
    if isinstance(said, BriqueError):
        return Prediction(file=name, answer=None, error=str(said), place=place)
    found = stand_ins(schema, asked.value)
    return Prediction(
        file=name, answer=said, error=None, place=place, stand_ins=found,
        note="; ".join(filter(None, (asked.note, str(found)))) or _changed(asked.value, schema),
    )  # fmt: skip


def _changed(asked: object, schema: Schema) -> str | None:
    """Say how a picture differs from those that a model takes, or None."""
    kind = schema[schema.inputs[0]]
    if not isinstance(kind, Picture) or not isinstance(asked, Path):
        return None
    shape, (channels, height, width) = kind.shape, picture_shape(asked)
    changes: list[str] = []
    if (height, width) != shape[1:]:
        is_cut = height * shape[2] != width * shape[1] and not kind.inside
        cut = ", and cut to fit" if is_cut else ""
        changes.append(f"scaled from {width} x {height} to {shape[2]} x {shape[1]} pixels{cut}")
    if channels != shape[0]:
        changes.append("turned to grey" if shape[0] == 1 else "given color channels")
    if kind.range is not None and (low := kind.cut(asked)) is not None:
        changes.append(f"brightness from {low[0]:g} to {low[1]:g} cut to that of the training,"
                       f" {kind.range[0]:g} to {kind.range[1]:g}")  # fmt: skip
    return " and ".join(changes) or None


def _table(predictions: Sequence[Prediction]) -> str:
    """Return the answers as CSV: where each input stands, what the answer holds, the error."""
    rows = [{} if one.answer is None else one.answer.cells() for one in predictions]
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["answer"]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([cell(name) for name in ("file", *names, "error")])
    for one, row in zip(predictions, rows, strict=True):
        cells = [one.file, *(row.get(name, "") for name in names), one.error or ""]
        table.writerow([cell(value) for value in cells])
    return text.getvalue()
