"""Tables of boxes: each row has a picture file, corners and a class."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brique.data.files.place import Place, plain_name
from brique.data.sources.decoding import SUFFIXES
from brique.data.sources.regions.annotations import Box, ImageAnnotation, parse_number, parse_size
from brique.data.sources.table_files.any_format import read_cells
from brique.data.sources.table_files.delimited import Cells
from brique.errors import DataError

_FILES = (
    "filename", "file", "image", "imageid", "imagename", "imagepath", "imagefile", "img", "imgname",
    "path", "filepath", "picture", "frame",
)  # fmt: skip
_CLASSES = (
    "class",
    "label",
    "classname",
    "labelname",
    "category",
    "categoryname",
    "name",
    "object",
)
_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"), ("x0", "y0", "x1", "y1"),
    ("left", "top", "right", "bottom"), ("bboxxmin", "bboxymin", "bboxxmax", "bboxymax"),
    ("bboxx1", "bboxy1", "bboxx2", "bboxy2"),
)  # fmt: skip
_CORNER_AND_SIZE = (
    ("bboxx", "bboxy", "bboxwidth", "bboxheight"),
    ("bboxx", "bboxy", "bboxw", "bboxh"),
)
_AMBIGUOUS = (
    ("x", "y", "w", "h"), ("x", "y", "width", "height"), ("cx", "cy", "w", "h"),
    ("xcenter", "ycenter", "width", "height"), ("centerx", "centery", "width", "height"),
)  # fmt: skip # a corner or the middle, and which of both is not said
_HEIGHTS, _WIDTHS = ("height", "imageheight", "imgheight"), ("width", "imagewidth", "imgwidth")
_TABLE_SUFFIXES = (".csv", ".tsv")
_PICTURE_SUFFIX = re.compile(
    r"\.(" + "|".join(sorted(one[1:] for one in SUFFIXES)) + r")$", re.IGNORECASE
)


@dataclass(frozen=True)
class _ColumnRoles:
    """The column for each role; None if missing."""

    file: str
    corners: tuple[str, str, str, str]
    label: str | None
    height: str | None = None
    width: str | None = None
    is_xywh: bool = False  # whether boxes are x, y, width, height


def is_box_table(file: Place, pictures: Sequence[Place]) -> bool:
    """Tell whether a table gives boxes in existing pictures."""
    if not plain_name(file).endswith(_TABLE_SUFFIXES):
        return False
    try:
        cells = read_cells(file, None)
    except DataError:
        return False
    roles = _find_roles(cells) or _ambiguous_roles(cells)
    if roles is None:
        return False
    stems = {picture.stem.casefold() for picture in pictures}
    names = list(dict.fromkeys(name for name in _texts(cells, roles.file) if name))[:200]
    return bool(names) and 2 * sum(_stem(name) in stems for name in names) >= len(names)


def read_box_table(file: Place) -> tuple[list[ImageAnnotation], list[str]]:
    """Return the annotation of each picture in a table, and notes on how it is read.

    A row without corners means a picture without objects. Rows that cannot be read are left
    out and reported.
    """
    cells = read_cells(file, None)
    roles = _find_roles(cells)
    if roles is None:
        raise DataError(
            f"{file.name}: expected the corners of boxes, got {', '.join(cells.columns)}, which do"
            " not say whether x and y are a corner or the middle; give columns named xmin, ymin,"
            " xmax, ymax, or say --kind table"
        )
    files = _texts(cells, roles.file)
    labels = None if roles.label is None else _texts(cells, roles.label)
    corners = list(zip(*(_texts(cells, name) for name in roles.corners), strict=True))
    sizes = [
        [""] * len(files) if name is None else _texts(cells, name)
        for name in (roles.height, roles.width)
    ]
    by_name: dict[str, ImageAnnotation] = {}
    for row, name in enumerate(files):
        where = f"{file.name} row {cells.rows[row]}"
        annotation = by_name.setdefault(
            name, ImageAnnotation(name, parse_size(sizes[0][row], sizes[1][row]), file)
        )
        label = "object" if labels is None else labels[row]
        if any(corners[row]) or (labels is not None and label):
            _add_box(annotation, where, corners[row], label, is_xywh=roles.is_xywh)
    _make_relative(list(by_name.values()))
    notes = [] if labels is not None else [
        f"{file.name}: no column gives the class of a box, so all are named 'object'."
    ]  # fmt: skip
    return list(by_name.values()), notes


def _add_box(
    annotation: ImageAnnotation, where: str, texts: Sequence[str], label: str, *, is_xywh: bool
) -> None:
    x0, y0, x1, y1 = (parse_number(text) for text in texts)
    box: Box = (x0, y0, x0 + x1, y0 + y1) if is_xywh else (x0, y0, x1, y1)
    if not label or any(side != side for side in box) or (is_xywh and min(x1, y1) < 0):
        actual = f"'{label}', {', '.join(texts)}"
        reason = f"expected a class and four numbers of a box, got {actual}; correct it"
        annotation.faults.append((where, reason))
    else:
        annotation.add(box, label)


def _make_relative(annotations: Sequence[ImageAnnotation]) -> None:
    """Read boxes as fractions of their pictures if no number is above 1."""
    coordinates = [
        coordinate for annotation in annotations for box in annotation.boxes for coordinate in box
    ]
    if coordinates and max(coordinates) <= 1 and min(coordinates) >= 0:
        for annotation in annotations:
            annotation.is_relative = True


def _find_roles(cells: Cells) -> _ColumnRoles | None:
    """Return the column for each role; None if a table gives no boxes."""
    names = list(cells.columns)
    if not cells.has_header:
        has_file_names = len(names) == 6 and any(
            map(_PICTURE_SUFFIX.search, _texts(cells, names[0])[:20])
        )
        return _ColumnRoles(names[0], (names[1], names[2], names[3], names[4]), names[5]) if (
            has_file_names and all(_are_numbers(cells, name) for name in names[1:5])
        ) else None  # fmt: skip
    normalized = {re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in names}

    def first_present(candidates: Sequence[str]) -> str | None:
        return next((normalized[name] for name in candidates if name in normalized), None)

    file = first_present(_FILES)
    for layouts in (_CORNERS, _CORNER_AND_SIZE):
        for corners in layouts:
            if file is not None and all(name in normalized for name in corners):
                a, b, c, d = (normalized[name] for name in corners)
                label = first_present(_CLASSES)
                label = label if label not in (file, a, b, c, d) else None
                size = first_present(_HEIGHTS), first_present(_WIDTHS)
                return _ColumnRoles(
                    file, (a, b, c, d), label, *size, is_xywh=layouts is _CORNER_AND_SIZE
                )
    return None


def _ambiguous_roles(cells: Cells) -> _ColumnRoles | None:
    """Return columns that give boxes ambiguously, or None."""
    normalized = {re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in cells.columns}
    file = next((normalized[name] for name in _FILES if name in normalized), None)
    label = next((normalized[name] for name in _CLASSES if name in normalized), None)
    corners = next((names for names in _AMBIGUOUS if set(names) <= normalized.keys()), None)
    if file is None or label is None or corners is None or not cells.has_header:
        return None
    x, y, w, h = (normalized[name] for name in corners)
    return _ColumnRoles(file, (x, y, w, h), label, is_xywh=True)


def _are_numbers(cells: Cells, name: str) -> bool:
    values = [cell for cell in _texts(cells, name) if cell][:200]
    return bool(values) and all(parse_number(cell) == parse_number(cell) for cell in values)


def _texts(cells: Cells, name: str) -> list[str]:
    """Return the cells of a column as texts, "" where missing."""
    import pyarrow as pa

    values: Any = cells.columns[name].cast(pa.string()).to_pylist()
    return ["" if value is None else value.strip() for value in values]


def _stem(name: str) -> str:
    file_name = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _PICTURE_SUFFIX.sub("", file_name).casefold()
