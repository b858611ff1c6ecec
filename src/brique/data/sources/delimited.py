"""Delimited tables (.csv, .tsv, .data): their encoding, delimiter, header and rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place, content, plain_name
from brique.errors import DataError
from brique.schema.kinds import ABSENT

_SAMPLE = 1 << 16  # bytes by which delimiter and header are guessed
_LINES = 200
_DELIMITERS = ("\t", ";", "|", ",")  # of several that fit equally well, the first
_BLOCK = 1 << 26  # bytes that one row may have
_MANY = 1000  # rows of broken letters that are named
_NAME = re.compile(r"[^\W\d][\w .()/%#-]{0,39}")
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)


@dataclass
class Cells:
    """A table as its file has it.

    file: its name, for sentences.
    columns: pyarrow arrays of texts, numbers or moments by name, of N rows each.
    rows: (N,), the number of each row as the file counts, its header included.
    has_header: whether the file names its columns.
    skipped: (file and row, reason) of rows that are left out.
    delimiter: between cells, where the file has one.
    """

    file: str
    columns: dict[str, Any]
    rows: np.ndarray
    has_header: bool = True
    skipped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    delimiter: str = ","


def read_delimited(file: Place, header: bool | None) -> Cells:
    """Return a delimited table, each cell a text.

    header: whether its first line names the columns; None to guess it.
    Raises DataError where the file is no such table.
    """
    raw, findings = _as_utf8(content(file), file)
    head = raw[:_SAMPLE].decode(errors="replace")
    head = head if len(raw) <= _SAMPLE else head[: head.rfind("\n") + 1]
    comments, head = _comments(head)
    delimiter, width = _dialect(head, plain_name(file))
    if delimiter == " ":
        raw = b"\n".join(b"\t".join(line.split()) for line in raw.split(b"\n"))
        delimiter, head = "\t", "\n".join("\t".join(line.split()) for line in head.split("\n"))
    first, *below = _rows_of(head, delimiter, _LINES) or [[]]
    last = comments[-1].lstrip("# ") if comments else ""
    said = next(csv.reader([last], delimiter=delimiter), [])
    told = len(said) == width > 1  # a comment that names the columns
    has_header = header if header is not None else told or is_header(first, below, width)
    names = said if told and not is_header(first, below, width) else first
    begin = sum(len(line.encode()) + 1 for line in comments)
    if has_header and names is first:
        begin += _after_header(raw[begin:], delimiter)
    before = raw.count(b"\n", 0, begin)
    cells = _parsed(raw[begin:], file, _Form(delimiter, width, before))
    cells.has_header, cells.delimiter = has_header, delimiter
    cells.findings[:0] = findings
    values = list(cells.columns.values())
    cells.columns = dict(zip(_names(names if has_header else [], width), values, strict=True))
    if not len(cells.rows):
        raise DataError(f"{file.name}: expected a table, got no rows below a header; add rows")
    return cells


def is_header(first: Sequence[str], below: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether the first row names the columns: texts stand where numbers stand below."""
    names = [name.strip() for name in first]
    rows = [row for row in below if len(row) == width]
    if len(names) not in (width, width - 1):
        return False
    if not rows:
        return not below and all(map(_NAME.fullmatch, names))
    columns = [[cell.strip() for cell in cells] for cells in zip(*rows, strict=True)]
    columns = columns[width - len(names) :]
    votes = sum(_vote(name, cells) for name, cells in zip(names, columns, strict=True))
    if votes:
        return votes > 0
    return len(set(names)) == len(names) and all(
        _NAME.fullmatch(name) and name not in cells
        for name, cells in zip(names, columns, strict=True)
    )


def _vote(name: str, cells: Sequence[str]) -> int:
    """Return 1 where a first cell is unlike the numbers or figures below it, -1 where it is like.

    0 where there are none below.
    """
    known = [cell for cell in cells if cell.casefold() not in ABSENT]
    for is_such in (_is_number, _has_figure):
        if known and sum(map(is_such, known)) >= 0.8 * len(known) and name:
            return -1 if is_such(name) or name.casefold() in ABSENT else 1
    return 0


def _has_figure(cell: str) -> bool:
    return any(letter.isdigit() for letter in cell)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _as_utf8(raw: bytes, file: Place) -> tuple[bytes, list[Finding]]:
    """Return a text as UTF-8, its lines ended by line feeds, and what is odd about it."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw.decode("utf-16", errors="replace").encode()
    if b"\0" in raw[:_SAMPLE]:
        raise DataError(
            f"{file.name}: expected a table of text, got NUL bytes; save it as CSV in UTF-8"
        )
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return _mended(raw, file)
    return raw, []


def _mended(raw: bytes, file: Place) -> tuple[bytes, list[Finding]]:
    """Return what is not UTF-8 as UTF-8: single bytes replaced, or all read as Windows-1252."""
    text = raw.decode(errors="replace")
    broken = text.count("\ufffd")
    if broken <= sum(map(len, re.findall(r"[^\x00-\x7f]+", text))) / 2:
        how = "what is broken is shown as \ufffd"
        lost = [i for i, line in enumerate(text.split("\n"), 1) if "\ufffd" in line]
    else:
        how = "the file is read as Windows-1252: letters with accents may be wrong"
        lines = raw.split(b"\n")
        lost = [i for i, line in enumerate(lines, 1) if not line.isascii()]
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    shown = text.split("\n")
    items = tuple((f"line {line}", shown[line - 1][:60]) for line in lost[:_MANY])
    reason = f"{file.name} is not UTF-8 in {_lines(len(lost))}, the first {lost[0]:,}; {how}."
    remedy = "Save the file as UTF-8."
    finding = Finding("encoding", "warning", None, items, len(lost), reason, remedy)
    return text.encode(), [finding]


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


def _comments(head: str) -> tuple[list[str], str]:
    """Return the lines at the head that begin with #, without it, and what stands below."""
    lines = head.split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if count == len(lines) or sum(line.startswith("#") for line in lines) > count:
        return [], head  # the mark belongs to the table
    return lines[:count], "\n".join(lines[count:])


def _dialect(head: str, name: str) -> tuple[str, int]:
    """Return the delimiter by which most rows have equally many fields, and how many.

    Of several it is one by which the first row, mostly the names of columns, has as many too.
    """
    found: list[tuple[float, bool, int, str]] = []
    for delimiter in _DELIMITERS:
        rows = _rows_of(head, delimiter, _LINES)
        widths = Counter(map(len, rows))
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        if width > 1:
            fits = len(rows[0]) == width
            found.append((round(count / widths.total(), 1), fits, width, delimiter))
    if found:
        *_, width, delimiter = max(found, key=lambda one: one[:2])
        return delimiter, width
    widths = {len(line.split()) for line in head.split("\n") if line.strip()}
    if name.endswith(".data") and len(widths) == 1 and max(widths) > 1:
        return " ", max(widths)
    return ",", 1


def _rows_of(text: str, delimiter: str, most: int) -> list[list[str]]:
    """Return the first rows of a text, blank ones left out."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(found) == most:
                break
            if any(cell.strip() for cell in row):
                found.append(row)
    except csv.Error:
        pass  # a field without end: what came before it must do
    return found


def _after_header(raw: bytes, delimiter: str) -> int:
    """Return where the rows begin: behind the first row that is not blank."""
    head = raw[:_SAMPLE].decode(errors="replace")
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    for row in reader:
        if any(cell.strip() for cell in row):
            break
    end = 0
    for _ in range(reader.line_num):
        end = raw.find(b"\n", end) + 1 or len(raw)
    return end


def _names(given: Sequence[str], width: int) -> list[str]:
    """Return a name for each column: those given, or their places from 1."""
    names = [name.strip() for name in given][:width]
    names = ["row"] * (width - len(names) if names else 0) + names  # R names all but the first
    return distinct([name or str(place) for place, name in enumerate(names or [""] * width, 1)])


def distinct(names: Sequence[str]) -> list[str]:
    """Return names of columns, one that comes again with a number behind it."""
    found: list[str] = []
    for name in names:
        number, one = 1, name
        while one in found:
            number, one = number + 1, f"{name}_{number + 1}"
        found.append(one)
    return found


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
