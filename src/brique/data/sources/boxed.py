"""Tables of boxes: a row for each, with the picture's file, its corners and its class."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brique.data.place import Place, plain_name
from brique.data.sources.annotations import Box, Marked, number, sides
from brique.data.sources.cells import read_cells
from brique.data.sources.decoding import SUFFIXES
from brique.data.sources.delimited import Cells
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
_SIZED = (("bboxx", "bboxy", "bboxwidth", "bboxheight"), ("bboxx", "bboxy", "bboxw", "bboxh"))
_UNCLEAR = (
    ("x", "y", "w", "h"), ("x", "y", "width", "height"), ("cx", "cy", "w", "h"),
    ("xcenter", "ycenter", "width", "height"), ("centerx", "centery", "width", "height"),
)  # fmt: skip # a corner or the middle, and which of both is not said
_HEIGHTS, _WIDTHS = ("height", "imageheight", "imgheight"), ("width", "imagewidth", "imgwidth")
_ENDINGS = (".csv", ".tsv")
_ENDING = re.compile(r"\.(" + "|".join(sorted(one[1:] for one in SUFFIXES)) + r")$", re.IGNORECASE)


@dataclass(frozen=True)
class _Roles:
    """Which column of a table says what; None where none does."""

    file: str
    corners: tuple[str, str, str, str]
    label: str | None
    height: str | None = None
    width: str | None = None
    is_sized: bool = False  # whether the corners are x, y, width, height


def is_boxed(file: Place, pictures: Sequence[Place]) -> bool:
    """Tell whether a table gives boxes in pictures that are there."""
    if not plain_name(file).endswith(_ENDINGS):
        return False
    try:
        cells = read_cells(file, None)
    except DataError:
        return False
    roles = _roles(cells) or _unclear(cells)
    if roles is None:
        return False
    stems = {picture.stem.casefold() for picture in pictures}
    names = list(dict.fromkeys(name for name in _texts(cells, roles.file) if name))[:200]
    return bool(names) and 2 * sum(_stem(name) in stems for name in names) >= len(names)


def boxed(file: Place) -> tuple[list[Marked], list[str]]:
    """Return what a table says of each picture, and notes on how it is read.

    A row without corners says that nothing is in its picture. Rows that cannot be read are left
    out and named.
    """
    cells = read_cells(file, None)
    roles = _roles(cells)
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
    found: dict[str, Marked] = {}
    for row, name in enumerate(files):
        where = f"{file.name} row {cells.rows[row]}"
        marked = found.setdefault(name, Marked(name, sides(sizes[0][row], sizes[1][row]), file))
        label = "object" if labels is None else labels[row]
        if any(corners[row]) or (labels is not None and label):
            _add(marked, where, corners[row], label, is_sized=roles.is_sized)
    _make_relative(list(found.values()))
    notes = [] if labels is not None else [
        f"{file.name}: no column gives the class of a box, so all are called 'object'."
    ]  # fmt: skip
    return list(found.values()), notes


def _add(marked: Marked, where: str, texts: Sequence[str], label: str, *, is_sized: bool) -> None:
    x0, y0, x1, y1 = (number(text) for text in texts)
    box: Box = (x0, y0, x0 + x1, y0 + y1) if is_sized else (x0, y0, x1, y1)
    if not label or any(one != one for one in box) or (is_sized and min(x1, y1) < 0):
        came = f"'{label}', {', '.join(texts)}"
        reason = f"expected a class and four numbers of a box, got {came}; correct it"
        marked.faults.append((where, reason))
    else:
        marked.add(box, label)


def _make_relative(several: Sequence[Marked]) -> None:
    """Take boxes for shares of their pictures where no number of all is above 1."""
    sides = [side for marked in several for box in marked.boxes for side in box]
    if sides and max(sides) <= 1 and min(sides) >= 0:
        for marked in several:
            marked.is_relative = True


def _roles(cells: Cells) -> _Roles | None:
    """Return which column says what; None where a table gives no boxes."""
    names = list(cells.columns)
    if not cells.has_header:
        is_such = len(names) == 6 and any(map(_ENDING.search, _texts(cells, names[0])[:20]))
        return _Roles(names[0], (names[1], names[2], names[3], names[4]), names[5]) if (
            is_such and all(_are_numbers(cells, name) for name in names[1:5])
        ) else None  # fmt: skip
    plain = {re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in names}

    def first(known: Sequence[str]) -> str | None:
        return next((plain[name] for name in known if name in plain), None)

    file = first(_FILES)
    for several in (_CORNERS, _SIZED):
        for corners in several:
            if file is not None and all(name in plain for name in corners):
                a, b, c, d = (plain[name] for name in corners)
                label = first(_CLASSES)
                label = label if label not in (file, a, b, c, d) else None
                size = first(_HEIGHTS), first(_WIDTHS)
                return _Roles(file, (a, b, c, d), label, *size, is_sized=several is _SIZED)
    return None


def _unclear(cells: Cells) -> _Roles | None:
    """Return which columns give boxes in a way that can be read in two; None where none do so."""
    plain = {re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in cells.columns}
    file = next((plain[name] for name in _FILES if name in plain), None)
    label = next((plain[name] for name in _CLASSES if name in plain), None)
    known = next((names for names in _UNCLEAR if set(names) <= plain.keys()), None)
    if file is None or label is None or known is None or not cells.has_header:
        return None
    x, y, w, h = (plain[name] for name in known)
    return _Roles(file, (x, y, w, h), label, is_sized=True)


def _are_numbers(cells: Cells, name: str) -> bool:
    known = [cell for cell in _texts(cells, name) if cell][:200]
    return bool(known) and all(number(cell) == number(cell) for cell in known)


def _texts(cells: Cells, name: str) -> list[str]:
    """Return the cells of a column as texts, "" where one is missing."""
    import pyarrow as pa

    values: Any = cells.columns[name].cast(pa.string()).to_pylist()
    return ["" if one is None else one.strip() for one in values]


def _stem(name: str) -> str:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _ENDING.sub("", last).casefold()
