"""Frame: the columns of a table, with the name and the part of each row."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from brique.data.files.place import Place
from brique.data.finding import Finding
from brique.data.raw.source import ALIASES, PARTS
from brique.data.sources.columns.guess import RawColumn, count_na_values, mask_values, trim
from brique.data.sources.columns.numbers import NumberFormat, signs_of
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.manifests.file_finder import FileFinder, FileMatches
from brique.data.sources.manifests.table_selection import (
    Tables,
    TableSelection,
    check_selection,
    find_unlabeled,
    part_of_table,
    resolve_paths,
    select_tables,
)
from brique.data.sources.table_files.any_format import concatenate, read_cells
from brique.data.sources.table_files.raw_cells import Cells
from brique.errors import DataError
from brique.options import Options
from brique.schema.class_names import canonical_name
from brique.schema.messages import alternatives
from brique.schema.numerals import Decimal

_SPLIT_NAMES = re.compile(r"k?fold(id|no)?|partition|is(train|training|test|valid|val)")


@dataclass
class Frame:
    """A table, or the concatenated tables of all parts.

    name: of the source. root: the folder of the files that it names.
    columns: pyarrow arrays by name, trimmed, null where a cell is empty.
    row_names: name of each row, for messages.
    part: (N,), uint8, index into PARTS, or None if the table has no parts.
    file_columns: the columns in the order of the file, numbered from 1.
    classes: of all columns.
    delimiter: between its cells. decimal: the decimal sign, if --decimal gives it.
    literal_values: by column, marks such as NA that are classes, not missing.
    picture_columns: the pictures that columns name. all_pictures: the pictures of the folder.
    inferred_target: the target, if tables for prediction reveal it.
    """

    name: str
    root: Place
    columns: dict[str, Any]
    row_names: list[str]
    part: np.ndarray | None = None
    has_header: bool = True
    file_columns: list[str] = field(default_factory=list[str])
    classes: set[str] = field(default_factory=set[str])
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    delimiter: str = ","
    decimal: Decimal | None = None
    literal_values: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _raw_columns: dict[str, RawColumn] = field(default_factory=dict[str, RawColumn])
    picture_columns: dict[str, FileMatches] = field(default_factory=dict[str, FileMatches])
    all_pictures: Sequence[Place] = ()
    inferred_target: str | None = None

    def resolve_column(self, requested: str, option: str) -> str:
        """Return the column of a name, or of a number from 1. Raises DataError."""
        name = requested
        if name in self.columns:
            return name
        if requested.isdecimal() and 1 <= int(requested) <= len(self.file_columns):
            name = self.file_columns[int(requested) - 1]
        if name not in self.columns:
            names = list(self.columns)
            raise DataError(
                f"{self.name}: {option}: no column '{requested}'{alternatives(requested, names)}"
            )
        return name

    def keep_rows(self, is_kept: np.ndarray) -> None:
        """Keep only the rows where `is_kept` (N,), bool, is true."""
        import pyarrow as pa

        if is_kept.all():
            return
        self._raw_columns.clear()
        mask = pa.array(is_kept)
        self.columns = {name: values.filter(mask) for name, values in self.columns.items()}
        self.row_names = [self.row_names[row] for row in np.flatnonzero(is_kept).tolist()]
        self.part = None if self.part is None else self.part[is_kept]

    def raw_column(self, name: str) -> RawColumn:
        """Return one column, null where a cell is missing, before its kind is guessed."""
        if name not in self._raw_columns:
            values = self.columns[name]
            na_values = count_na_values(values).keys() - self.literal_values.get(name, set())
            all_rows = np.ones(len(self.row_names), bool)
            non_test = all_rows if self.part is None else self.part != PARTS.index("test")
            number_format = NumberFormat(self.delimiter, self.decimal, self.decimal_signs)
            self._raw_columns[name] = RawColumn(
                name,
                self.name,
                mask_values(values, na_values),
                self.row_names,
                non_test,
                number_format,
            )
        return self._raw_columns[name]

    def set_parts(self, part: np.ndarray) -> None:
        """Set the part of each row (N,), an index into PARTS."""
        self.part = part
        self._raw_columns.clear()

    def na_counts(self, name: str) -> dict[str, int]:
        """Return the cells of a column that mark a missing value, with their counts."""
        literals = self.literal_values.get(name, set())
        counts = count_na_values(self.columns[name])
        return {value: count for value, count in counts.items() if value not in literals}

    def treat_as_literal(self, name: str, values: Collection[str]) -> None:
        """Treat marks such as NA as classes of a column."""
        self.literal_values.setdefault(name, set()).update(values)
        self._raw_columns.pop(name, None)

    def decimal_signs(self) -> frozenset[str]:
        """Return the unambiguous decimal signs of the columns."""
        return signs_of(self.columns.values())


def read_frame(name: str, place: Place, options: Options) -> Frame:
    """Return the table at a place, with `test=` a second one as its test part. Raises DataError."""
    selection = select_tables(place)
    check_selection(name, place, selection)
    tables, files, inferred_target = _read_tables(name, place, options, selection)
    root = place if place.is_dir() else place.parent
    picture_columns = _locate_pictures(tables, files, place, options)
    cells, sizes = tables[0], [len(table.rows) for table in tables]
    row_names = [_row_names(table, len(tables) > 1) for table in tables]
    for table in tables[1:]:
        cells = concatenate(cells, table)
    frame = Frame(name, root, {}, [row for rows in row_names for row in rows])
    if len(files) > 1:
        parts = [part or 0 for _, part in files]
        frame.part = np.repeat(np.array(parts, np.uint8), sizes)
    frame.skipped, frame.notes = cells.skipped, [*selection.notes, *cells.notes]
    frame.inferred_target, frame.all_pictures = inferred_target, selection.pictures
    frame.delimiter, frame.decimal = cells.delimiter, cast("Decimal | None", options.decimal)
    frame.findings, frame.has_header = [*cells.findings, *_ragged_findings(cells)], cells.has_header
    frame.columns = {key: trim(values) for key, values in cells.columns.items()}
    frame.file_columns, frame.picture_columns = list(frame.columns), picture_columns
    _drop_index(frame, options)
    if not frame.has_header:
        phrase = (
            f"are named 1 to {len(frame.file_columns)}"
            if len(frame.file_columns) > 1
            else "is named 1"
        )
        subject = "its columns" if len(frame.file_columns) > 1 else "its column"
        frame.notes.append(
            f"{name}: its first line is not a header, so {subject} {phrase}; --header."
        )
    return frame


def _read_tables(
    name: str, place: Place, options: Options, selection: TableSelection
) -> tuple[list[Cells], Tables, str | None]:
    """Return the cells of the selected tables, their files, and the inferred target or None.

    Tables for prediction are left out, with a note. Raises DataError.
    """
    files = selection.tables
    if not files:
        raise DataError(
            f"{name}: expected a table (.csv, .tsv, .xlsx, .parquet, .jsonl, .json), got none;"
            " check the path"
        )
    if options.test is not None and options.test_values() is None:
        if any(part == PARTS.index("test") for _, part in files) and len(files) > 1:
            raise DataError(f"{name}: it already has a test table; leave out --test")
        files = [(file, part or 0) for file, part in files]
        files.append((_test_table(name, place, options.test), PARTS.index("test")))
    if len(files) > 1 and not any(part == 0 for _, part in files):
        raise DataError(
            f"{name}: expected a table of the train part, or one table, got"
            f" {format_names([file.name for file, _ in files])}; give one of them"
        )
    tables: list[Cells] = []
    for file, _ in files:  # the others have the columns of the first
        names = [*tables[0].columns] if tables and tables[0].has_header else options.columns()
        tables.append(read_cells(file, options.header, sheet=options.sheet, expected_names=names))
    own_tables = zip(
        tables, (part for _, part in selection.tables), strict=False
    )  # not that of --test
    unlabeled, inferred_target = find_unlabeled(list(own_tables), options.target)
    selection.notes += [_prediction_note(name, tables[row], inferred_target) for row in unlabeled]
    tables = [table for row, table in enumerate(tables) if row not in unlabeled]
    return tables, [file for row, file in enumerate(files) if row not in unlabeled], inferred_target


def _drop_index(frame: Frame, options: Options) -> None:
    """Drop a first column without a name that numbers the rows, as data frames write it.

    It is only the position of an example. It stays if an option names it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    name = next(iter(frame.columns), None)
    declared = {*(options.types or ()), options.target, options.group, options.time}
    if name != "" or len(frame.columns) < 2 or declared & {"", "1"}:
        return
    values = frame.columns[name]
    try:
        numbers = pc.cast(values, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return
    if pa.types.is_timestamp(values.type) or values.null_count:
        return
    sizes = [len(frame.row_names)] if frame.part is None else np.bincount(frame.part).tolist()
    offsets = np.cumsum([0, *sizes]).tolist()
    chunks = [
        numbers.slice(start, size) for start, size in zip(offsets, sizes, strict=False) if size
    ]
    if all(len(chunk.unique()) == len(chunk) for chunk in chunks):
        del frame.columns[name]
        frame.notes.append(
            f"{frame.name}: its first column has no name and numbers the rows, so it is left out;"
            " --types '1=number' keeps it."
        )


def _test_table(name: str, place: Place, test_path: str) -> Place:
    """Return the table of the test part: a path, also relative to the first table."""
    home = place if place.is_dir() else place.parent
    candidates: list[Place] = [Path(test_path).expanduser(), home / test_path]
    if isinstance(place, Path):  # below a folder of BRIQUE_DATA, like the first
        candidates += [folder / test_path for folder in list(place.absolute().parents)[1:4]]
    existing = [file for file in candidates if file.is_file()]
    if not existing:
        raise DataError(
            f"{name}: --test {test_path} is neither a file nor COLUMN=VALUE; check the path"
        )
    return existing[0]


def _locate_pictures(
    tables: list[Cells], files: Tables, place: Place, options: Options
) -> dict[str, FileMatches]:
    """Find the pictures that columns of tables name, relative to each table."""
    is_folder = place.is_dir()
    root = place if is_folder else place.parent
    picture_columns: dict[str, FileMatches] = {}
    for cells, (file, _) in zip(tables, files, strict=True):
        part = part_of_table(file, root) if is_folder else None
        finder = FileFinder(root, file.parent, part, owns_folder=is_folder)
        for key, matches in resolve_paths(
            cells, finder, root, declared=options.types, allow_stems=is_folder
        ).items():
            merged = picture_columns.setdefault(key, matches)
            if merged is not matches:
                merged.files |= matches.files
                merged.num_by_suffix, merged.num_other_case = (
                    merged.num_by_suffix + matches.num_by_suffix,
                    merged.num_other_case + matches.num_other_case,
                )
    return picture_columns


def _prediction_note(name: str, cells: Cells, target: str | None) -> str:
    return (
        f"{name}: {cells.file} has no '{target}', so it is for prediction, not a test part: brique"
        f" predict RUN {cells.file}."
    )


def _row_names(cells: Cells, has_prefix: bool) -> list[str]:
    prefix = f"{cells.file} " if has_prefix else ""
    return [f"{prefix}row {row}" for row in cells.rows.tolist()]


def _ragged_findings(cells: Cells) -> list[Finding]:
    ragged = [item for item in cells.skipped if item[1].startswith("has ")]  # others are not rows
    if not ragged:
        return []
    count, total = len(ragged), len(ragged) + len(cells.rows)
    return [
        Finding(
            "ragged rows", "warning", None, tuple(ragged), count,
            f"{count:,} of {total:,} rows do not fit the table and are left out.",
            "Correct them: put cells with a delimiter into quotation marks.",
        )
    ]  # fmt: skip


def use_split_column(frame: Frame, declared: Collection[str]) -> None:
    """Take the parts from a column named split, if it holds nothing else.

    declared: columns that an option names.
    """
    names = [name for name in frame.columns if name not in declared]
    name = next((name for name in names if name.casefold() == "split"), None)
    if name is None or frame.part is not None:
        return
    codes = frame.raw_column(name).codes()
    parts = [ALIASES.get(class_name.casefold()) for class_name in codes.names]
    if None in parts or (codes.codes < 0).any() or "train" not in parts:
        frame.notes.append(
            f"{frame.name}: column '{name}' does not hold only train, valid and test, so it is"
            " not a"
            " split but a field."
        )
        return
    part_indices = np.array([PARTS.index(part) for part in parts if part], np.uint8)
    frame.set_parts(part_indices[codes.codes])
    del frame.columns[name]


def warn_of_split_columns(frame: Frame, declared: Collection[str]) -> None:
    """Warn of columns such as fold and is_train, which may give the parts and are inputs."""
    for name in frame.columns:
        plain = re.sub(r"[\W_]", "", name.casefold())
        if frame.part is None and name not in declared and _SPLIT_NAMES.fullmatch(plain):
            reason = f"'{name}' may mark the test rows, and is read as an input."
            remedy = f"Choose them, --test '{name}=VALUE', or leave it out, --types '{name}=leave'."
            frame.findings.append(
                Finding("parts unread", "warning", None, ((name,),), 1, reason, remedy)
            )


def choose_test(frame: Frame, options: Options, targets: Collection[str]) -> None:
    """Make the rows with a value of test="COLUMN=VALUE,VALUE" the test part."""
    condition = options.test_values()
    if condition is None:
        return
    column, values = frame.resolve_column(condition[0], "test"), set(condition[1])
    if frame.part is not None:
        raise DataError(f"{frame.name}: it already has parts; leave out --test")
    codes = frame.raw_column(column).codes()
    values = {one if one in codes.names else canonical_name(one) for one in values}
    for value in sorted(values):
        if value not in codes.names:
            raise DataError(
                f"{frame.name}: test: column '{column}' has no '{value}'"
                f"{alternatives(value, codes.names)}"
            )
    is_test = np.array([name in values for name in codes.names] + [False])[codes.codes]
    frame.set_parts(np.where(is_test, PARTS.index("test"), 0).astype(np.uint8))
    if column not in targets:
        del frame.columns[column]
        frame.notes.append(
            f"{frame.name}: test is {is_test.sum():,} rows by '{column}', which is not an input"
            " then."
        )
