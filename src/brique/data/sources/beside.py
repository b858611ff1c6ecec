"""Beside: a table and the pictures that it names: parts, classes and rows, held together."""

from collections.abc import Sequence

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place, relative
from brique.data.source import PARTS, part_named
from brique.data.sources.frame import Frame
from brique.data.sources.shelf import few
from brique.data.splitting import digest
from brique.errors import DataError
from brique.options import Options


def marked(frame: Frame) -> tuple[str, ...]:
    """Return the columns of 0 and 1, a class each, beside those that name pictures, if all are so.

    Where each row has one 1 alone, the columns become one, `label`, that holds their names.
    """
    import pyarrow as pa

    rest = [name for name in frame.columns if name not in frame.pictured]
    if not frame.pictured or len(rest) < 2 or not frame.has_header:
        return ()
    columns = [frame.cut(name).numbers.values for name in rest]
    if not all(set(np.unique(values)) == {0.0, 1.0} for values in columns):
        return ()
    table = np.stack(columns, axis=1)
    if not (table.sum(axis=1) == 1).all():
        frame.notes.append(
            f"{frame.name}: the columns {few(rest)} hold 0 and 1, so each is a target; --target"
            " chooses others."
        )
        return tuple(rest)
    names = [rest[place] for place in table.argmax(axis=1).tolist()]
    for name in rest:
        del frame.columns[name]
    frame.columns["label"] = pa.array(names, pa.string())
    frame.notes.append(
        f"{frame.name}: the columns {few(rest)} hold one 1 in each row, so they are the classes of"
        " 'label'."
    )
    return ("label",)


def obey_folders(frame: Frame) -> None:
    """Take the parts from the folders in which the pictures lie, where nothing else says them."""
    steps = _steps(frame)
    if frame.part is not None or not steps:
        return
    told = [next((p for p in map(part_named, one) if p), None) for one in steps]
    if "train" not in told or len(set(told) - {None}) < 2:
        return
    lost = np.array([one is None for one in told])
    frame.take_parts(np.array([PARTS.index(one or "train") for one in told], np.uint8))
    if lost.any():
        items = tuple((frame.called[row],) for row in np.flatnonzero(lost).tolist())
        said = f"Left out: {len(items):,} rows whose pictures lie in no part's folder."
        remedy = "Put each into the folder of its part."
        frame.findings.append(Finding("left out", "warning", None, items, len(items), said, remedy))
        frame.keep(~lost)


def compare(frame: Frame, targets: Sequence[str], asked: Options, *, by_name: bool) -> None:
    """Say where the folders of pictures and a table differ; the table counts.

    by_name: whether the target is known by its name, or a person says it.
    Raises DataError where folders may be meant as the classes as well as a column.
    """
    labels = _labels(frame)
    if len(set(labels)) < 2 or "" in labels:
        return
    cells = frame.cut(targets[0]).texts() if len(targets) == 1 else []
    said = [asked.renamed(cell) for cell in cells]
    classes = {cell.casefold() for cell in said}
    pairs = list(zip(labels, said, strict=True)) if said else []
    if not any(label.casefold() in classes for label in labels):
        if not by_name and len(frame.columns) != 2:
            folders = few(sorted(set(labels)), 3)
            raise DataError(
                f"{frame.name}: its pictures lie in folders ({folders}), and a table names them:"
                " either may hold the classes; say --kind pictures for the folders, or --target"
                " COLUMN for the table"
            )
        return
    differ = [row for row, (a, b) in enumerate(pairs) if b and a.casefold() != b.casefold()]
    if differ:
        items = tuple((frame.called[row], labels[row], said[row]) for row in differ)
        reason = (
            f"{len(differ):,} of {len(labels):,} rows of the table give a picture another class"
            " than its folder is named for; that of the table is taken."
        )
        remedy = "Look which is right; --kind pictures takes the folders alone."
        frame.findings.append(
            Finding("folders differ", "warning", None, items, len(differ), reason, remedy)
        )


def leave_unnamed(frame: Frame, files: Sequence[Place]) -> None:
    """Say which pictures of the folder no row names, and how those that are named were found."""
    named = {str(file) for file in files}
    lone = [relative(one, frame.root) for one in frame.beside if str(one) not in named]
    if lone:
        reason = (
            f"Left out: {len(lone):,} of {len(frame.beside):,} pictures that no row of the table"
            f" names, such as {few(lone, 2)}."
        )
        remedy = "Add rows for them, or ask for them: brique predict RUN FOLDER."
        items = tuple((one,) for one in lone)
        frame.findings.append(
            Finding("left out", "warning", None, items, len(lone), reason, remedy)
        )
    for name, found in frame.pictured.items():
        if found.cased:
            frame.notes.append(
                f"{frame.name}: {found.cased:,} files that '{name}' names are written in another"
                " case."
            )


def grouped(frame: Frame, key: str) -> np.ndarray | None:
    """Return a number for the picture of each row, or None where no picture has several rows."""
    cells = frame.cut(key).texts()
    if len(set(cells)) == len(cells):
        return None
    several = len(cells) - len(set(cells))
    frame.notes.append(
        f"{frame.name}: {several:,} of {len(cells):,} rows name a picture that a row before them"
        " names; the rows of one picture stay in one part."
    )
    return np.array([digest(cell.encode()) >> 1 for cell in cells], np.int64)


def _steps(frame: Frame) -> list[list[str]]:
    """Return the folders in which the picture of each row lies; none where no column names any."""
    if not frame.pictured:
        return []
    cells = frame.cut(next(iter(frame.pictured))).texts()
    return [cell.split("/")[:-1] for cell in cells]


def _labels(frame: Frame) -> list[str]:
    """Return the first folder of each picture that is not above all, nor that of a part."""
    steps = [[s for s in one if part_named(s) is None] for one in _steps(frame)]
    while steps and all(steps) and len({one[0] for one in steps}) == 1:
        steps = [one[1:] for one in steps]
    return [one[0] if one else "" for one in steps]
