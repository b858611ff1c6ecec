"""Raw rows of a table, independent of its format, and the names of their columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.table_files.header import TableHeader
from brique.errors import DataError


@dataclass
class Cells:
    """A raw table.

    file: its name, for messages.
    columns: pyarrow arrays of texts, numbers or timestamps by name, of N rows each.
    rows: (N,), the number of each row in the file, including its header.
    has_header: whether the file names its columns.
    skipped: (file and row, reason) of dropped rows.
    delimiter: between cells, if the file has one.
    """

    file: str
    columns: dict[str, Any]
    rows: np.ndarray
    has_header: bool = True
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    delimiter: str = ","

    def keep(self, selected: np.ndarray) -> None:
        """Keep only the rows where `selected` (N,), bool, is true."""
        import pyarrow as pa

        if not selected.all():
            mask = pa.array(selected)
            self.columns = {name: values.filter(mask) for name, values in self.columns.items()}
            self.rows = self.rows[selected]

    def drop_row(self, row: int, reason: str) -> None:
        """Drop one row, by its index, with a reason."""
        self.skipped.append((f"{self.file} row {self.rows[row]}", reason))
        selected = np.ones(len(self.rows), bool)
        selected[row] = False
        self.keep(selected)


def name_columns(cells: Cells, head: TableHeader) -> None:
    """Name the columns of a table of texts, from its header or by position.

    Trailing columns without name and cells, from a trailing delimiter, are
    dropped. Raises DataError if the header has more or fewer names than columns.
    """
    values = list(cells.columns.values())
    cells.has_header = head.names is not None
    names = head.names if head.names is not None else [""] * len(values)
    while len(names) > len(values) and not names[-1]:
        names = names[:-1]
    if len(names) > len(values):
        raise _column_count_error(cells.file, names, values)
    empty_count = 0
    while len(values) > 1 and names[len(values) - 1 :] in ([], [""]) and _is_empty(values[-1]):
        values, empty_count = values[:-1], empty_count + 1
    if empty_count:
        subject = (
            "the last column, which has"
            if empty_count == 1
            else f"the last {empty_count} columns, which have"
        )
        cells.notes.append(f"{cells.file}: left out {subject} no name and no cells.")
    names = names[: len(values)]
    if len(names) < len(values):
        if len(names) < len(values) - 1 or not _is_index(values[0], values[-1]):
            raise _column_count_error(cells.file, names, values)
        names = ["", *names]  # as R omits the name of the index column
    if not cells.has_header:
        names = [str(number) for number in range(1, len(values) + 1)]
    cells.columns = dict(zip(unique_names(names), values, strict=True))
    _report_duplicate_names(cells, names)
    _note_header(cells, head)


def unique_names(names: Sequence[str]) -> list[str]:
    """Return unique names of columns; a repeated name gets a number."""
    result: dict[str, None] = {}
    all_names = {*names}
    for name in names:
        number, candidate = 1, name
        while candidate in result or (number > 1 and candidate in all_names):
            number, candidate = number + 1, f"{name}_{number + 1}"
        result[candidate] = None
    return list(result)


def _is_empty(values: Any) -> bool:  # noqa: ANN401 - a pyarrow array of texts
    return _count_matches(values, r"\S") == 0


def _is_index(first: Any, last: Any) -> bool:  # noqa: ANN401 - pyarrow arrays of texts
    """Tell whether a first column without name holds distinct names of rows.

    Measured numbers are no names; the last column must be filled in each row.
    """
    is_unique = len(first.unique()) == len(first) == _count_matches(first, r"\S")
    is_measured = (
        _count_matches(first, r"^\s*[+-]?(\d*[.,]\d+([eE][+-]?\d+)?|\d+[eE][+-]?\d+)\s*$") > 0
    )
    return is_unique and not is_measured and _count_matches(last, r"\S") == len(last)


def _count_matches(values: Any, pattern: str) -> int:  # noqa: ANN401 - a pyarrow array of texts
    """Return how many cells match a pattern."""
    import pyarrow.compute as pc

    options = pc.MatchSubstringOptions(pattern)
    matches = pc.call_function("match_substring_regex", [values], options)
    return pc.call_function("sum", [matches]).as_py() or 0


def _column_count_error(file: str, names: Sequence[str], values: Sequence[Any]) -> DataError:
    filled = _count_matches(values[-1], r"\S")
    last = f" (the last is filled in {filled:,} of {len(values[-1]):,} rows)"
    return DataError(
        f"{file}: its header has {len(names)} names ({', '.join(names[:3])}, ...), and its rows"
        f" have {len(values)} cells{last if len(names) < len(values) else ''}: the names cannot be"
        " matched; name every column, or say --header no"
    )


def _report_duplicate_names(cells: Cells, names: Sequence[str]) -> None:
    """Add a finding on duplicate names, and whether their columns are equal."""
    changed = [(old, new) for old, new in zip(names, cells.columns, strict=True) if old != new]
    if not changed:
        return
    columns = cells.columns
    equal = [(old, new) for old, new in changed if old in columns and columns[old] == columns[new]]
    reason = (
        f"{cells.file} has duplicate column names: {', '.join(old for old, _ in changed[:5])}; they"
    )
    reason += f" are kept apart as {', '.join(new for _, new in changed[:5])}"
    reason += f"; {', '.join(n for _, n in equal[:5])} are equal copies." if equal else "."
    remedy = "Give each column a name of its own" + (", and remove the copies." if equal else ".")
    items = tuple(changed)
    cells.findings.append(
        Finding("duplicate names", "warning", None, items, len(items), reason, remedy)
    )


def _note_header(cells: Cells, head: TableHeader) -> None:
    """Add a note on the lines above the first row that are no examples."""
    for lines, where in ((head.titles, "above"), (head.descriptions, "below")):
        if lines:
            number, text = lines[0]
            more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
            names = "its names" if cells.has_header else "its rows"
            are = "are" if more else "is"
            cells.notes.append(
                f"{cells.file}: line {number} ('{text}'){more}, {where} {names}, {are} left out."
            )
