"""Tables of spreadsheets: .xlsx, .xls, .ods, the first sheet that holds one."""

import io
import re
import zipfile
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.place import Place, content
from brique.data.sources.ends import trim_end
from brique.data.sources.header import count, head_of
from brique.data.sources.rows import Cells, name_columns
from brique.errors import DataError
from brique.schema.words import instead

_LINES = 200  # by which the header is guessed
_MANY = 1000  # cells that a finding names
_CELL = re.compile(rb"<c\b([^>]*[^/])>(.*?)</c>", re.DOTALL)
_Row = list[str]


def read_sheet(
    file: Place, header: bool | None, sheet: str | None, known: Collection[str] = ()
) -> Cells:
    """Return the table of one sheet, each cell a text, moments in ISO 8601.

    header: whether a row names the columns; None to guess it.
    sheet: its name, or its number from 1; by default the first that holds a table, one with the
        columns `known` before others.
    Raises DataError where the file cannot be read, or has no such sheet.
    """
    book = _book(file)
    names: list[str] = list(book.sheet_names)
    filled: dict[str, list[_Row]] = {}
    for name in [_chosen(file, names, sheet)] if sheet is not None else _by_sight(book):
        rows = [[_text(cell) for cell in row] for row in _cells(book, name)]
        if any(map(count, rows)):
            filled[name] = rows
    if not filled:
        raise DataError(f"{file.name}: expected a table, got sheets without cells; fill one")
    name = _best(filled, known)
    found = _table(file, filled[name], header, known)
    others = [other for other in filled if other != name]
    if others:
        found.notes.append(
            f"{file.name}: sheet '{name}' is read, not {', '.join(others[:8])}; --sheet chooses."
        )
    found.findings += _lost(file, name, names)
    return found


def _book(file: Place) -> Any:  # noqa: ANN401 - of calamine
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    raw = content(file)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(raw))
    except PasswordError as error:
        raise _locked(file) from error
    except (CalamineError, OSError, ValueError) as error:
        if b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0" in raw:
            raise _locked(file) from error
        reason = " ".join(str(error).split()).rstrip(".")
        raise DataError(
            f"{file.name}: cannot be read as a spreadsheet ({reason}); open it where it was made,"
            " and save it as .xlsx or CSV"
        ) from error


def _locked(file: Place) -> DataError:
    return DataError(
        f"{file.name}: is protected by a password; save it without, and give that file"
    )


def _cells(book: Any, name: str) -> list[list[Any]]:  # noqa: ANN401 - of calamine
    """Return the cells of a sheet; none of a chart."""
    from python_calamine import CalamineError

    try:
        return book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except CalamineError:
        return []


def _by_sight(book: Any) -> list[str]:  # noqa: ANN401 - of calamine
    """Return the names of the sheets, hidden ones last."""
    hidden = [one.name for one in book.sheets_metadata if not str(one.visible).endswith("Visible")]
    return [*(name for name in book.sheet_names if name not in hidden), *hidden]


def _chosen(file: Place, names: list[str], sheet: str) -> str:
    if sheet in names:
        return sheet
    if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    raise DataError(f"{file.name}: --sheet: no sheet '{sheet}'{instead(sheet, names)}")


def _best(filled: dict[str, list[_Row]], known: Collection[str]) -> str:
    """Return the first sheet that has the columns that are sought, or more than one cell a row."""
    for name, rows in filled.items() if known else ():
        if any({*known} <= {cell.strip() for cell in row} for row in rows[:_LINES]):
            return name
    for name, rows in filled.items():
        if sum(count(row) > 1 for row in rows) > 1:
            return name
    return next(iter(filled))


def _text(value: object) -> str:
    """Return a cell as a text: whole numbers without a point, moments in ISO 8601."""
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


def _table(file: Place, rows: list[_Row], header: bool | None, known: Collection[str]) -> Cells:
    """Return the table that some rows hold; columns without any cell at its sides are none."""
    import pyarrow as pa

    width = max(map(len, rows))
    rows = [[*row, *[""] * (width - len(row))] for row in rows]
    body = [row for row in rows if count(row) > 1] or rows
    used = [at for at in range(width) if any(row[at].strip() for row in body)]
    rows = [[row[at] for at in used] for row in rows]
    head = head_of(rows[:_LINES], len(used), header, known)
    kept = [at for at in range(head.above, len(rows)) if count(rows[at])]
    columns = {
        str(place): pa.array([rows[at][place] for at in kept], pa.string())
        for place in range(len(used))
    }
    cells = Cells(file.name, columns, np.array(kept, int) + 1)
    name_columns(cells, head)
    trim_end(cells)
    if not len(cells.rows):
        raise DataError(f"{file.name}: expected a table, got no rows below a header; add rows")
    return cells


def _lost(file: Place, sheet: str, names: list[str]) -> list[Finding]:
    """Return findings on cells of an .xlsx file that hold errors, or sums that were never made."""
    errors: list[tuple[str, str]] = []
    undone: list[tuple[str, str]] = []
    xml = _xml(file, names.index(sheet))
    for about, inner in _CELL.findall(xml) if b't="e"' in xml or b"<f" in xml else ():
        value = re.search(rb"<v\b[^>]*>([^<]*)</v>", inner)
        where = re.search(rb'\br="([A-Z]+\d+)"', about)
        cell = where[1].decode() if where else "?"
        if re.search(rb'\bt="e"', about):
            errors.append((f"cell {cell}", value[1].decode(errors="replace") if value else ""))
        elif b"<f" in inner and not (value and value[1]) and b"<is>" not in inner:
            undone.append((f"cell {cell}", "a formula without its result"))
    found: list[Finding] = []
    for items, held, remedy in (
        (errors, "hold errors", "Correct them in the spreadsheet."),
        (undone, "hold formulas without results", "Open the file in a spreadsheet, and save it."),
    ):
        if items:
            cells = "1 cell" if len(items) == 1 else f"{len(items):,} cells"
            held = held if len(items) > 1 else held.replace("hold", "holds", 1)
            first = f"{items[0][0].removeprefix('cell ')}: {items[0][1]}"
            reason = f"{file.name}: {cells} {held} ({first}) and count as missing."
            some = tuple(items[:_MANY])
            found.append(Finding("lost cells", "warning", None, some, len(items), reason, remedy))
    return found


def _xml(file: Place, number: int) -> bytes:
    """Return what an .xlsx file writes of a sheet, by its place; nothing of other files."""
    try:
        with zipfile.ZipFile(io.BytesIO(content(file))) as book:
            sheets = re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", book.read("xl/workbook.xml"))
            key = re.search(rb'\br:id="([^"]*)"', sheets[number])
            links = book.read("xl/_rels/workbook.xml.rels")
            for link in re.findall(rb"<Relationship\b[^>]*>", links):
                if key and b'Id="' + key[1] + b'"' in link:
                    target = re.search(rb'Target="([^"]*)"', link)
                    path = target[1].decode().removeprefix("/") if target else ""
                    return book.read(path if path.startswith("xl/") else f"xl/{path}")
    except (zipfile.BadZipFile, KeyError, IndexError):
        pass
    return b""
