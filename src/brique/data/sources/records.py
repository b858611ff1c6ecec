"""Tables of JSON: a list of objects, one object a line, or columns; nested ones are "user.age"."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from brique.data.place import Place, content
from brique.data.sources.parquet import left_out
from brique.data.sources.rows import Cells
from brique.errors import DataError

_DEEPEST = 20  # objects within one another
_FORMS = (
    "a list of objects, one object a line, {column: {row: value}}, {column: [values]}, or {columns,"
    " data}"
)
_Cell = str | None | list[Any]  # a list is none that a column may hold


class _NoObjectError(ValueError):
    """Why an entry is no row."""


def read_records(file: Place) -> Cells:
    """Return the objects of a file, in any of the forms in which tables are written as JSON.

    Objects that cannot be read are left out, by their line, or by their place in a list, from 1.
    Raises DataError where most cannot, or the file has none of these forms.
    """
    raw = content(file).removeprefix(b"\xef\xbb\xbf")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw.decode("utf-16", errors="replace").encode()
    named = file.name.casefold().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    entries = None if named and not _is_list(raw) else _whole(raw, file)
    cells = Cells(file.name, {}, np.empty(0, int))
    rows: list[int] = []
    found: dict[str, dict[int, _Cell]] = {}
    for number, read in _by_line(raw) if entries is None else enumerate(entries, 1):
        try:
            entry = _flat(read() if callable(read) else read)
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, _NoObjectError) else f"is no JSON ({error})"
            cells.skipped.append((f"{file.name} row {number}", reason))
            continue
        for name, value in entry.items():
            found.setdefault(name, {})[len(rows)] = value
        rows.append(number)
    cells.rows = np.array(rows, int)
    _fill(cells, found)
    if len(cells.skipped) > len(rows):
        row, reason = cells.skipped[0]
        raise DataError(
            f"{file.name}: {len(cells.skipped):,} of {len(cells.skipped) + len(rows):,} lines are"
            f" no JSON objects, the first {row}: {reason}; write one object a line"
        )
    return cells


def _fill(cells: Cells, found: Mapping[str, Mapping[int, _Cell]]) -> None:
    """Give a table its columns. One of lists is left out; a list in few rows counts as missing."""
    import pyarrow as pa

    lost: list[tuple[str, str]] = []
    for name, held in found.items():
        lists = [row for row, value in held.items() if isinstance(value, list)]
        known = sum(value is not None for value in held.values())
        if lists and 2 * len(lists) >= known:
            lost.append((name, "lists"))
            continue
        if lists:
            first = cells.rows[lists[0]]
            of = "1 row" if len(lists) == 1 else f"{len(lists):,} rows"
            finding = left_out(cells.file, [(name, f"a list in {of}, the first row {first}")])
            cells.findings.append(finding)
        texts = [held.get(row) for row in range(len(cells.rows))]
        plain = [None if isinstance(text, list) else text for text in texts]
        cells.columns[name] = pa.array(plain, pa.string())
    if lost:
        cells.findings.append(left_out(cells.file, lost))


def _flat(entry: object, before: str = "", depth: int = 0) -> dict[str, _Cell]:
    """Return the values of an object by name, those of objects in it as "name.inner".

    Raises _NoObjectError.
    """
    if not isinstance(entry, _Pairs):
        raise _NoObjectError("is no JSON object")
    found: dict[str, _Cell] = {}
    for key, value in entry.pairs:
        name = f"{before}{key}"
        if isinstance(value, _Pairs) and value.pairs and depth < _DEEPEST:
            inner = _flat(value, f"{name}.", depth + 1)
        else:
            inner = {name: _cell(value)}
        if twice := next((one for one in inner if one in found), None):
            raise _NoObjectError(f"has the key '{twice}' twice")
        found |= inner
    for text in (*found, *found.values()):
        if isinstance(text, str) and not _is_text(text):
            raise _NoObjectError(f"holds half a letter, {json.dumps(text)[:40]}")
    return found


def _cell(value: object) -> _Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Pairs):
        return [] if value.pairs else None
    return cast("_Cell", value)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Pairs:
    """An object as its file has it: its keys may come twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs

    def named(self) -> dict[str, Any]:
        """Return its values by key, the first of each."""
        return dict(reversed(self.pairs))


def _loaded(text: bytes) -> object:
    """Return JSON with its numbers as they are written; NaN is missing. Raises ValueError."""
    return json.loads(
        text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str,
        parse_constant=lambda word: None if word == "NaN" else word,
    )  # fmt: skip


def _by_line(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the number of each line that is not blank, and what reads it."""
    for number, line in enumerate(raw.split(b"\n"), 1):
        if line.strip():
            yield number, lambda line=line: _loaded(line)


def _is_list(raw: bytes) -> bool:
    """Tell whether a file of that name is rather one list of objects."""
    return raw.lstrip()[:1] == b"[" and raw.rstrip()[-1:] == b"]" and b"{" in raw.split(b"\n", 1)[0]


def _whole(raw: bytes, file: Place) -> list[Any] | None:
    """Return the rows of a file that is one JSON value; None where each line is one."""
    try:
        value = _loaded(raw)
    except RecursionError as error:
        raise DataError(f"{file.name}: is nested too deep; give {_FORMS}") from error
    except ValueError as error:
        lines = [line for line in raw.split(b"\n", 3)[:3] if line.strip()]
        if len(lines) > 1 and all(line.strip().startswith(b"{") for line in lines[:2]) and (
            lines[0].strip().endswith(b"}")
        ):  # fmt: skip
            return None
        raise DataError(f"{file.name}: is no JSON ({error}); fetch it again") from error
    rows = _rows(value)
    if rows is None:
        raise DataError(f"{file.name}: is JSON, but no table; give {_FORMS}")
    return rows


def _rows(value: object) -> list[Any] | None:
    """Return the rows of a table, each an object, or None where a value is no table."""
    if isinstance(value, list):
        return value if all(isinstance(one, _Pairs) for one in value) else None
    if not isinstance(value, _Pairs):
        return None
    held = value.named()
    kinds = {type(one) for one in held.values()}
    columns, data = held.get("columns"), held.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        return _split(columns, data)
    if kinds == {_Pairs}:
        return _of_columns(value)
    several = [one for one in held.values() if isinstance(one, list)]
    of_objects = [one for one in several if one and all(isinstance(row, _Pairs) for row in one)]
    if len(of_objects) == 1 and len(several) == 1:
        return of_objects[0]
    if kinds == {list} and not of_objects and len({len(one) for one in several}) == 1:
        rows = zip(*(one for _, one in value.pairs), strict=True)
        return [_Pairs([(key, cell) for (key, _), cell in zip(value.pairs, row, strict=True)])
                for row in rows]  # fmt: skip
    return [value] if not any(isinstance(one, list) for one in held.values()) else None


def _split(columns: list[Any], data: list[Any]) -> list[Any] | None:
    """Return the rows of {columns: names, data: lists of cells}; one that does not fit is none."""
    if not all(isinstance(name, str) for name in columns):
        return None
    return [
        _Pairs(list(zip(columns, row, strict=True)))
        if isinstance(row, list) and len(row) == len(columns)
        else row
        for row in data
    ]


def _of_columns(value: _Pairs) -> list[Any] | None:
    """Return the rows of {column: {row: cell}}, or of {row: {column: cell}}; None if unclear.

    Rows are those whose keys are numbers.
    """
    outer = [key for key, _ in value.pairs]
    inner = list(dict.fromkeys(key for _, one in value.pairs for key, _ in one.pairs))
    if all(key.isdecimal() for key in inner):
        columns = [(key, one.named()) for key, one in value.pairs]
        return [_Pairs([(key, cells.get(row)) for key, cells in columns]) for row in inner]
    if all(key.isdecimal() for key in outer):
        return [one for _, one in value.pairs]
    return None
