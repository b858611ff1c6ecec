"""Tables of JSON: a list of objects, one object a line, or columns; nested ones are "user.age"."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from brique.data.files.place import Place, read_content
from brique.data.sources.table_files.parquet import left_out_finding
from brique.data.sources.table_files.raw_cells import Cells
from brique.errors import DataError

_MAX_DEPTH = 20  # nested objects
_FORMS = (
    "a list of objects, one object a line, {column: {row: value}}, {column: [values]}, or {columns,"
    " data}"
)
_Cell = str | None | list[Any]  # columns hold no lists


class _NotAnObjectError(ValueError):
    """An entry that is not a row."""


def read_records(file: Place) -> Cells:
    """Return the objects of a file, in any of the JSON formats of tables.

    Objects that cannot be read are skipped, by line, or by number in a list, from 1.
    Raises DataError if most cannot be read, or the file has none of these formats.
    """
    raw = read_content(file).removeprefix(b"\xef\xbb\xbf")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw.decode("utf-16", errors="replace").encode()
    is_json_lines = file.name.casefold().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    entries = None if is_json_lines and not _is_list(raw) else _parse_whole_file(raw, file)
    cells = Cells(file.name, {}, np.empty(0, int))
    rows: list[int] = []
    values_by_column: dict[str, dict[int, _Cell]] = {}
    for number, loader in _iterate_lines(raw) if entries is None else enumerate(entries, 1):
        try:
            entry = _flatten(loader() if callable(loader) else loader)
        except (ValueError, RecursionError) as error:
            reason = (
                str(error)
                if isinstance(error, _NotAnObjectError)
                else f"is not valid JSON ({error})"
            )
            cells.skipped.append((f"{file.name} row {number}", reason))
            continue
        for name, value in entry.items():
            values_by_column.setdefault(name, {})[len(rows)] = value
        rows.append(number)
    cells.rows = np.array(rows, int)
    _fill_columns(cells, values_by_column)
    if len(cells.skipped) > len(rows):
        row, reason = cells.skipped[0]
        raise DataError(
            f"{file.name}: {len(cells.skipped):,} of {len(cells.skipped) + len(rows):,} lines"
            f" are not JSON objects, the first {row}: {reason}; write one object a line"
        )
    return cells


def _fill_columns(cells: Cells, values_by_column: Mapping[str, Mapping[int, _Cell]]) -> None:
    """Fill the columns of a table. Columns of lists are dropped; a rare list counts as missing."""
    import pyarrow as pa

    dropped: list[tuple[str, str]] = []
    for name, values_by_row in values_by_column.items():
        lists = [row for row, value in values_by_row.items() if isinstance(value, list)]
        known_count = sum(value is not None for value in values_by_row.values())
        if lists and 2 * len(lists) >= known_count:
            dropped.append((name, "lists"))
            continue
        if lists:
            first = cells.rows[lists[0]]
            row_count = "1 row" if len(lists) == 1 else f"{len(lists):,} rows"
            finding = left_out_finding(
                cells.file, [(name, f"a list in {row_count}, the first row {first}")]
            )
            cells.findings.append(finding)
        texts = [values_by_row.get(row) for row in range(len(cells.rows))]
        values = [None if isinstance(text, list) else text for text in texts]
        cells.columns[name] = pa.array(values, pa.string())
    if dropped:
        cells.findings.append(left_out_finding(cells.file, dropped))


def _flatten(entry: object, prefix: str = "", depth: int = 0) -> dict[str, _Cell]:
    """Return the values of an object by name; nested objects become "name.inner".

    Raises _NotAnObjectError.
    """
    if not isinstance(entry, _JsonObject):
        raise _NotAnObjectError("is not a JSON object")
    values: dict[str, _Cell] = {}
    for key, value in entry.pairs:
        name = f"{prefix}{key}"
        if isinstance(value, _JsonObject) and value.pairs and depth < _MAX_DEPTH:
            nested = _flatten(value, f"{name}.", depth + 1)
        else:
            nested = {name: _to_cell(value)}
        if duplicate := next((key_name for key_name in nested if key_name in values), None):
            raise _NotAnObjectError(f"has the key '{duplicate}' twice")
        values |= nested
    for text in (*values, *values.values()):
        if isinstance(text, str) and not _is_valid_text(text):
            raise _NotAnObjectError(f"holds half a character, {json.dumps(text)[:40]}")
    return values


def _to_cell(value: object) -> _Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _JsonObject):
        return [] if value.pairs else None
    return cast("_Cell", value)


def _is_valid_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _JsonObject:
    """A JSON object as in the file: its keys may repeat."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs

    def as_dict(self) -> dict[str, Any]:
        """Return its values by key, the first of each."""
        return dict(reversed(self.pairs))


def _load_json(text: bytes) -> object:
    """Return JSON with numbers as texts; NaN is missing. Raises ValueError."""
    return json.loads(
        text, object_pairs_hook=_JsonObject, parse_int=str, parse_float=str,
        parse_constant=lambda word: None if word == "NaN" else word,
    )  # fmt: skip


def _iterate_lines(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the number of each line that is not blank, and a function that parses it."""
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            yield number, lambda line=line: _load_json(line)


def _is_list(raw: bytes) -> bool:
    """Tell whether a file is one list of objects."""
    return raw.lstrip()[:1] == b"[" and raw.rstrip()[-1:] == b"]" and b"{" in raw.split(b"\n", 1)[0]


def _parse_whole_file(raw: bytes, file: Place) -> list[Any] | None:
    """Return the rows of a file that is one JSON value; None if each line is one."""
    try:
        value = _load_json(raw)
    except RecursionError as error:
        raise DataError(f"{file.name}: is nested too deeply; give {_FORMS}") from error
    except ValueError as error:
        lines = [line for line in raw.split(b"\n", 3)[:3] if line.strip()]
        if len(lines) > 1 and all(line.strip().startswith(b"{") for line in lines[:2]) and (
            lines[0].strip().endswith(b"}")
        ):  # fmt: skip
            return None
        raise DataError(f"{file.name}: is not valid JSON ({error}); fetch it again") from error
    rows = _table_rows(value)
    if rows is None:
        raise DataError(f"{file.name}: is JSON, but not a table; give {_FORMS}")
    return rows


def _table_rows(value: object) -> list[Any] | None:
    """Return the rows of a table, each an object, or None if a value is not a table."""
    if isinstance(value, list):
        return value if all(isinstance(entry, _JsonObject) for entry in value) else None
    if not isinstance(value, _JsonObject):
        return None
    values = value.as_dict()
    types = {type(entry) for entry in values.values()}
    columns, data = values.get("columns"), values.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        return _rows_from_split(columns, data)
    if types == {_JsonObject}:
        return _rows_from_columns(value)
    lists = [entry for entry in values.values() if isinstance(entry, list)]
    object_lists = [
        entry for entry in lists if entry and all(isinstance(row, _JsonObject) for row in entry)
    ]
    if len(object_lists) == 1 and len(lists) == 1:
        return object_lists[0]
    if types == {list} and not object_lists and len({len(entry) for entry in lists}) == 1:
        rows = zip(*(entry for _, entry in value.pairs), strict=True)
        return [_JsonObject([(key, cell) for (key, _), cell in zip(value.pairs, row, strict=True)])
                for row in rows]  # fmt: skip
    return [value] if not any(isinstance(entry, list) for entry in values.values()) else None


def _rows_from_split(columns: list[Any], data: list[Any]) -> list[Any] | None:
    """Return the rows of {columns: names, data: lists of cells}; other rows stay lists."""
    if not all(isinstance(name, str) for name in columns):
        return None
    return [
        _JsonObject(list(zip(columns, row, strict=True)))
        if isinstance(row, list) and len(row) == len(columns)
        else row
        for row in data
    ]


def _rows_from_columns(value: _JsonObject) -> list[Any] | None:
    """Return the rows of {column: {row: cell}}, or of {row: {column: cell}}; None if unclear.

    The keys of rows are numbers.
    """
    outer_keys = [key for key, _ in value.pairs]
    inner_keys = list(dict.fromkeys(key for _, entry in value.pairs for key, _ in entry.pairs))
    if all(key.isdecimal() for key in inner_keys):
        columns = [(key, entry.as_dict()) for key, entry in value.pairs]
        return [
            _JsonObject([(key, cells.get(row)) for key, cells in columns]) for row in inner_keys
        ]
    if all(key.isdecimal() for key in outer_keys):
        return [entry for _, entry in value.pairs]
    return None
