"""Tables of every format as cells, before anything is guessed; two of them joined by name."""

from collections.abc import Collection
from typing import Any

import numpy as np

from brique.data.place import Place, content, plain_name
from brique.data.sources.arff import arff_cells
from brique.data.sources.delimited import read_delimited
from brique.data.sources.dialect import delimiter_of, rows_of
from brique.data.sources.excel import read_sheet
from brique.data.sources.header import is_header
from brique.data.sources.parquet import read_parquet
from brique.data.sources.records import read_records
from brique.data.sources.rows import Cells
from brique.data.sources.shelf import beginning
from brique.errors import DataError, nearest
from brique.schema.names import written

DELIMITED = (".csv", ".tsv", ".data", ".tab", ".dat", ".psv")
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
RECORDS = (".jsonl", ".ndjson")
ENDINGS = (*DELIMITED, *SHEETS, *RECORDS, ".parquet", ".arff")
_LEAST = 3  # lines from which a text may be a table


def is_table(file: Place) -> bool:
    """Tell by its name whether a file is a table."""
    name = plain_name(file)
    return file.is_file() and name.endswith(ENDINGS) and not name.startswith("~$")  # is a lock


def may_be_table(file: Place) -> bool:
    """Tell whether a file is a table by its name, or a text or JSON that holds one."""
    if is_table(file) or not file.is_file():
        return file.is_file()
    name = plain_name(file)
    if name.endswith(".json"):
        return beginning(file, 1 << 10).lstrip()[:1] in ("[", "{")
    return name.endswith(".txt") and _is_regular(beginning(file))


def _is_regular(text: str) -> bool:
    """Tell whether the lines of a text have equally many cells, with names above numbers."""
    delimiter, width = delimiter_of(text.lstrip("\ufeff"), None)
    if width < 2 or delimiter == " ":
        return False
    rows = [row for row in rows_of(text, delimiter, 200) if any(map(str.strip, row))]
    good = [row for row in rows if len(row) == width]
    if len(good) < max(_LEAST, 0.9 * len(rows)):
        return False
    columns = zip(*good[1:], strict=True)
    numbers = sum(all(map(_is_plain, cells)) for cells in columns)
    return numbers > 0 and (is_header(good[0], good[1:], width) or numbers > 1)


def _is_plain(cell: str) -> bool:
    try:
        float(cell.replace(",", ".") or "0")
    except ValueError:
        return False
    return True


def read_cells(
    file: Place, header: bool | None, *, sheet: str | None = None, known: Collection[str] = ()
) -> Cells:
    """Return a table's cells.

    header: whether its first line names the columns; None to guess it.
    sheet: of a spreadsheet, its name or number. known: names that the columns should have.
    Raises DataError where the file is no table.
    """
    form = _form(file)
    if sheet is not None and form != "sheet":
        raise DataError(f"{file.name}: --sheet is for spreadsheets such as .xlsx; leave it out")
    if header is not None and form in ("parquet", "records", "arff"):
        raise DataError(f"{file.name}: --header is for .csv, .tsv and .data; leave it out")
    if form == "sheet":
        return _checked(read_sheet(file, header, sheet, known))
    if form == "parquet":
        return _checked(read_parquet(file))
    if form == "records":
        return _checked(read_records(file))
    if form == "arff":
        return _checked(arff_cells(file))
    return read_delimited(file, header, known)


def may_have_header(file: Place) -> bool:
    """Tell whether a table may have a line of names, or none: others always name their columns."""
    return _form(file) in ("delimited", "sheet")


def _form(file: Place) -> str:
    """Return the form of a table: by its first bytes, else by its name."""
    name, first = plain_name(file), _first(file)
    if first.startswith(b"PAR1") or name.endswith(".parquet"):
        return "parquet"
    if first.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or name.endswith(SHEETS):
        return "sheet"
    if name.endswith(".arff"):
        return "arff"
    return "records" if name.endswith((*RECORDS, ".json")) else "delimited"


def _first(file: Place) -> bytes:
    return content(file)[:4] if file.suffix.casefold() == ".gz" else _bytes(file)


def _bytes(file: Place) -> bytes:
    try:
        with file.open("rb") as read:
            return read.read(4)
    except OSError:
        return b""


def joined(first: Cells, second: Cells) -> Cells:
    """Return two tables as one, the columns of the second by name, or by place without names.

    Raises DataError where the second has not the columns of the first.
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
    lacking = [name for name in first.columns if name not in columns]
    if lacking:
        raise DataError(
            f"{second.file}: has no column '{lacking[0]}', which {first.file} has"
            f"{nearest(lacking[0], columns) or '; add it, or leave it out of both'}"
        )
    if extra := [name for name in columns if name not in first.columns]:
        notes.append(f"{second.file}: {', '.join(extra)} not in {first.file}, left alone.")
    both = {
        name: pa.concat_arrays(_alike(values, columns[name]))
        for name, values in first.columns.items()
    }
    skipped = [*first.skipped, *second.skipped]
    rows = np.concatenate([first.rows, second.rows])
    findings = [*first.findings, *second.findings]
    return Cells(
        first.file, both, rows, first.has_header, skipped, notes, findings, first.delimiter
    )


def _alike(one: Any, two: Any) -> list[Any]:  # noqa: ANN401 - pyarrow arrays
    """Return two arrays as of one type."""
    import pyarrow as pa

    if one.type == two.type:
        return [one, two]
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
    is_number = all(any(kind(array.type) for kind in kinds) for array in (one, two))
    if is_number:
        return [one.cast(pa.float64()), two.cast(pa.float64())]
    return [texts_of(one), texts_of(two)]


def texts_of(values: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return an array as texts, numbers as a class is named: 1 for 1.0."""
    import pyarrow as pa

    if not pa.types.is_floating(values.type):
        return values.cast(pa.string())
    texts = [None if one is None or one != one else written(one) for one in values.to_pylist()]
    return pa.array(texts, pa.string())


def _checked(cells: Cells) -> Cells:
    if not len(cells.rows) or not cells.columns:
        raise DataError(
            f"{cells.file}: expected a table, got {len(cells.rows)} rows of {len(cells.columns)}"
            " columns that hold texts, numbers or moments; check the file"
        )
    return cells
