"""Tables of every format as cells, before anything is guessed; two of them joined by name."""

import json
from typing import Any

import numpy as np

from brique.data.place import Place, content, plain_name
from brique.data.sources.arff import arff_cells
from brique.data.sources.delimited import Cells, distinct, read_delimited
from brique.data.sources.numbers import EXACT, large
from brique.errors import DataError, nearest
from brique.schema.names import written

DELIMITED = (".csv", ".tsv", ".data")
ENDINGS = (*DELIMITED, ".parquet", ".jsonl", ".ndjson", ".arff")


def is_table(file: Place) -> bool:
    """Tell by its name whether a file is a table."""
    return file.is_file() and plain_name(file).endswith(ENDINGS)


def read_cells(file: Place, header: bool | None) -> Cells:
    """Return a table's cells. Raises DataError where the file is none."""
    name = plain_name(file)
    if header is not None and not name.endswith(DELIMITED):
        raise DataError(f"{file.name}: --header is for .csv, .tsv and .data; leave it out")
    if name.endswith(".parquet"):
        return _parquet(file)
    if name.endswith((".jsonl", ".ndjson")):
        return _json_lines(file)
    if name.endswith(".arff"):
        return _checked(arff_cells(file))
    return read_delimited(file, header)


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


def _parquet(file: Place) -> Cells:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(content(file)))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0].rstrip(".")
        raise DataError(
            f"{file.name}: cannot be read as Parquet ({reason}); fetch it again"
        ) from error
    cells = Cells(file.name, {}, np.arange(1, len(table) + 1))
    for place, name in enumerate(distinct(table.column_names)):
        values = _simple(table.column(place).combine_chunks())
        if values is None:
            cells.notes.append(f"{file.name}: {name} holds {table.column(place).type}, left out.")
        else:
            cells.columns[name] = values
    return _checked(cells)


def _simple(values: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return an array as texts, whole numbers, floats or moments (microseconds); None if nested.

    A moment without a zone is taken for UTC.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        return _simple(values.dictionary_decode())
    if pa.types.is_temporal(kind):
        if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
            return values.cast(pa.string())
        return pc.cast(values, options=pc.CastOptions.unsafe(pa.timestamp("us")))
    if pa.types.is_decimal(kind):
        values = values.cast(pa.string())  # its digits, of which float64 may lose some
        return values if large(values).any() else values.cast(pa.float64())
    if pa.types.is_integer(kind):
        bounds = pc.call_function("min_max", [values]).as_py().values()
        is_whole = all(one is None or abs(one) <= EXACT for one in bounds)
        return values.cast(pa.int64() if is_whole else pa.string())
    if pa.types.is_floating(kind):
        is_short = str(kind) == "float"  # 0.1 stays 0.1, and does not become 0.10000000149
        return (values.cast(pa.string()) if is_short else values).cast(pa.float64())
    if pa.types.is_boolean(kind) or pa.types.is_null(kind) or pa.types.is_large_string(kind):
        return values.cast(pa.string())
    return values if pa.types.is_string(kind) else None


def _json_lines(file: Place) -> Cells:
    """Return the objects of a file, one a line; lines that are none are left out."""
    import pyarrow as pa

    found: dict[str, dict[int, str]] = {}
    nested: set[str] = set()
    cells, rows = Cells(file.name, {}, np.empty(0, int)), list[int]()
    for number, line in enumerate(content(file).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            cells.skipped.append((f"{file.name} row {number}", f"is no JSON ({error})"))
            continue
        if not isinstance(entry, dict):
            cells.skipped.append((f"{file.name} row {number}", "is no JSON object"))
            continue
        for name, value in entry.items():
            if isinstance(value, list | dict):
                nested.add(name)
            elif value is not None:
                texts = found.setdefault(name, {})
                texts[len(rows)] = value if isinstance(value, str) else json.dumps(value)
        rows.append(number)
    if nested:
        cells.notes.append(f"{file.name}: {', '.join(sorted(nested))} hold lists, left out.")
    cells.rows = np.array(rows, int)
    for name, texts in found.items():
        if name not in nested:
            values = [texts.get(row) for row in range(len(rows))]
            cells.columns[name] = pa.array(values, pa.string())
    if len(cells.skipped) > len(rows):
        row, reason = cells.skipped[0]
        raise DataError(
            f"{file.name}: {len(cells.skipped):,} of {len(cells.skipped) + len(rows):,} lines are"
            f" no JSON objects, the first {row}: {reason}; write one object a line"
        )
    return _checked(cells)


def _checked(cells: Cells) -> Cells:
    if not len(cells.rows) or not cells.columns:
        raise DataError(
            f"{cells.file}: expected a table, got {len(cells.rows)} rows of {len(cells.columns)}"
            " columns that hold texts, numbers or moments; check the file"
        )
    return cells
