"""Files such as sounds that a table names, with the table's other columns."""

from collections.abc import Callable

from brique.data.files.place import Place, list_files, relative
from brique.data.raw.source import PARTS, part_named
from brique.data.sources.layout.labeled_files import LabeledFiles
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.manifests.file_finder import FileFinder, FileMatches
from brique.data.sources.manifests.table_selection import part_of_table
from brique.data.sources.table_files.any_format import is_table, read_cells
from brique.data.sources.table_files.delimited import Cells
from brique.errors import DataError

_MAX_TABLES = 50  # tables at most
Table = tuple[Place, Cells, str, FileMatches]


def find_tables(root: Place, accepts: Callable[[Place], bool]) -> list[Table]:
    """Return the tables below a folder with a column that names most of the files there."""
    tables = [file for file in list_files(root) if is_table(file)]
    result: list[Table] = []
    for file in tables[:_MAX_TABLES]:
        try:
            cells = read_cells(file, None)
        except DataError:
            continue
        finder = FileFinder(root, file.parent, part_of_table(file, root), accepts=accepts)
        for name, values in cells.columns.items():
            if str(values.type) != "string":
                continue
            names_in_column = {cell for cell in values.to_pylist() if cell}
            located = finder.find(values.to_pylist())
            if (
                names_in_column
                and 4 * len(names_in_column) > len(values)
                and 2 * len(located.files) > len(names_in_column)
            ):
                result.append((file, cells, name, located))
                break
    return result


def add_files(
    examples: LabeledFiles, tables: list[Table], accepts: Callable[[Place], bool]
) -> None:
    """Add the files that tables name, with the other columns. Raises DataError."""
    parts = [part_of_table(file, examples.root) if len(tables) > 1 else None for file, *_ in tables]
    if len(tables) > 1 and None in parts:
        names = format_names([relative(file, examples.root) for file, *_ in tables])
        raise DataError(
            f"{examples.name}: {names} name its files, but not each names a part; keep the one"
            " that is meant"
        )
    columns = [name for name in tables[0][1].columns if name != tables[0][2]]
    examples.attributes, examples.attribute_source = {name: [] for name in columns}, "the table"
    for (file, cells, key, located), part in zip(tables, parts, strict=True):
        missing = [name for name in columns if name not in cells.columns]
        if missing:
            raise DataError(f"{examples.name}: {file.name} has no column '{missing[0]}'; add it")
        rows = {name: cells.columns[name].to_pylist() for name in columns}
        for row, cell in enumerate(cells.columns[key].to_pylist()):
            located_file = located.files.get(cell or "")
            if located_file is None:
                examples.skipped.append((f"{file.name} row {cells.rows[row]}", f"no file '{cell}'"))
                continue
            folders = relative(located_file, examples.root).split("/")[:-1]
            file_part = part or next((p for p in map(part_named, folders) if p), "train")
            examples.files.append(located_file)
            examples.parts.append(PARTS.index(file_part))
            for name in columns:
                examples.attributes[name].append(
                    str(rows[name][row] if rows[name][row] is not None else "")
                )
    named_files = {str(file) for file in examples.files}
    unnamed = [
        file for file in list_files(examples.root) if accepts(file) and str(file) not in named_files
    ]
    for file in unnamed:
        examples.skip(file, "is named by no row of the table")
    if 0 not in examples.parts:
        examples.parts[:] = [0] * len(examples.parts)
