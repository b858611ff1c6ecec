"""Delimited tables (.csv, .tsv, .data, .txt): their encoding, delimiter, header and rows."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place, content
from brique.data.sources.dialect import (
    LINES,
    delimiter_of,
    offset_of,
    plain,
    rows_of,
    told_delimiter,
)
from brique.data.sources.encoding import as_utf8
from brique.data.sources.ends import trim_end
from brique.data.sources.header import Head, head_of, is_header
from brique.data.sources.rows import Cells as Cells
from brique.data.sources.rows import name_columns
from brique.errors import DataError

_SAMPLE = 1 << 16  # bytes by which delimiter and header are guessed
_SOME = 10  # lines that it has at least
_BLOCK = 1 << 26  # bytes that one row may have


def read_delimited(file: Place, header: bool | None, known: Collection[str] = ()) -> Cells:
    """Return a delimited table, each cell a text.

    header: whether a line names the columns; None to guess it.
    known: names that the columns should have, by which the header is found.
    Raises DataError where the file is no such table.
    """
    raw, findings = as_utf8(content(file), file)
    if not raw.strip():
        raise DataError(f"{file.name}: is empty; give a table with a header and rows")
    whole, told = told_delimiter(raw)
    above = raw.count(b"\n") - whole.count(b"\n")
    comments, head = _comments(_head(whole))
    raw = whole[sum(len(line.encode()) + 1 for line in comments) :]
    between = delimiter_of(head, told)[0]
    raw, delimiter = plain(raw, between)
    head = _head(raw)
    width = delimiter_of(head, delimiter)[1]
    rows = rows_of(head, delimiter, LINES)
    found = head_of(rows, width, header, known)
    above += len(comments)
    _number(found, above)
    begin = offset_of(raw, head, delimiter, found.above)
    cells = _parsed(raw[begin:], file, _Form(delimiter, width, above + found.above))
    cells.findings[:0], cells.delimiter = findings, between
    _of_comment(found, comments, delimiter, (rows, width, header))
    name_columns(cells, found)
    _leave_headers(cells)
    trim_end(cells)
    if not len(cells.rows):
        raise DataError(f"{file.name}: expected a table, got no rows below a header; add rows")
    return cells


def _head(raw: bytes) -> str:
    """Return the first lines of a text: some, however long they are."""
    size = _SAMPLE
    while size < len(raw) and raw.count(b"\n", 0, size) < _SOME:
        size *= 4
    head = raw[:size].decode(errors="replace")
    return head if len(raw) <= size else head[: head.rfind("\n") + 1]


def _number(found: Head, above: int) -> None:
    """Count the lines that belong to no example from the beginning of the file."""
    for lines in (found.titles, found.about):
        lines[:] = [(number + above, text) for number, text in lines]


def _of_comment(
    found: Head,
    comments: list[str],
    delimiter: str,
    about: tuple[list[list[str]], int, bool | None],
) -> None:
    """Take the names from the last comment, where it names all columns and no other line does."""
    rows, width, header = about
    last = comments[-1].lstrip("# ") if comments else ""
    told = next(csv.reader([last], delimiter=delimiter), [])
    first = next((row for row in rows if any(map(str.strip, row))), [])
    below = [row for row in rows if row is not first]
    if header is None and len(told) == width > 1 and not is_header(first, below, width):
        found.names = [name.strip() for name in told]


def _comments(head: str) -> tuple[list[str], str]:
    """Return the lines at the head that begin with #, without it, and what stands below."""
    lines = head.split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if count == len(lines) or sum(line.startswith("#") for line in lines) > count:
        return [], head  # the mark belongs to the table
    return lines[:count], "\n".join(lines[count:])


def _leave_headers(cells: Cells) -> None:
    """Leave out rows that repeat the header, as files joined end to end have them."""
    import pyarrow.compute as pc

    if not cells.has_header:
        return
    is_again = np.ones(len(cells.rows), bool)
    for name, values in cells.columns.items():
        if name:
            bare = pc.call_function("utf8_trim_whitespace", [values])
            same = pc.call_function("equal", [bare, name])
            is_again &= same.to_numpy(zero_copy_only=False)
        if not is_again.any():
            return
    again = cells.rows[is_again].tolist()
    cells.skipped += [(f"{cells.file} row {row}", "repeats the header") for row in again]
    cells.keep(~is_again)


@dataclass(frozen=True)
class _Form:
    """How rows are written, and how many there are before the first."""

    delimiter: str
    width: int
    before: int


def _parsed(raw: bytes, file: Place, form: _Form) -> Cells:
    """Return the rows that have as many fields as they should."""
    cells, error = _attempt(raw, file, form, quoted=True)
    if error or raw.count(b'"') % 2:
        bare, bare_error = _attempt(raw, file, form, quoted=False)
        if not bare_error and (error or len(bare.rows) > len(cells.rows)):
            reason = f'{file.name} has a quotation mark (") without its like: all are kept.'
            remedy = 'Double each quotation mark that belongs to a text, "".'
            bare.findings.append(Finding("quotes", "warning", None, (), 1, reason, remedy))
            cells, error = bare, ""
    if error:
        raise DataError(f"{file.name}: cannot be read as a table ({error}); save it as CSV again")
    if len(cells.skipped) > len(cells.rows):
        row, reason = cells.skipped[0]
        raise DataError(
            f"{file.name}: {len(cells.skipped):,} rows of {len(cells.skipped) + len(cells.rows):,} "
            f"do not fit, the first: {row} {reason}; check that '{form.delimiter}' stands between"
            " fields, and what has one in quotation marks"
        )
    return cells


def _attempt(raw: bytes, file: Place, form: _Form, *, quoted: bool) -> tuple[Cells, str]:
    """Return the rows, and what went wrong, if anything."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow

    bad: dict[int, str] = {}

    def strange(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        bad[row.number] = f"has {row.actual_columns} fields, {row.expected_columns} expected"
        return "skip"

    names = [str(place) for place in range(form.width)]
    read = arrow.ReadOptions(column_names=names, use_threads=False, block_size=_BLOCK)
    parse = arrow.ParseOptions(
        delimiter=form.delimiter, quote_char='"' if quoted else False, newlines_in_values=quoted,
        ignore_empty_lines=False, invalid_row_handler=strange,
    )  # fmt: skip
    texts = arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    empty = Cells(file.name, {name: pa.array([], pa.string()) for name in names}, np.empty(0, int))
    if not raw.strip():
        return empty, ""
    try:
        table = arrow.read_csv(pa.BufferReader(raw), read, parse, texts)
    except pa.ArrowInvalid as error:
        return empty, str(error).split("\n")[0].rstrip(".")
    rows = np.setdiff1d(np.arange(1, len(table) + len(bad) + 1), list(bad), assume_unique=True)
    columns = {name: table.column(name).combine_chunks() for name in names}
    if form.width > 1 and b"\n\n" in raw:
        lengths = [pc.call_function("binary_length", [c]).to_numpy() for c in columns.values()]
        is_there = np.logical_or.reduce(lengths)
        columns = {name: column.filter(pa.array(is_there)) for name, column in columns.items()}
        rows = rows[is_there]
    skipped = [(f"{file.name} row {form.before + row}", reason) for row, reason in bad.items()]
    return Cells(file.name, columns, rows + form.before, skipped=skipped), ""
