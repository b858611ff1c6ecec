"""Tables of Parquet files; nested columns become flat ones, "user.age"."""

import json
from typing import Any

import numpy as np

from brique.data.files.place import Place, read_content
from brique.data.finding import Finding
from brique.data.sources.columns.numbers import MAX_EXACT_INT, large_cells
from brique.data.sources.table_files.raw_cells import Cells, unique_names
from brique.errors import DataError

_MAX_DEPTH = 8  # nested columns


def read_parquet(file: Place) -> Cells:
    """Return the columns of a Parquet file. Raises DataError if it cannot be read."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(read_content(file)))
        for _ in range(_MAX_DEPTH):
            if not any(pa.types.is_struct(kind) for kind in table.schema.types):
                break
            table = table.flatten()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0].rstrip(".")
        raise DataError(
            f"{file.name}: cannot be read as Parquet ({reason}); fetch it again"
        ) from error
    cells = Cells(file.name, {}, np.arange(1, len(table) + 1))
    index = _index_columns(table.schema.metadata or {})
    dropped: list[tuple[str, str]] = []
    column_indices = range(table.num_columns)  # the index first, as in CSV
    table = table.select(
        sorted(column_indices, key=lambda position: table.column_names[position] not in index)
    )
    for column, name in enumerate(
        unique_names(["" if n in index else n for n in table.column_names])
    ):
        values = _to_simple_array(table.column(column).combine_chunks())
        if values is None:
            dropped.append((name, str(table.column(column).type)))
        else:
            cells.columns[name] = values
    if dropped:
        cells.findings.append(left_out_finding(file.name, dropped))
    return cells


def left_out_finding(file: str, columns: list[tuple[str, str]]) -> Finding:
    """Return a finding on columns of unsupported types: (name, type) each."""
    names = ", ".join(f"'{name}' ({type_text})" for name, type_text in columns[:5])
    more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
    hold, are = ("holds", "is") if len(columns) == 1 else ("hold", "are")
    reason = f"{file}: {names}{more} {hold} several values per cell and {are} left out."
    remedy = "Give each value a column of its own."
    return Finding("left out", "warning", None, tuple(columns), len(columns), reason, remedy)


def _index_columns(metadata: dict[bytes, bytes]) -> set[str]:
    """Return the columns of an unnamed index of a data frame."""
    try:
        pandas_metadata = json.loads(metadata.get(b"pandas", b"{}"))
        index_columns = pandas_metadata.get("index_columns", [])
    except (ValueError, AttributeError):
        return set()
    return {
        name
        for name in index_columns
        if isinstance(name, str) and name.startswith("__index_level_")
    }


def _to_simple_array(values: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return an array as texts, integers, floats or timestamps (microseconds); None if nested.

    A timestamp without a zone counts as UTC. Integers that float64 cannot hold become texts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        return _to_simple_array(values.dictionary_decode())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pc.cast(values, options=pc.CastOptions.unsafe(pa.timestamp("us")))
    if pa.types.is_decimal(kind):
        values = values.cast(pa.string())  # float64 may lose digits
        return values if large_cells(values).any() else values.cast(pa.float64())
    if pa.types.is_integer(kind):
        bounds = pc.call_function("min_max", [values]).as_py().values()
        is_whole = all(bound is None or abs(bound) <= MAX_EXACT_INT for bound in bounds)
        return values.cast(pa.int64() if is_whole else pa.string())
    if pa.types.is_floating(kind):
        is_short = str(kind) == "float"  # 0.1 stays 0.1, not 0.10000000149
        return (values.cast(pa.string()) if is_short else values).cast(pa.float64())
    is_binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    if is_binary or pa.types.is_nested(kind) or pa.types.is_fixed_size_binary(kind):
        return None
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
