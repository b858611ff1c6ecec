"""A table and the pictures that it names: parts, classes and rows."""

from collections.abc import Sequence

import numpy as np

from brique.data.files.place import Place, relative
from brique.data.finding import Finding
from brique.data.raw.digests import content_digest
from brique.data.raw.source import PARTS, part_named
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.tables.frame import Frame
from brique.errors import DataError
from brique.options import Options


def indicator_targets(frame: Frame) -> tuple[str, ...]:
    """Return the columns of 0 and 1, one per class, if all columns but the pictures are such.

    If each row has a single 1, the columns are merged into `label`, which holds their names.
    """
    import pyarrow as pa

    indicators = [name for name in frame.columns if name not in frame.picture_columns]
    if not frame.picture_columns or len(indicators) < 2 or not frame.has_header:
        return ()
    columns = [frame.raw_column(name).numbers.values for name in indicators]
    if not all(set(np.unique(values)) == {0.0, 1.0} for values in columns):
        return ()
    matrix = np.stack(columns, axis=1)
    if not (matrix.sum(axis=1) == 1).all():
        frame.notes.append(
            f"{frame.name}: the columns {format_names(indicators)} hold 0 and 1, so each is a"
            " target; --target chooses others."
        )
        return tuple(indicators)
    names = [indicators[index] for index in matrix.argmax(axis=1).tolist()]
    for name in indicators:
        del frame.columns[name]
    frame.columns["label"] = pa.array(names, pa.string())
    frame.notes.append(
        f"{frame.name}: the columns {format_names(indicators)} hold one 1 in each row, so they"
        " are the classes of 'label'."
    )
    return ("label",)


def set_parts_from_folders(frame: Frame) -> None:
    """Take the parts from the folders of the pictures, if nothing else gives them."""
    folder_paths = _picture_folders(frame)
    if frame.part is not None or not folder_paths:
        return
    parts = [next((part for part in map(part_named, one) if part), None) for one in folder_paths]
    if "train" not in parts or len(set(parts) - {None}) < 2:
        return
    has_no_part = np.array([one is None for one in parts])
    frame.set_parts(np.array([PARTS.index(one or "train") for one in parts], np.uint8))
    if has_no_part.any():
        items = tuple((frame.row_names[row],) for row in np.flatnonzero(has_no_part).tolist())
        reason = f"Left out: {len(items):,} rows whose pictures lie in no part's folder."
        remedy = "Put each into the folder of its part."
        frame.findings.append(
            Finding("left out", "warning", None, items, len(items), reason, remedy)
        )
        frame.keep_rows(~has_no_part)


def compare_folders(
    frame: Frame, targets: Sequence[str], options: Options, *, has_named_target: bool
) -> None:
    """Report where the folders of pictures and a table disagree; the table counts.

    has_named_target: whether the target is known by name or option.
    Raises DataError if both the folders and a column may be the classes.
    """
    folder_labels = _folder_labels(frame)
    if len(set(folder_labels)) < 2 or "" in folder_labels:
        return
    cells = frame.raw_column(targets[0]).texts() if len(targets) == 1 else []
    table_labels = [options.renamed(cell) for cell in cells]
    classes = {cell.casefold() for cell in table_labels}
    pairs = list(zip(folder_labels, table_labels, strict=True)) if table_labels else []
    if not any(label.casefold() in classes for label in folder_labels):
        if not has_named_target and len(frame.columns) != 2:
            folders = format_names(sorted(set(folder_labels)), 3)
            raise DataError(
                f"{frame.name}: its pictures lie in folders ({folders}), and a table names them:"
                " either may hold the classes; say --kind pictures for the folders, or --target"
                " COLUMN for the table"
            )
        return
    differing = [
        row
        for row, (from_folder, from_table) in enumerate(pairs)
        if from_table and from_folder.casefold() != from_table.casefold()
    ]
    if differing:
        items = tuple(
            (frame.row_names[row], folder_labels[row], table_labels[row]) for row in differing
        )
        reason = (
            f"{len(differing):,} of {len(folder_labels):,} rows of the table give a picture"
            " another class than its folder; the table counts."
        )
        remedy = "Check which is right; --kind pictures uses only the folders."
        frame.findings.append(
            Finding("folders differ", "warning", None, items, len(differing), reason, remedy)
        )


def report_unnamed(frame: Frame, files: Sequence[Place]) -> None:
    """Report pictures of the folder that no row names, and how the others were found."""
    named_paths = {str(file) for file in files}
    unnamed = [
        relative(path, frame.root) for path in frame.all_pictures if str(path) not in named_paths
    ]
    if unnamed:
        reason = (
            f"Left out: {len(unnamed):,} of {len(frame.all_pictures):,} pictures that no row of"
            f" the table names, such as {format_names(unnamed, 2)}."
        )
        remedy = "Add rows for them, or predict them: brique predict RUN FOLDER."
        items = tuple((path,) for path in unnamed)
        frame.findings.append(
            Finding("left out", "warning", None, items, len(unnamed), reason, remedy)
        )
    for name, matches in frame.picture_columns.items():
        if matches.num_other_case:
            frame.notes.append(
                f"{frame.name}: {matches.num_other_case:,} files that '{name}' names are written"
                " in another case."
            )


def picture_groups(frame: Frame, key: str) -> np.ndarray | None:
    """Return a number for the picture of each row, or None if no picture has several rows."""
    cells = frame.raw_column(key).texts()
    if len(set(cells)) == len(cells):
        return None
    num_repeated = len(cells) - len(set(cells))
    frame.notes.append(
        f"{frame.name}: {num_repeated:,} of {len(cells):,} rows name the picture of an earlier"
        " row; the rows of one picture stay in one part."
    )
    return np.array([content_digest(cell.encode()) >> 1 for cell in cells], np.int64)


def _picture_folders(frame: Frame) -> list[list[str]]:
    """Return the folders of the picture of each row; empty without pictures."""
    if not frame.picture_columns:
        return []
    cells = frame.raw_column(next(iter(frame.picture_columns))).texts()
    return [cell.split("/")[:-1] for cell in cells]


def _folder_labels(frame: Frame) -> list[str]:
    """Return the first folder of each picture that is neither common to all nor a part."""
    paths = [
        [folder for folder in path if part_named(folder) is None]
        for path in _picture_folders(frame)
    ]
    while paths and all(paths) and len({path[0] for path in paths}) == 1:
        paths = [path[1:] for path in paths]
    return [path[0] if path else "" for path in paths]
