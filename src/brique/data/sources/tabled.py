"""Tabled: files such as sounds that a table names, with what it says of each."""

from collections.abc import Callable

from brique.data.place import Place, files, relative
from brique.data.source import PARTS, part_named
from brique.data.sources.cells import is_table, read_cells
from brique.data.sources.delimited import Cells
from brique.data.sources.illustrated import Finder, Found
from brique.data.sources.listed import Listed
from brique.data.sources.listing import part_of_table
from brique.data.sources.shelf import few
from brique.errors import DataError

_MANY = 50  # tables at most
Table = tuple[Place, Cells, str, Found]


def of(root: Place, is_wanted: Callable[[Place], bool]) -> list[Table]:
    """Return the tables below a folder of which a column names most of its files there."""
    tables = [file for file in files(root) if is_table(file)]
    found: list[Table] = []
    for file in tables[:_MANY]:
        try:
            cells = read_cells(file, None)
        except DataError:
            continue
        finder = Finder(root, file.parent, part_of_table(file, root), is_wanted=is_wanted)
        for name, values in cells.columns.items():
            if str(values.type) != "string":
                continue
            known = {cell for cell in values.to_pylist() if cell}
            one = finder.find(values.to_pylist())
            if known and 4 * len(known) > len(values) and 2 * len(one.files) > len(known):
                found.append((file, cells, name, one))
                break
    return found


def take(found: Listed, tables: list[Table], is_wanted: Callable[[Place], bool]) -> None:
    """Add the files that tables name, with the other columns. Raises DataError."""
    parts = [part_of_table(file, found.root) if len(tables) > 1 else None for file, *_ in tables]
    if len(tables) > 1 and None in parts:
        names = few([relative(file, found.root) for file, *_ in tables])
        raise DataError(
            f"{found.name}: {names} name its files, and not each is of a part; keep the one that is"
            " meant"
        )
    columns = [name for name in tables[0][1].columns if name != tables[0][2]]
    found.told, found.where = {name: [] for name in columns}, "the table"
    for (file, cells, key, one), part in zip(tables, parts, strict=True):
        lacking = [name for name in columns if name not in cells.columns]
        if lacking:
            raise DataError(f"{found.name}: {file.name} has no column '{lacking[0]}'; add it")
        rows = {name: cells.columns[name].to_pylist() for name in columns}
        for row, cell in enumerate(cells.columns[key].to_pylist()):
            place = one.files.get(cell or "")
            if place is None:
                found.skipped.append((f"{file.name} row {cells.rows[row]}", f"no file '{cell}'"))
                continue
            folders = relative(place, found.root).split("/")[:-1]
            goal = part or next((p for p in map(part_named, folders) if p), "train")
            found.files.append(place)
            found.parts.append(PARTS.index(goal))
            for name in columns:
                found.told[name].append(str(rows[name][row] if rows[name][row] is not None else ""))
    named = {str(file) for file in found.files}
    lone = [file for file in files(found.root) if is_wanted(file) and str(file) not in named]
    for file in lone:
        found.skip(file, "is named by no row of the table")
    if 0 not in found.parts:
        found.parts[:] = [0] * len(found.parts)
