"""Delimited tables (.csv, .tsv, .data, .txt): their encoding, delimiter, header and rows."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from brique.data.files.place import Place, read_content
from brique.data.finding import Finding
from brique.data.sources.table_files.dialect import (
    MAX_LINES,
    byte_offset,
    detect_delimiter,
    first_rows,
    normalize,
    split_sep_line,
)
from brique.data.sources.table_files.encoding import as_utf8
from brique.data.sources.table_files.footer import trim_end
from brique.data.sources.table_files.header import TableHeader, find_header, is_header
from brique.data.sources.table_files.raw_cells import Cells as Cells
from brique.data.sources.table_files.raw_cells import name_columns
from brique.errors import DataError

_SAMPLE_SIZE = 1 << 16  # bytes to guess delimiter and header from
_MIN_LINES = 10  # lines of the sample at least
_BLOCK_SIZE = 1 << 26  # largest row in bytes


def read_delimited(
    file: Place, has_header: bool | None, expected_names: Collection[str] = ()
) -> Cells:
    """Return a delimited table of texts.

    has_header: whether a line names the columns; None to guess it.
    expected_names: names that the columns should have, to find the header.
    Raises DataError if the file is not such a table.
    """
    raw, findings = as_utf8(read_content(file), file)
    if not raw.strip():
        raise DataError(f"{file.name}: is empty; give a table with a header and rows")
    body, declared = split_sep_line(raw)
    num_above = raw.count(b"\n") - body.count(b"\n")
    comments, sample = _split_comments(_first_lines(body))
    raw = body[sum(len(line.encode()) + 1 for line in comments) :]
    original_delimiter = detect_delimiter(sample, declared)[0]
    raw, delimiter = normalize(raw, original_delimiter)
    sample = _first_lines(raw)
    width = detect_delimiter(sample, delimiter)[1]
    rows = first_rows(sample, delimiter, MAX_LINES)
    table_header = find_header(rows, width, has_header, expected_names)
    num_above += len(comments)
    _shift_line_numbers(table_header, num_above)
    start = byte_offset(raw, sample, delimiter, table_header.num_above)
    cells = _parse_rows(
        raw[start:], file, _RowFormat(delimiter, width, num_above + table_header.num_above)
    )
    cells.findings[:0], cells.delimiter = findings, original_delimiter
    _names_from_comment(table_header, comments, delimiter, (rows, width, has_header))
    name_columns(cells, table_header)
    _drop_repeated_headers(cells)
    trim_end(cells)
    if not len(cells.rows):
        raise DataError(f"{file.name}: expected a table, got no rows below a header; add rows")
    return cells


def _first_lines(raw: bytes) -> str:
    """Return the first lines of a text, at least a few."""
    size = _SAMPLE_SIZE
    while size < len(raw) and raw.count(b"\n", 0, size) < _MIN_LINES:
        size *= 4
    head = raw[:size].decode(errors="replace")
    return head if len(raw) <= size else head[: head.rfind("\n") + 1]


def _shift_line_numbers(table_header: TableHeader, offset: int) -> None:
    """Shift the line numbers of a header by an offset."""
    for lines in (table_header.titles, table_header.descriptions):
        lines[:] = [(number + offset, text) for number, text in lines]


def _names_from_comment(
    table_header: TableHeader,
    comments: list[str],
    delimiter: str,
    table_info: tuple[list[list[str]], int, bool | None],
) -> None:
    """Take the names from the last comment, if it names all columns and no other line does."""
    rows, width, has_header = table_info
    comment = comments[-1].lstrip("# ") if comments else ""
    comment_names = next(csv.reader([comment], delimiter=delimiter), [])
    first = next((row for row in rows if any(map(str.strip, row))), [])
    below = [row for row in rows if row is not first]
    if (
        has_header is None
        and len(comment_names) == width > 1
        and not is_header(first, below, width)
    ):
        table_header.names = [name.strip() for name in comment_names]


def _split_comments(head: str) -> tuple[list[str], str]:
    """Return the leading lines that begin with #, without it, and the rest."""
    lines = head.split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if count == len(lines) or sum(line.startswith("#") for line in lines) > count:
        return [], head  # the # belongs to the table
    return lines[:count], "\n".join(lines[count:])


def _drop_repeated_headers(cells: Cells) -> None:
    """Drop rows that repeat the header, as in concatenated files."""
    import pyarrow.compute as pc

    if not cells.has_header:
        return
    is_repeat = np.ones(len(cells.rows), bool)
    for name, values in cells.columns.items():
        if name:
            trimmed = pc.call_function("utf8_trim_whitespace", [values])
            is_equal = pc.call_function("equal", [trimmed, name])
            is_repeat &= is_equal.to_numpy(zero_copy_only=False)
        if not is_repeat.any():
            return
    repeated_rows = cells.rows[is_repeat].tolist()
    cells.skipped += [(f"{cells.file} row {row}", "repeats the header") for row in repeated_rows]
    cells.keep(~is_repeat)


@dataclass(frozen=True)
class _RowFormat:
    """How rows are written, and the number of lines before the first."""

    delimiter: str
    width: int
    num_before: int


def _parse_rows(raw: bytes, file: Place, row_format: _RowFormat) -> Cells:
    """Return the rows with the right number of fields."""
    cells, error = _try_parse(raw, file, row_format, quoted=True)
    if error or raw.count(b'"') % 2:
        unquoted, unquoted_error = _try_parse(raw, file, row_format, quoted=False)
        if not unquoted_error and (error or len(unquoted.rows) > len(cells.rows)):
            reason = f'{file.name} has an unpaired quotation mark ("): all are kept.'
            remedy = 'Double each quotation mark that belongs to a text, "".'
            unquoted.findings.append(Finding("quotes", "warning", None, (), 1, reason, remedy))
            cells, error = unquoted, ""
    if error:
        raise DataError(f"{file.name}: cannot be read as a table ({error}); save it as CSV again")
    if len(cells.skipped) > len(cells.rows):
        row, reason = cells.skipped[0]
        raise DataError(
            f"{file.name}: {len(cells.skipped):,} rows of {len(cells.skipped) + len(cells.rows):,} "
            f"do not fit, the first: {row} {reason}; check that '{row_format.delimiter}' separates"
            " fields, and quote fields that contain it"
        )
    return cells


def _try_parse(
    raw: bytes, file: Place, row_format: _RowFormat, *, quoted: bool
) -> tuple[Cells, str]:
    """Return the rows, and the error or None."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    bad_rows: dict[int, str] = {}

    def on_invalid_row(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        bad_rows[row.number] = f"has {row.actual_columns} fields, {row.expected_columns} expected"
        return "skip"

    names = [str(index) for index in range(row_format.width)]
    read_options = arrow.ReadOptions(column_names=names, use_threads=False, block_size=_BLOCK_SIZE)
    parse_options = arrow.ParseOptions(
        delimiter=row_format.delimiter, quote_char='"' if quoted else False,
        newlines_in_values=quoted, ignore_empty_lines=False, invalid_row_handler=on_invalid_row,
    )  # fmt: skip
    convert_options = arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    empty = Cells(file.name, {name: pa.array([], pa.string()) for name in names}, np.empty(0, int))
    if not raw.strip():
        return empty, ""
    try:
        table = arrow.read_csv(pa.BufferReader(raw), read_options, parse_options, convert_options)
    except pa.ArrowInvalid as error:
        return empty, str(error).split("\n")[0].rstrip(".")
    all_rows = np.arange(1, len(table) + len(bad_rows) + 1)
    rows = np.setdiff1d(all_rows, list(bad_rows), assume_unique=True)
    columns = {name: table.column(name).combine_chunks() for name in names}
    if row_format.width > 1 and b"\n\n" in raw:
        is_filled = _filled_rows(columns)
        columns = {name: column.filter(pa.array(is_filled)) for name, column in columns.items()}
        rows = rows[is_filled]
    skipped = [
        (f"{file.name} row {row_format.num_before + row}", reason)
        for row, reason in bad_rows.items()
    ]
    return Cells(file.name, columns, rows + row_format.num_before, skipped=skipped), ""


def _filled_rows(columns: dict[str, Any]) -> np.ndarray:
    """Return which rows have a cell that is not empty (N,), bool. columns: pyarrow arrays."""
    import pyarrow.compute as pc

    lengths = [
        pc.call_function("binary_length", [values]).to_numpy() for values in columns.values()
    ]
    return np.logical_or.reduce(lengths)
