"""Labelled: a column whose cells list the labels of a row, such as "comedy|drama"."""

from dataclasses import dataclass

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.column import Column
from brique.data.sources.frame import Frame
from brique.data.sources.guess import Cut
from brique.data.sources.shelf import few
from brique.errors import DataError
from brique.schema import Category, Field, natural

SIGNS = ("|", ";", ",")  # between labels; without any of them it is a blank
LEAST = 10  # rows that bear a label, or it is left out
_CLEAR = ("|", ";")  # signs that stand in no sentence
_OFTEN = 0.1  # share of cells with such a sign in a column of labels


@dataclass
class Marks(Column):
    """Whether each example bears a label: "yes" or "no", also where a part has one of them only.

    values: (N,), bool.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def said(self, row: int) -> str:
        """Return "yes" or "no"."""
        return "yes" if self.values[row] else "no"

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the two classes, and numbers (N,), int64."""
        return Category(("no", "yes")), torch.from_numpy(self.values.astype(np.int64))


def is_labels(cut: Cut) -> bool:
    """Tell whether the cells of a column list labels, with "|" or ";" between them."""
    if not cut.is_text or not cut.sample:
        return False
    for sign in _CLEAR:
        parts = [cell.split(sign) for cell in cut.sample]
        often = sum(len(one) > 1 for one in parts) >= max(1, _OFTEN * len(parts))
        if often and len({name.strip() for one in parts for name in one}) < len(cut.sample):
            return True
    return False


def marks(frame: Frame, key: str) -> dict[str, Column]:
    """Return a column of marks for each label that the cells of a column list, by "KEY:LABEL".

    An empty cell bears none. Labels of fewer than 10 rows are left out, with a note.
    Raises DataError where no label is left.
    """
    cells = frame.cut(key).texts()
    sign = next((sign for sign in SIGNS if any(sign in cell for cell in cells)), None)
    borne = [{name.strip() for name in cell.split(sign)} - {""} for cell in cells]
    counts: dict[str, int] = {}
    for names in borne:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    kept = [name for name in sorted(counts, key=natural) if LEAST <= counts[name] < len(cells)]
    if not kept:
        raise DataError(
            f"{frame.name}: column '{key}' has no label that {LEAST} rows or more bear, and others"
            " do not; choose another target, or another kind with --types"
        )
    if rare := [name for name in counts if name not in kept]:
        frame.notes.append(
            f"{frame.name}: {key}: left out are labels that fewer than {LEAST} rows, or all, bear:"
            f" {few(sorted(rare, key=natural))}."
        )
    return {f"{key}:{name}": Marks(np.array([name in one for one in borne])) for name in kept}
