"""Columns of tables that name picture files: where those files are."""

import re
from collections.abc import Sequence

from brique.data.place import Place
from brique.data.sources.cells import read_cells
from brique.data.sources.decoding import SUFFIXES, is_picture
from brique.errors import DataError

_LOOKED = 20  # different cells that are looked for
_ENDING = re.compile(r"\.(" + "|".join(sorted(one[1:] for one in SUFFIXES)) + r")$", re.IGNORECASE)


def names_pictures(table: Place, root: Place) -> bool:
    """Tell whether a column of a table names picture files below a folder."""
    try:
        cells = read_cells(table, None)
    except DataError:
        return False
    texts = [values for values in cells.columns.values() if str(values.type) == "string"]
    return any(is_pictures(values.slice(0, 500).unique().to_pylist(), root) for values in texts)


def is_pictures(distinct: Sequence[str | None], root: Place, *, bare: bool = True) -> bool:
    """Tell whether cells name picture files: most of the first ones are there.

    bare: whether names without an ending may be meant.
    """
    cells = [cell for cell in distinct if cell][:_LOOKED]
    if not cells or not all(bare or _ENDING.search(cell) for cell in cells):
        return False
    finder = Finder(root)
    return 2 * sum(is_picture(file) and file.is_file() for file in map(finder, cells)) > len(cells)


def is_named_so(cells: Sequence[str]) -> bool:
    """Tell whether all cells end as the names of picture files do."""
    return bool(cells) and all(_ENDING.search(cell) for cell in cells)


class Finder:
    """Finds the file that a cell names: below a folder, in one of its folders, with an ending."""

    def __init__(self, root: Place) -> None:
        self._root = root
        self._folders = [root, *self._below(root)]
        self._endings = ["", *sorted(SUFFIXES)]
        self._seen: dict[str, Place] = {}

    def __call__(self, cell: str) -> Place:
        """Return the place of a picture; where there is none, that below the folder itself."""
        cell = cell.replace("\\", "/")
        if cell not in self._seen:
            self._seen[cell] = self._found(cell)
        return self._seen[cell]

    def _found(self, cell: str) -> Place:
        endings = [""] if _ENDING.search(cell) else self._endings
        for folder in self._folders:
            for ending in endings:
                place = folder / (cell + ending)
                if place.is_file() and (ending or is_picture(place)):
                    self._expect(folder, ending)
                    return place
        return self._root / cell

    def _expect(self, folder: Place, ending: str) -> None:
        """Look first where the last one was."""
        self._folders.remove(folder)
        self._folders.insert(0, folder)
        self._endings.remove(ending)
        self._endings.insert(0, ending)

    @staticmethod
    def _below(root: Place) -> list[Place]:
        found = [entry for entry in root.iterdir() if entry.is_dir()]
        return [entry for entry in found if not entry.name.startswith((".", "__"))]
