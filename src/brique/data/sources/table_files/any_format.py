"""Tables of every format as raw cells; two tables joined by column name."""

from collections.abc import Collection
from typing import Any

import numpy as np

from brique.data.files.place import Place, plain_name, read_content
from brique.data.sources.layout.text_files import read_head
from brique.data.sources.table_files.arff import read_arff_cells
from brique.data.sources.table_files.delimited import read_delimited
from brique.data.sources.table_files.dialect import detect_delimiter, first_rows
from brique.data.sources.table_files.excel import read_sheet
from brique.data.sources.table_files.header import is_header
from brique.data.sources.table_files.json_records import read_records
from brique.data.sources.table_files.parquet import read_parquet
from brique.data.sources.table_files.raw_cells import Cells
from brique.errors import DataError, did_you_mean
from brique.schema.class_names import to_text

DELIMITED = (".csv", ".tsv", ".data", ".tab", ".dat", ".psv")
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
RECORDS = (".jsonl", ".ndjson")
ENDINGS = (*DELIMITED, *SHEETS, *RECORDS, ".parquet", ".arff")
_MIN_LINES = 3  # lines of a text that may be a table


def is_table(file: Place) -> bool:
    """Tell whether a file is a table, by its name."""
    name = plain_name(file)
    return file.is_file() and name.endswith(ENDINGS) and not name.startswith("~$")  # a lock file


def may_be_table(file: Place) -> bool:
    """Tell whether a file is a table by its name, or a text or JSON that holds one."""
    if is_table(file) or not file.is_file():
        return file.is_file()
    name = plain_name(file)
    if name.endswith(".json"):
        return read_head(file, 1 << 10).lstrip()[:1] in ("[", "{")
    return name.endswith(".txt") and _is_delimited(read_head(file))


def _is_delimited(text: str) -> bool:
    """Tell whether the lines of a text have equally many cells, with names above numbers."""
    delimiter, width = detect_delimiter(text.lstrip("\ufeff"), None)
    if width < 2 or delimiter == " ":
        return False
    rows = [row for row in first_rows(text, delimiter, 200) if any(map(str.strip, row))]
    full_rows = [row for row in rows if len(row) == width]
    if len(full_rows) < max(_MIN_LINES, 0.9 * len(rows)):
        return False
    columns = zip(*full_rows[1:], strict=True)
    numbers = sum(all(map(_is_number, cells)) for cells in columns)
    return numbers > 0 and (is_header(full_rows[0], full_rows[1:], width) or numbers > 1)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", ".") or "0")
    except ValueError:
        return False
    return True


def read_cells(
    file: Place,
    has_header: bool | None,
    *,
    sheet: str | None = None,
    expected_names: Collection[str] = (),
) -> Cells:
    """Return a table's cells.

    has_header: whether its first line names the columns; None to guess it.
    sheet: of a spreadsheet, its name or number. expected_names: names that the columns should have.
    Raises DataError if the file is not a table.
    """
    file_format = _file_format(file)
    if sheet is not None and file_format != "sheet":
        raise DataError(f"{file.name}: --sheet is for spreadsheets such as .xlsx; leave it out")
    if has_header is not None and file_format in ("parquet", "records", "arff"):
        raise DataError(f"{file.name}: --header is for .csv, .tsv and .data; leave it out")
    if file_format == "sheet":
        return _check_not_empty(read_sheet(file, has_header, sheet, expected_names))
    if file_format == "parquet":
        return _check_not_empty(read_parquet(file))
    if file_format == "records":
        return _check_not_empty(read_records(file))
    if file_format == "arff":
        return _check_not_empty(read_arff_cells(file))
    return read_delimited(file, has_header, expected_names)


def may_have_header(file: Place) -> bool:
    """Tell whether the header of a table is optional; other formats always name their columns."""
    return _file_format(file) in ("delimited", "sheet")


def _file_format(file: Place) -> str:
    """Return the format of a table, by its first bytes, else by its name."""
    name, magic = plain_name(file), _read_magic(file)
    if magic.startswith(b"PAR1") or name.endswith(".parquet"):
        return "parquet"
    if magic.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or name.endswith(SHEETS):
        return "sheet"
    if name.endswith(".arff"):
        return "arff"
    return "records" if name.endswith((*RECORDS, ".json")) else "delimited"


def _read_magic(file: Place) -> bytes:
    return read_content(file)[:4] if file.suffix.casefold() == ".gz" else _first_bytes(file)


def _first_bytes(file: Place) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(4)
    except OSError:
        return b""


def concatenate(first: Cells, second: Cells) -> Cells:
    """Return two tables as one; columns match by name, or by position without a header.

    Raises DataError if the second lacks columns of the first.
    """
    import pyarrow as pa

    columns = dict(second.columns)
    notes = [*first.notes, *second.notes]
    if not (first.has_header and second.has_header):
        if len(columns) != len(first.columns):
            raise DataError(
                f"{second.file}: has {len(columns)} columns, {first.file} {len(first.columns)};"
                " give both the same"
            )
        names = first.columns if first.has_header or not second.has_header else columns
        first.columns = dict(zip(names, first.columns.values(), strict=True))
        columns = dict(zip(names, columns.values(), strict=True))
    missing = [name for name in first.columns if name not in columns]
    if missing:
        raise DataError(
            f"{second.file}: has no column '{missing[0]}', which {first.file} has"
            f"{did_you_mean(missing[0], columns) or '; add it, or drop it from both'}"
        )
    if extra := [name for name in columns if name not in first.columns]:
        notes.append(f"{second.file}: {', '.join(extra)} not in {first.file}, ignored.")
    merged = {
        name: pa.concat_arrays(_to_common_type(values, columns[name]))
        for name, values in first.columns.items()
    }
    skipped = [*first.skipped, *second.skipped]
    rows = np.concatenate([first.rows, second.rows])
    findings = [*first.findings, *second.findings]
    return Cells(
        first.file, merged, rows, first.has_header, skipped, notes, findings, first.delimiter
    )


def _to_common_type(first: Any, second: Any) -> list[Any]:  # noqa: ANN401 - pyarrow arrays
    """Return two arrays, cast to a common type."""
    import pyarrow as pa

    if first.type == second.type:
        return [first, second]
    type_checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
    is_number = all(
        any(is_type(array.type) for is_type in type_checks) for array in (first, second)
    )
    if is_number:
        return [first.cast(pa.float64()), second.cast(pa.float64())]
    return [to_texts(first), to_texts(second)]


def to_texts(values: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return an array as texts; numbers become class names: 1 for 1.0."""
    import pyarrow as pa

    if not pa.types.is_floating(values.type):
        return values.cast(pa.string())
    texts = [
        None if value is None or value != value else to_text(value) for value in values.to_pylist()
    ]
    return pa.array(texts, pa.string())


def _check_not_empty(cells: Cells) -> Cells:
    if not len(cells.rows) or not cells.columns:
        raise DataError(
            f"{cells.file}: expected a table, got {len(cells.rows)} rows of {len(cells.columns)}"
            " columns of texts, numbers or timestamps; check the file"
        )
    return cells
