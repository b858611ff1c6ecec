"""Frame: the columns of a table with the names of its rows and the part of each."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place
from brique.data.source import ALIASES, PARTS
from brique.data.sources.cells import joined, read_cells
from brique.data.sources.guess import Cut, marks_among, trimmed, without
from brique.data.sources.illustrated import Finder, Found
from brique.data.sources.listing import (
    Listing,
    Tables,
    check,
    listing,
    located,
    part_of_table,
    to_ask,
)
from brique.data.sources.numbers import Form, signs_of
from brique.data.sources.rows import Cells
from brique.data.sources.shelf import few
from brique.errors import DataError
from brique.options import Options
from brique.schema.names import plain_name
from brique.schema.numerals import Decimal
from brique.schema.words import instead

_SPLITS = re.compile(r"k?fold(id|no)?|partition|is(train|training|test|valid|val)")


@dataclass
class Frame:
    """A table, or one of each part below one another.

    name: of the source. root: the folder below which files are that it names.
    columns: pyarrow arrays by name, trimmed, null where a cell is empty.
    called: what a person calls each row.
    part: (N,), uint8, place in PARTS, or None if the table does not say.
    order: the columns as the file has them, by which they are numbered from 1.
    classes: all that any column holds.
    delimiter: between its cells. decimal: the sign before decimals, where a person says it.
    words: by column, marks such as NA that are classes there, not missing.
    pictured: where the pictures are that columns name. beside: all pictures of the folder.
    goal: the target, where tables to be asked tell it.
    """

    name: str
    root: Place
    columns: dict[str, Any]
    called: list[str]
    part: np.ndarray | None = None
    has_header: bool = True
    order: list[str] = field(default_factory=list[str])
    classes: set[str] = field(default_factory=set[str])
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    delimiter: str = ","
    decimal: Decimal | None = None
    words: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _cuts: dict[str, Cut] = field(default_factory=dict[str, Cut])
    pictured: dict[str, Found] = field(default_factory=dict[str, Found])
    beside: Sequence[Place] = ()
    goal: str | None = None

    def named(self, given: str, option: str) -> str:
        """Return the column that a person names, or numbers from 1. Raises DataError."""
        name = given
        if name in self.columns:
            return name
        if given.isdecimal() and 1 <= int(given) <= len(self.order):
            name = self.order[int(given) - 1]
        if name not in self.columns:
            known = list(self.columns)
            raise DataError(f"{self.name}: {option}: no column '{given}'{instead(given, known)}")
        return name

    def keep(self, kept: np.ndarray) -> None:
        """Leave out all rows but those where `kept` (N,), bool, is true."""
        import pyarrow as pa

        if kept.all():
            return
        self._cuts.clear()
        mask = pa.array(kept)
        self.columns = {name: values.filter(mask) for name, values in self.columns.items()}
        self.called = [self.called[row] for row in np.flatnonzero(kept).tolist()]
        self.part = None if self.part is None else self.part[kept]

    def cut(self, name: str) -> Cut:
        """Return one column, null where a cell is missing, to be guessed."""
        if name not in self._cuts:
            values = self.columns[name]
            marks = marks_among(values).keys() - self.words.get(name, set())
            everything = np.ones(len(self.called), bool)
            seen = everything if self.part is None else self.part != PARTS.index("test")
            form = Form(self.delimiter, self.decimal, self.signs)
            self._cuts[name] = Cut(name, self.name, without(values, marks), self.called, seen, form)
        return self._cuts[name]

    def take_parts(self, part: np.ndarray) -> None:
        """Put each row into a part (N,), by its place in PARTS."""
        self.part = part
        self._cuts.clear()

    def marks(self, name: str) -> dict[str, int]:
        """Return the cells of a column that stand for a missing value, with their counts."""
        words = self.words.get(name, set())
        found = marks_among(self.columns[name])
        return {mark: count for mark, count in found.items() if mark not in words}

    def keep_words(self, name: str, marks: Collection[str]) -> None:
        """Take marks such as NA for classes of a column."""
        self.words.setdefault(name, set()).update(marks)
        self._cuts.pop(name, None)

    def signs(self) -> frozenset[str]:
        """Return the decimal signs that the columns show without doubt."""
        return signs_of(self.columns.values())


def frame_of(name: str, place: Place, asked: Options) -> Frame:
    """Return the table at a place, with `test=` a second one as its test part. Raises DataError."""
    listed = listing(place)
    check(name, place, listed)
    found, files, goal = _read(name, place, asked, listed)
    root = place if place.is_dir() else place.parent
    pictured = _located(found, files, place, asked)
    cells, sizes = found[0], [len(one.rows) for one in found]
    called = [_called(one, len(found) > 1) for one in found]
    for one in found[1:]:
        cells = joined(cells, one)
    frame = Frame(name, root, {}, [row for rows in called for row in rows])
    if len(files) > 1:
        parts = [part or 0 for _, part in files]
        frame.part = np.repeat(np.array(parts, np.uint8), sizes)
    frame.skipped, frame.notes = cells.skipped, [*listed.notes, *cells.notes]
    frame.goal, frame.beside = goal, listed.pictures
    frame.delimiter, frame.decimal = cells.delimiter, cast("Decimal | None", asked.decimal)
    frame.findings, frame.has_header = [*cells.findings, *_ragged(cells)], cells.has_header
    frame.columns = {key: trimmed(values) for key, values in cells.columns.items()}
    frame.order, frame.pictured = list(frame.columns), pictured
    _leave_index(frame, asked)
    if not frame.has_header:
        said = f"are named 1 to {len(frame.order)}" if len(frame.order) > 1 else "is named 1"
        columns = "its columns" if len(frame.order) > 1 else "its column"
        frame.notes.append(f"{name}: its first line is no header, so {columns} {said}; --header.")
    return frame


def _read(
    name: str, place: Place, asked: Options, listed: Listing
) -> tuple[list[Cells], Tables, str | None]:
    """Return the cells of the tables that are meant, these, and the target if those to ask tell it.

    Tables to be asked are left out, with a note. Raises DataError.
    """
    files = listed.tables
    if not files:
        raise DataError(
            f"{name}: expected a table (.csv, .tsv, .xlsx, .parquet, .jsonl, .json), got none;"
            " check the path"
        )
    if asked.test is not None and asked.test_values() is None:
        if any(part == PARTS.index("test") for _, part in files) and len(files) > 1:
            raise DataError(f"{name}: it has a test table already; leave out --test")
        files = [(file, part or 0) for file, part in files]
        files.append((_test_table(name, place, asked.test), PARTS.index("test")))
    if len(files) > 1 and not any(part == 0 for _, part in files):
        raise DataError(
            f"{name}: expected a table of the train part, or one table, got"
            f" {few([file.name for file, _ in files])}; give the one that is meant"
        )
    found: list[Cells] = []
    for file, _ in files:  # those after the first have its columns
        names = [*found[0].columns] if found and found[0].has_header else asked.columns()
        found.append(read_cells(file, asked.header, sheet=asked.sheet, known=names))
    own = zip(found, (part for _, part in listed.tables), strict=False)  # not that of --test
    asking, goal = to_ask(list(own), asked.target)
    listed.notes += [_to_be_asked(name, found[row], goal) for row in asking]
    found = [one for row, one in enumerate(found) if row not in asking]
    return found, [file for row, file in enumerate(files) if row not in asking], goal


def _leave_index(frame: Frame, asked: Options) -> None:
    """Leave out a first column without a name that numbers the rows, as data frames write it.

    It says nothing of an example but where it stood. Where a person names it, it stays.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    name = next(iter(frame.columns), None)
    told = {*(asked.types or ()), asked.target, asked.group, asked.time}
    if name != "" or len(frame.columns) < 2 or told & {"", "1"}:
        return
    values = frame.columns[name]
    try:
        numbers = pc.cast(values, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return
    if pa.types.is_timestamp(values.type) or values.null_count:
        return
    sizes = [len(frame.called)] if frame.part is None else np.bincount(frame.part).tolist()
    ends = np.cumsum([0, *sizes]).tolist()
    pieces = [numbers.slice(at, size) for at, size in zip(ends, sizes, strict=False) if size]
    if all(len(piece.unique()) == len(piece) for piece in pieces):
        del frame.columns[name]
        frame.notes.append(
            f"{frame.name}: its first column has no name and numbers the rows, so it is left out;"
            " --types '1=number' keeps it."
        )


def _test_table(name: str, place: Place, given: str) -> Place:
    """Return the table of the test part: a path, or one from where the first table lies."""
    near = place if place.is_dir() else place.parent
    beside: list[Place] = [Path(given).expanduser(), near / given]
    if isinstance(place, Path):  # named as the first one is, below a folder of BRIQUE_DATA
        beside += [folder / given for folder in list(place.absolute().parents)[1:4]]
    found = [file for file in beside if file.is_file()]
    if not found:
        raise DataError(f"{name}: --test {given} is no file, and no COLUMN=VALUE; check the path")
    return found[0]


def _located(found: list[Cells], files: Tables, place: Place, asked: Options) -> dict[str, Found]:
    """Find the pictures that columns of tables name, each table from where it lies."""
    is_whole = place.is_dir()
    root = place if is_whole else place.parent
    pictured: dict[str, Found] = {}
    for cells, (file, _) in zip(found, files, strict=True):
        part = part_of_table(file, root) if is_whole else None
        finder = Finder(root, file.parent, part, is_whole=is_whole)
        for key, one in located(cells, finder, root, told=asked.types, bare=is_whole).items():
            known = pictured.setdefault(key, one)
            if known is not one:
                known.files |= one.files
                known.moved, known.cased = known.moved + one.moved, known.cased + one.cased
    return pictured


def _to_be_asked(name: str, cells: Cells, goal: str | None) -> str:
    return (
        f"{name}: {cells.file} has no '{goal}', so it is to be asked and no test part: brique"
        f" predict RUN {cells.file}."
    )


def _called(cells: Cells, several: bool) -> list[str]:
    before = f"{cells.file} " if several else ""
    return [f"{before}row {row}" for row in cells.rows.tolist()]


def _ragged(cells: Cells) -> list[Finding]:
    odd = [one for one in cells.skipped if one[1].startswith("has ")]  # others are no rows
    if not odd:
        return []
    n, whole = len(odd), len(odd) + len(cells.rows)
    return [
        Finding(
            "ragged rows", "warning", None, tuple(odd), n,
            f"{n:,} of {whole:,} rows do not fit the table and are left out.",
            "Correct them: a cell that holds the delimiter stands in quotation marks.",
        )
    ]  # fmt: skip


def obey_split(frame: Frame, told: Collection[str]) -> None:
    """Take the parts from a column named split, if there is one that holds nothing else.

    told: columns of which a person has said what they are.
    """
    names = [name for name in frame.columns if name not in told]
    name = next((name for name in names if name.casefold() == "split"), None)
    if name is None or frame.part is not None:
        return
    coded = frame.cut(name).codes()
    parts = [ALIASES.get(each.casefold()) for each in coded.names]
    if None in parts or (coded.codes < 0).any() or "train" not in parts:
        frame.notes.append(
            f"{frame.name}: column '{name}' does not hold train, valid and test alone, so it is no"
            " split but a field."
        )
        return
    table = np.array([PARTS.index(part) for part in parts if part], np.uint8)
    frame.take_parts(table[coded.codes])
    del frame.columns[name]


def say_split(frame: Frame, told: Collection[str]) -> None:
    """Warn of columns such as fold and is_train, which may say the parts and are inputs."""
    for name in frame.columns:
        words = re.sub(r"[\W_]", "", name.casefold())
        if frame.part is None and name not in told and _SPLITS.fullmatch(words):
            said = f"'{name}' may say which rows are for test, and is taken as an input."
            remedy = (
                f"Say which are, --test '{name}=VALUE', or leave it out, --types '{name}=leave'."
            )
            frame.findings.append(
                Finding("parts unread", "warning", None, ((name,),), 1, said, remedy)
            )


def choose_test(frame: Frame, asked: Options, targets: Collection[str]) -> None:
    """Take for test the rows that have one of the values in test="COLUMN=VALUE,VALUE"."""
    chosen = asked.test_values()
    if chosen is None:
        return
    column, values = frame.named(chosen[0], "test"), set(chosen[1])
    if frame.part is not None:
        raise DataError(f"{frame.name}: its parts are given already; leave out --test")
    coded = frame.cut(column).codes()
    values = {one if one in coded.names else plain_name(one) for one in values}
    for value in sorted(values):
        if value not in coded.names:
            raise DataError(
                f"{frame.name}: test: column '{column}' has no '{value}'"
                f"{instead(value, coded.names)}"
            )
    is_test = np.array([name in values for name in coded.names] + [False])[coded.codes]
    frame.take_parts(np.where(is_test, PARTS.index("test"), 0).astype(np.uint8))
    if column not in targets:
        del frame.columns[column]
        frame.notes.append(
            f"{frame.name}: test is {is_test.sum():,} rows by '{column}', which is no input then."
        )
