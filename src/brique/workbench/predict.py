"""Asks the model of a run about files."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brique import files
from brique.errors import BriqueError, DataError, UsageError, nearest
from brique.model import load
from brique.run.start import pick_device
from brique.schema import Field, Picture, natural, picture_shape
from brique.tasks import Answer

PICTURES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a model says of one file: an answer, or why there is none.

    note: how the picture was changed to be as the net takes them.
    """

    file: str
    answer: Answer | None
    error: str | None
    note: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the entry of `brique predict --json`."""
        said = {"answer": None} if self.answer is None else self.answer.to_json()
        return {"input": {"file": self.file}, **said, "error": self.error, "note": self.note}


def predict(
    run: str | Path,
    *inputs: str | Path,
    out: str | Path | None = None,
    device: str | None = None,
    trust: bool = False,
) -> list[Prediction]:
    """Return what the model of a run says of each file.

    run: folder of a run that has finished.
    inputs: files, and folders whose pictures are taken in the order of their names.
    out: a .csv file to write the answers to; one that exists is replaced.
    device: "cpu", "cuda", "mps"; by default the processor.
    trust: whether the run's own source.py may be executed, where no installed code builds the net.
    Raises DataError on a path that does not exist. A file that is no picture gets its own error.
    """
    if out is not None and Path(out).suffix.lower() != ".csv":
        raise UsageError(f"predict: '{out}' does not end in .csv; name the file of answers so.")
    paths = [path for given in inputs for path in _files(Path(given))]
    if not paths:
        raise UsageError("predict: no file was named; name one, or a folder of pictures.")
    loaded = load(run, trust=trust, device=pick_device(device or "cpu"))
    said = loaded.predict(paths, errors="keep")
    field = None if loaded.schema is None else loaded.schema[loaded.schema.inputs[0]]
    predictions = [_prediction(path, one, field) for path, one in zip(paths, said, strict=True)]
    if out is not None:
        files.write(out, _table(predictions))
    return predictions


def _prediction(path: Path, said: Answer | BriqueError, field: Field | None) -> Prediction:
    if isinstance(said, BriqueError):
        return Prediction(file=str(path), answer=None, error=str(said))
    return Prediction(file=str(path), answer=said, error=None, note=_changed(path, field))


def _changed(path: Path, field: Field | None) -> str | None:
    """Say how a picture differs from those that a model takes, or None."""
    if not isinstance(field, Picture):
        return None
    shape, (channels, height, width) = field.shape, picture_shape(path)
    changes: list[str] = []
    if (height, width) != shape[1:]:
        is_cut = height * shape[2] != width * shape[1]
        cut = ", and cut to fit" if is_cut else ""
        changes.append(f"scaled from {width} x {height} to {shape[2]} x {shape[1]} pixels{cut}")
    if channels != shape[0]:
        changes.append("turned to grey" if shape[0] == 1 else "given color channels")
    return " and ".join(changes) or None


def _files(given: Path) -> list[Path]:
    """Return the file, or the pictures in the folder. Raises DataError if there are none."""
    if given.is_file():
        return [given]
    if not given.exists():
        beside = given.parent if given.parent.is_dir() else Path()
        hint = nearest(given.name, [path.name for path in beside.iterdir()]) or "; check the path."
        raise DataError(f"predict: no file or folder '{given}'{hint}")
    inside = (path.relative_to(given) for path in given.rglob("*") if path.is_file())
    seen = [path for path in inside if not any(part.startswith(".") for part in path.parts)]
    found = [given / path for path in seen if path.suffix.lower() in PICTURES]
    pictures = sorted(found, key=lambda path: natural(path.as_posix()))
    if not pictures:
        raise DataError(
            f"predict: the folder '{given}' holds no pictures ({len(seen)} other files); name"
            " a folder of pictures, or the files one by one."
        )
    return pictures


def _table(predictions: Sequence[Prediction]) -> str:
    """Return the answers as CSV: file, answer, its probability, error, each class's probability."""
    names = list(next((p.answer.probabilities for p in predictions if p.answer is not None), {}))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "answer", "probability", "error", *(f"p({name})" for name in names)])
    for one in predictions:
        if one.answer is None:
            rows.writerow([one.file, "", "", one.error, *("" for _ in names)])
        else:
            chances = one.answer.probabilities
            best = chances[one.answer.answer]
            rows.writerow([one.file, one.answer.answer, best, "", *chances.values()])
    return text.getvalue()
