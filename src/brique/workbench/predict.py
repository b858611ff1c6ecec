"""Predictions of a run's model for files and rows of tables."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from brique import files
from brique.console import csv_cell
from brique.data.rows.inputs import PredictionInput, read_inputs
from brique.data.rows.prepare import Substitutions, substitutions
from brique.data.sources.layout.text_files import format_names
from brique.errors import BriqueError, UsageError
from brique.model import Answer, load
from brique.run.start import pick_device
from brique.schema import Picture, Schema, picture_shape


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The prediction for one input: an answer, or an error.

    file: where it stands. place: the same as JSON, with the row of a table.
    note: how a picture was changed to be as the net takes it, or what stood in for what.
    substitutions: what of a row is missing, or never came in training.
    """

    file: str
    answer: Answer | None
    error: str | None
    note: str | None = None
    location: dict[str, object] = field(default_factory=dict[str, object])
    substitutions: Substitutions = field(default_factory=Substitutions)

    def to_json(self) -> dict[str, object]:
        """Return the entry of `brique predict --json`."""
        entry = {"answer": None} if self.answer is None else self.answer.to_json()
        return {"input": self.location, **entry, "error": self.error, "note": self.note}


def predict(
    run: str | Path,
    *inputs: str | Path,
    out: str | Path | None = None,
    device: str | None = None,
    trust: bool = False,
) -> list[Prediction]:
    """Return the prediction of a run's model for each input.

    run: folder of a finished run.
    inputs: files, and folders whose files are taken in the order of their names. A model of
        pictures or sounds answers each file; one of texts each line of a .txt file; any other each
        row of a table, whose columns are found by name.
    out: .csv file for the predictions; overwritten if it exists.
    device: "cpu", "cuda" or "mps"; by default "cpu".
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    Raises DataError on a path that does not exist. An input that cannot be read has its own error.
    """
    if out is not None and Path(out).suffix.lower() != ".csv":
        raise UsageError(f"predict: '{out}' does not end in .csv; name the file of answers so.")
    model = load(run, trust=trust, device=pick_device(device or "cpu"))
    schema = model.schema or Schema({})
    examples = read_inputs(schema, tuple(map(Path, inputs))) if schema.inputs else []
    if schema.inputs and not examples:
        raise UsageError("predict: no file was named; name one, or a folder.")
    if out is not None:
        files.check_not_input(out, *{example.file for example in examples})
    values = [example.value for example in examples if not isinstance(example.value, BriqueError)]
    outputs = iter(model.predict(values, errors="keep") if values or not examples else ())
    outcomes = [
        example.value if isinstance(example.value, BriqueError) else next(outputs)
        for example in examples
    ]
    predictions = [_make_prediction(*pair, schema) for pair in zip(examples, outcomes, strict=True)]
    if out is not None:
        files.write(out, _to_csv(predictions))
    return predictions


def describe_substitutions(predictions: Sequence[Prediction]) -> str:
    """Return how many answers had missing values or unknown classes in their input, or ""."""
    missing = Counter(
        name for prediction in predictions for name in prediction.substitutions.missing
    )
    unknown = Counter(
        name for prediction in predictions for name in prediction.substitutions.unknown
    )
    clauses: list[str] = []
    if missing:
        values = "value" if missing.total() == 1 else "values"
        listing = f"{missing.total():,} missing {values} ({_by_column(missing)})"
        clauses.append(f"{listing} filled from training")
    if unknown:
        classes = "class" if unknown.total() == 1 else "classes"
        listing = f"{unknown.total():,} unknown {classes} ({_by_column(unknown)})"
        clauses.append(f"{listing} taken as 'other'")
    rows = sum(prediction.substitutions != Substitutions() for prediction in predictions)
    return (
        f"{rows:,} of {len(predictions):,} answers rest on {' and '.join(clauses)}."
        if clauses
        else ""
    )


def _by_column(counts: Counter[str]) -> str:
    return format_names([f"'{name}' {count:,}" for name, count in counts.most_common()])


def _make_prediction(
    example: PredictionInput, outcome: Answer | BriqueError, schema: Schema
) -> Prediction:
    name, location = str(example), example.location
    if isinstance(outcome, BriqueError):
        return Prediction(file=name, answer=None, error=str(outcome), location=location)
    substituted = substitutions(schema, example.value)
    note = "; ".join(filter(None, (example.note, str(substituted))))
    return Prediction(
        file=name,
        answer=outcome,
        error=None,
        location=location,
        substitutions=substituted,
        note=note or _describe_conversion(example.value, schema),
    )


def _describe_conversion(value: object, schema: Schema) -> str | None:
    """Describe how a picture is converted to the model's input, or None."""
    kind = schema[schema.inputs[0]]
    if not isinstance(kind, Picture) or not isinstance(value, Path):
        return None
    shape, (channels, height, width) = kind.shape, picture_shape(value)
    changes: list[str] = []
    if (height, width) != shape[1:]:
        is_cropped = height * shape[2] != width * shape[1] and not kind.letterbox
        cropping = ", and cut to fit" if is_cropped else ""
        changes.append(
            f"scaled from {width} x {height} to {shape[2]} x {shape[1]} pixels{cropping}"
        )
    if channels != shape[0]:
        changes.append("turned to grey" if shape[0] == 1 else "given color channels")
    if kind.value_range is not None and (limits := kind.clipped_range(value)) is not None:
        low, high = kind.value_range
        changes.append(
            f"brightness from {limits[0]:g} to {limits[1]:g} cut to that of the training,"
            f" {low:g} to {high:g}"
        )
    return " and ".join(changes) or None


def _to_csv(predictions: Sequence[Prediction]) -> str:
    """Return the answers as CSV: where each input stands, what the answer holds, the error."""
    rows = [{} if entry.answer is None else entry.answer.cells() for entry in predictions]
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["answer"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in ("file", *names, "error")])
    for entry, row in zip(predictions, rows, strict=True):
        cells = [entry.file, *(row.get(name, "") for name in names), entry.error or ""]
        writer.writerow([csv_cell(value) for value in cells])
    return text.getvalue()
