"""Multi-label columns, whose cells list the labels of a row: "comedy|drama"."""

from dataclasses import dataclass

import numpy as np
import torch

from brique.data.core.batch import Values
from brique.data.raw.column import Column
from brique.data.sources.columns.guess import RawColumn
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.tables.frame import Frame
from brique.errors import DataError
from brique.schema import Category, Field, natural_key

SEPARATORS = ("|", ";", ",")  # between labels; else a blank
MIN_ROWS = 10  # rows that a label needs
_UNAMBIGUOUS = ("|", ";")  # signs that no sentence has
_MIN_SHARE = 0.1  # share of cells with such a sign in a column of labels


@dataclass
class BinaryLabels(Column):
    """Whether each example has a label: "yes" or "no", even if a part has only one of them.

    values: (N,), bool.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def text(self, row: int) -> str:
        """Return "yes" or "no"."""
        return "yes" if self.values[row] else "no"

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the two classes, and numbers (N,), int64."""
        return Category(("no", "yes")), torch.from_numpy(self.values.astype(np.int64))


def is_label_list(raw_column: RawColumn) -> bool:
    """Tell whether the cells of a column list labels, with "|" or ";" between them."""
    if not raw_column.is_text or not raw_column.sample:
        return False
    for separator in _UNAMBIGUOUS:
        parts = [cell.split(separator) for cell in raw_column.sample]
        is_frequent = sum(len(labels) > 1 for labels in parts) >= max(1, _MIN_SHARE * len(parts))
        if is_frequent and len({name.strip() for labels in parts for name in labels}) < len(
            raw_column.sample
        ):
            return True
    return False


def label_columns(frame: Frame, key: str) -> dict[str, Column]:
    """Return a binary column for each label in the cells of a column, by "KEY:LABEL".

    An empty cell has no label. Labels of fewer than 10 rows are left out, with a note.
    Raises DataError if no label is left.
    """
    cells = frame.raw_column(key).texts()
    separator = next(
        (separator for separator in SEPARATORS if any(separator in cell for cell in cells)), None
    )
    row_labels = [{name.strip() for name in cell.split(separator)} - {""} for cell in cells]
    counts: dict[str, int] = {}
    for names in row_labels:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    frequent = [
        name for name in sorted(counts, key=natural_key) if MIN_ROWS <= counts[name] < len(cells)
    ]
    if not frequent:
        raise DataError(
            f"{frame.name}: column '{key}' has no label that {MIN_ROWS} rows or more have, and"
            " others do not; choose another target, or another kind with --types"
        )
    if rare := [name for name in counts if name not in frequent]:
        frame.notes.append(
            f"{frame.name}: {key}: left out labels of fewer than {MIN_ROWS} rows, or of all:"
            f" {format_names(sorted(rare, key=natural_key))}."
        )
    return {
        f"{key}:{name}": BinaryLabels(np.array([name in labels for labels in row_labels]))
        for name in frequent
    }
