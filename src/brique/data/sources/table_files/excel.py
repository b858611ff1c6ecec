"""Tables of spreadsheets (.xlsx, .xls, .ods): the first sheet with a table."""

import io
import re
import zipfile
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from brique.data.files.place import Place, read_content
from brique.data.finding import Finding
from brique.data.sources.table_files.footer import trim_end
from brique.data.sources.table_files.header import count_filled, find_header
from brique.data.sources.table_files.raw_cells import Cells, name_columns
from brique.errors import DataError
from brique.schema.messages import alternatives

_MAX_LINES = 200  # rows to guess the header from
_MAX_ITEMS = 1000  # cells that a finding lists
_CELL = re.compile(rb"<c\b([^>]*[^/])>(.*?)</c>", re.DOTALL)
_Row = list[str]


def read_sheet(
    file: Place, has_header: bool | None, sheet: str | None, expected_names: Collection[str] = ()
) -> Cells:
    """Return the table of one sheet as texts, timestamps in ISO 8601.

    has_header: whether a row names the columns; None to guess it.
    sheet: its name, or its number from 1; by default the first with a table, preferably with the
        columns `expected_names`.
    Raises DataError if the file cannot be read, or has no such sheet.
    """
    workbook = _open_workbook(file)
    names: list[str] = list(workbook.sheet_names)
    filled: dict[str, list[_Row]] = {}
    for name in (
        [_resolve_sheet(file, names, sheet)] if sheet is not None else _by_visibility(workbook)
    ):
        rows = [[_text(cell) for cell in row] for row in _cells(workbook, name)]
        if any(map(count_filled, rows)):
            filled[name] = rows
    if not filled:
        raise DataError(f"{file.name}: expected a table, got sheets without cells; fill one")
    name = _select_sheet(filled, expected_names)
    cells = _table(file, filled[name], has_header, expected_names)
    others = [other for other in filled if other != name]
    if others:
        cells.notes.append(
            f"{file.name}: sheet '{name}' is read, not {', '.join(others[:8])}; --sheet chooses."
        )
    cells.findings += _invalid_cell_findings(file, name, names)
    return cells


def _open_workbook(file: Place) -> Any:  # noqa: ANN401 - of calamine
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    raw = read_content(file)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(raw))
    except PasswordError as error:
        raise _password_error(file) from error
    except (CalamineError, OSError, ValueError) as error:
        if b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0" in raw:
            raise _password_error(file) from error
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataError(
            f"{file.name}: cannot be read as a spreadsheet ({reason}); open it in a spreadsheet,"
            " and save it as .xlsx or CSV"
        ) from error


def _password_error(file: Place) -> DataError:
    return DataError(
        f"{file.name}: is protected by a password; save it without, and give that file"
    )


def _cells(workbook: Any, name: str) -> list[list[Any]]:  # noqa: ANN401 - of calamine
    """Return the cells of a sheet; empty for a chart."""
    from python_calamine import CalamineError

    try:
        return workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except CalamineError:
        return []


def _by_visibility(workbook: Any) -> list[str]:  # noqa: ANN401 - of calamine
    """Return the names of the sheets, hidden ones last."""
    hidden = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if not str(sheet.visible).endswith("Visible")
    ]
    return [*(name for name in workbook.sheet_names if name not in hidden), *hidden]


def _resolve_sheet(file: Place, names: list[str], sheet: str) -> str:
    if sheet in names:
        return sheet
    if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    raise DataError(f"{file.name}: --sheet: no sheet '{sheet}'{alternatives(sheet, names)}")


def _select_sheet(filled: dict[str, list[_Row]], expected_names: Collection[str]) -> str:
    """Return the first sheet with the expected columns, or with more than one cell per row."""
    for name, rows in filled.items() if expected_names else ():
        if any({*expected_names} <= {cell.strip() for cell in row} for row in rows[:_MAX_LINES]):
            return name
    for name, rows in filled.items():
        if sum(count_filled(row) > 1 for row in rows) > 1:
            return name
    return next(iter(filled))


def _text(value: object) -> str:
    """Return a cell as a text: integers without a point, timestamps in ISO 8601."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _table(
    file: Place, rows: list[_Row], has_header: bool | None, expected_names: Collection[str]
) -> Cells:
    """Return the table in some rows, without empty columns at its sides."""
    import pyarrow as pa

    width = max(map(len, rows))
    rows = [[*row, *[""] * (width - len(row))] for row in rows]
    body = [row for row in rows if count_filled(row) > 1] or rows
    used = [index for index in range(width) if any(row[index].strip() for row in body)]
    rows = [[row[index] for index in used] for row in rows]
    table_header = find_header(rows[:_MAX_LINES], len(used), has_header, expected_names)
    filled_rows = [
        index for index in range(table_header.num_above, len(rows)) if count_filled(rows[index])
    ]
    columns = {
        str(column_index): pa.array(
            [rows[index][column_index] for index in filled_rows], pa.string()
        )
        for column_index in range(len(used))
    }
    cells = Cells(file.name, columns, np.array(filled_rows, int) + 1)
    name_columns(cells, table_header)
    trim_end(cells)
    if not len(cells.rows):
        raise DataError(f"{file.name}: expected a table, got no rows below a header; add rows")
    return cells


def _invalid_cell_findings(file: Place, sheet: str, names: list[str]) -> list[Finding]:
    """Return findings on cells of an .xlsx file with errors or uncomputed formulas."""
    errors: list[tuple[str, str]] = []
    uncomputed: list[tuple[str, str]] = []
    xml = _sheet_xml(file, names.index(sheet))
    for attributes, body in _CELL.findall(xml) if b't="e"' in xml or b"<f" in xml else ():
        value = re.search(rb"<v\b[^>]*>([^<]*)</v>", body)
        reference = re.search(rb'\br="([A-Z]+\d+)"', attributes)
        cell = reference[1].decode() if reference else "?"
        if re.search(rb'\bt="e"', attributes):
            errors.append((f"cell {cell}", value[1].decode(errors="replace") if value else ""))
        elif b"<f" in body and not (value and value[1]) and b"<is>" not in body:
            uncomputed.append((f"cell {cell}", "a formula without its result"))
    findings: list[Finding] = []
    for items, phrase, remedy in (
        (errors, "hold errors", "Correct them in the spreadsheet."),
        (
            uncomputed,
            "hold formulas without results",
            "Open the file in a spreadsheet, and save it.",
        ),
    ):
        if items:
            cells = "1 cell" if len(items) == 1 else f"{len(items):,} cells"
            phrase = phrase if len(items) > 1 else phrase.replace("hold", "holds", 1)
            first = f"{items[0][0].removeprefix('cell ')}: {items[0][1]}"
            reason = f"{file.name}: {cells} {phrase} ({first}) and count as missing."
            first_items = tuple(items[:_MAX_ITEMS])
            findings.append(
                Finding("lost cells", "warning", None, first_items, len(items), reason, remedy)
            )
    return findings


def _sheet_xml(file: Place, number: int) -> bytes:
    """Return the XML of a sheet of an .xlsx file, by its index; empty for other files."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_content(file))) as archive:
            sheets = re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", archive.read("xl/workbook.xml"))
            relation_id = re.search(rb'\br:id="([^"]*)"', sheets[number])
            links = archive.read("xl/_rels/workbook.xml.rels")
            for link in re.findall(rb"<Relationship\b[^>]*>", links):
                if relation_id and b'Id="' + relation_id[1] + b'"' in link:
                    target = re.search(rb'Target="([^"]*)"', link)
                    path = target[1].decode().removeprefix("/") if target else ""
                    return archive.read(path if path.startswith("xl/") else f"xl/{path}")
    except (zipfile.BadZipFile, KeyError, IndexError):
        pass
    return b""
