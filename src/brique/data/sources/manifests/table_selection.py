"""Which tables of a folder to read, and for which part: alone, or beside pictures."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brique.data.files.place import Place, is_hidden, list_files, relative
from brique.data.finding import Finding
from brique.data.raw.source import PARTS, part_named
from brique.data.sources.decoding import is_picture
from brique.data.sources.layout.text_files import data_files, format_names, part_from_name
from brique.data.sources.manifests.file_finder import FileFinder, FileMatches, find_file_columns
from brique.data.sources.table_files.any_format import is_table, may_be_table, read_cells
from brique.data.sources.table_files.delimited import Cells
from brique.errors import DataError

_SUBMISSION = re.compile(
    r".*submission.*", re.IGNORECASE
)  # sample submissions, as Kaggle ships them
_SAMPLE_SUBMISSION = re.compile(r"sample.*submission.*", re.IGNORECASE)
_TARGET_NAMES = ("label", "target", "class", "y")
_MAX_TABLES = 50  # tables beside pictures at most
Tables = list[tuple[Place, int | None]]


@dataclass
class TableSelection:
    """The selected tables, train first, with the index into PARTS of each, or None.

    pictures: the pictures below the folder, if the tables name some of them.
    notes: on ignored files.
    """

    tables: Tables
    pictures: list[Place] = field(default_factory=list[Place])
    notes: list[str] = field(default_factory=list[str])

    @property
    def is_clear(self) -> bool:
        """Whether there is one table, or each has a part."""
        return len(self.tables) == 1 or all(part is not None for _, part in self.tables)


def select_tables(place: Place) -> TableSelection:
    """Return the tables of a place that name its pictures, else the tables directly in it."""
    if not place.is_dir():
        return TableSelection([(place, None)])
    all_files = list_files(place)
    pictures = [file for file in all_files if is_picture(file)]
    if pictures:
        selection = _select_with_pictures(
            place, [file for file in all_files if is_table(file)], pictures
        )
        if selection is not None:
            return selection
    folder_files = data_files(place)
    tables = [file for file in folder_files if is_table(file)]
    if not tables and all(
        file.name.casefold().endswith((".json", ".json.gz")) for file in folder_files
    ):
        tables = [file for file in folder_files if may_be_table(file)]
    return _with_parts(place, tables)


def _select_with_pictures(
    place: Place, tables: list[Place], pictures: list[Place]
) -> TableSelection | None:
    """Return the tables that name pictures, or None without any."""
    picture_folders = {file.parent for file in pictures}
    if len(tables) > _MAX_TABLES:
        return None
    candidates = [
        file
        for file in tables
        if file.parent == place
        or file.parent not in picture_folders
        or part_named(file.parent.name)
        or {file.parent} == picture_folders
    ]
    candidates = [file for file in candidates if not _SAMPLE_SUBMISSION.fullmatch(file.name)]
    naming_tables = [
        file
        for file in candidates
        if not _is_submission(file, candidates) and _names_pictures(file, place)
    ]
    if not naming_tables:
        return None
    selection = _with_parts(place, naming_tables)
    selection.pictures = pictures
    selection.notes = [
        f"{place.name}: {_skip_reason(file, place)}, ignored."
        for file in tables
        if file not in naming_tables
    ]
    return selection


def _is_submission(file: Place, tables: Sequence[Place]) -> bool:
    return len(tables) > 1 and _SUBMISSION.fullmatch(file.name) is not None


def _skip_reason(file: Place, place: Place) -> str:
    path = relative(file, place)
    if _SUBMISSION.fullmatch(file.name):
        return f"{path} is a sample submission"
    return f"{path} names no pictures of the folder, or lies in the folder of a class"


def _names_pictures(table: Place, place: Place) -> bool:
    """Tell whether a column of a table names pictures below a folder."""
    try:
        cells = read_cells(table, None)
    except DataError:
        return False
    try:
        return bool(
            find_file_columns(cells, FileFinder(place, table.parent, part_of_table(table, place)))
        )
    except DataError:  # ambiguous cells are reported when it is read
        return True


def unused_table_findings(place: Place) -> list[Finding]:
    """Return a finding on tables beside pictures that name none of them, if there are any."""
    unused_files = [
        file for file in list_files(place)
        if file.parent == place and is_table(file) and not file.name.casefold().endswith(".txt")
        and not _SUBMISSION.fullmatch(file.name) and not is_hidden(file)
        and not _names_pictures(file, place)
    ]  # fmt: skip
    items = tuple((relative(file, place),) for file in unused_files)
    if not items:
        return []
    phrase = "is ignored, as it names" if len(items) == 1 else "are ignored, as they name"
    reason = f"{format_names([path for (path,) in items])} {phrase} no picture of the folder."
    remedy = "Correct the names of pictures there, if it gives their classes."
    return [Finding("unused table", "warning", None, items, len(items), reason, remedy)]


def part_of_table(file: Place, place: Place) -> str | None:
    """Return the part in the folders or the name of a table."""
    segments = relative(file, place).split("/")[:-1]
    folder_part = next((part for part in map(part_named, segments) if part), None)
    part_index = part_from_name(file)
    return folder_part or (None if part_index is None else PARTS[part_index])


def _with_parts(place: Place, tables: list[Place]) -> TableSelection:
    submissions = [file for file in tables if _is_submission(file, tables)]
    tables = [file for file in tables if file not in submissions]
    notes = [f"{place.name}: {_skip_reason(file, place)}, ignored." for file in submissions]
    if len(tables) == 1:
        return TableSelection([(tables[0], None)], notes=notes)
    named_parts = [(file, part_of_table(file, place)) for file in tables]
    with_index: Tables = [
        (file, None if part is None else PARTS.index(part)) for file, part in named_parts
    ]
    with_index.sort(key=lambda pair: (3 if pair[1] is None else pair[1], str(pair[0])))
    return TableSelection(with_index, notes=notes)


def check_selection(name: str, place: Place, selection: TableSelection) -> None:
    """Raise DataError if it is unclear which of several tables to read."""
    if selection.is_clear or not selection.pictures:
        return
    names = [relative(file, place) for file, _ in selection.tables]
    raise DataError(
        f"{name}: {format_names(names)} name pictures, but not each has a part (train, valid,"
        f" test); give one of them, such as {name}/{names[0]}"
    )


def find_unlabeled(
    tables: Sequence[tuple[Cells, int | None]], target: str | None
) -> tuple[list[int], str | None]:
    """Return the indices of test tables without the target, for prediction; and the target.

    tables: tables, the first of train, with the part of each. target: as in the options.
    """
    first = tables[0][0]
    targets = _target_columns(list(first.columns), target)
    indices: list[int] = []
    inferred_target: str | None = None
    for index, (cells, part) in enumerate(tables):
        if part != PARTS.index("test") or not (first.has_header and cells.has_header):
            continue
        missing = [
            name
            for name in first.columns
            if name not in cells.columns or cells.columns[name].null_count == len(cells.rows)
        ]
        by_name = [n for n in missing if n.strip().casefold() in _TARGET_NAMES and target is None]
        missing_targets = [name for name in missing if name in targets] or by_name
        is_subset = set(cells.columns) < set(first.columns)
        if not missing_targets and target is None and is_subset and len(missing) == 1:
            missing_targets = missing
        if missing_targets:
            indices.append(index)
            inferred_target = missing_targets[0]
    return indices, inferred_target


def _target_columns(names: Sequence[str], target: str | None) -> set[str]:
    """Return the columns that the options name as targets, by name or number."""
    requested = [] if target is None else [target, *(one.strip() for one in target.split(","))]
    numbered = {str(position): name for position, name in enumerate(names, 1)}
    return {one if one in names else numbered.get(one, one) for one in requested}


def resolve_paths(
    cells: Cells,
    finder: FileFinder,
    root: Place,
    *,
    declared: Mapping[str, str] | None = None,
    allow_stems: bool,
) -> dict[str, FileMatches]:
    """Replace names of pictures in cells by their paths below a folder; return the columns.

    declared: kinds of columns by --types. Raises DataError if a cell matches several files.
    """
    import pyarrow as pa

    flags = [name if kind == "picture" else f"-{name}" for name, kind in (declared or {}).items()]
    columns = find_file_columns(cells, finder, declared=flags, allow_stems=allow_stems)
    for name, matches in columns.items():
        paths = {cell: relative(file, root) for cell, file in matches.files.items()}
        texts = [None if text is None else str(text) for text in cells.columns[name].to_pylist()]
        cells.columns[name] = pa.array(
            [text if text is None else paths.get(text, text) for text in texts], pa.string()
        )
    return columns


def other_entries(place: Place) -> Iterable[Place]:
    """Yield the other entries of a folder than its tables."""
    tables = [file for file, _ in select_tables(place).tables]
    entries = (entry for entry in place.iterdir() if not is_hidden(entry) and not is_table(entry))
    return (entry for entry in entries if entry not in tables)
