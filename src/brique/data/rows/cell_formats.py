"""Cell formats: whether a new table writes numbers and dates as the training data did."""

from brique.data.sources.columns.guess import trim
from brique.data.sources.table_files.raw_cells import Cells
from brique.errors import DataError
from brique.schema import Number, Schema, Timestamp
from brique.schema.numerals import Decimal, parse_numeral
from brique.schema.timestamp_patterns import ParsedTimestamp, parse_timestamp

_DECIMAL_SIGNS: tuple[Decimal, ...] = ("point", "comma")


def check_cell_formats(cells: Cells, schema: Schema) -> list[str]:
    """Return notes about the formats of a table, for users of the predictions.

    Raises DataError if cells of an input would be misread: if some cells only fit another format
    than that of training (3185,17 in place of a decimal point; 15/01/2024 in place of month first),
    and others would have another value in it (1,234; 05/03/2024).
    """
    import pyarrow as pa

    notes = [
        finding.reason.removesuffix(".") for finding in cells.findings if finding.severity != "note"
    ]
    for name in schema.inputs:
        values, kind = cells.columns.get(name), schema[name]
        if values is None:
            continue
        is_text = pa.types.is_string(values.type)
        texts: list[str] = trim(values).unique().drop_null().to_pylist() if is_text else []
        if isinstance(kind, Number) and kind.unit and not any(map(_unit, texts)):
            notes.append(f"'{name}' is written without a unit, and read as {kind.unit}")
        if isinstance(kind, Number) and not kind.shape:
            conflict = _decimal_conflict(texts, kind.decimal)
        elif isinstance(kind, Timestamp) and kind.pattern is not None:
            conflict = _date_order_conflict(texts, kind.pattern)
        else:
            continue
        if conflict is not None:
            unreadable, ambiguous, own_reading, other_reading = conflict
            raise DataError(
                f"predict: '{name}' in {cells.file} is not written as in training: '{unreadable}'"
                f" cannot be read so, and '{ambiguous}', which would be {own_reading}, is"
                f" {other_reading} if written as the former; write the column as in training"
            )
    return notes


def _unit(text: str) -> str:
    number = parse_numeral(text)
    return number.unit if number else ""


def _decimal_conflict(texts: list[str], decimal: Decimal) -> tuple[str, str, str, str] | None:
    """Return a number with another decimal sign, an ambiguous one, and its two values."""
    numbers = {text: one for text in texts if (one := parse_numeral(text)) is not None}
    own_values = {text: one.value(decimal) for text, one in numbers.items()}
    for sign in _DECIMAL_SIGNS:
        other_values = {text: one.value(sign) for text, one in numbers.items()}
        unreadable = [
            text for text in numbers if own_values[text] is None and other_values[text] is not None
        ]
        ambiguous = [text for text in numbers if None not in (own_values[text], other_values[text])
                  and own_values[text] != other_values[text]]  # fmt: skip
        if unreadable and ambiguous:
            one = ambiguous[0]
            return unreadable[0], one, f"{own_values[one]:.15g}", f"{other_values[one]:.15g}"
    return None


def _date_order_conflict(texts: list[str], pattern: str) -> tuple[str, str, str, str] | None:
    """Return a date with day and month swapped, an ambiguous one, and its two values."""
    swapped = pattern.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    if swapped == pattern:
        return None
    own_values = {
        text: parse_timestamp(text, pattern) or parse_timestamp(text, None) for text in texts
    }
    other_values = {text: parse_timestamp(text, swapped) for text in texts}
    unreadable = [
        text for text in texts if own_values[text] is None and other_values[text] is not None
    ]
    ambiguous = [
        text
        for text in texts
        if own_values[text] and other_values[text] and own_values[text] != other_values[text]
    ]
    if not unreadable or not ambiguous:
        return None
    one = ambiguous[0]
    return unreadable[0], one, _date(own_values[one]), _date(other_values[one])


def _date(timestamp: ParsedTimestamp | None) -> str:
    import numpy as np

    return str(np.datetime64(timestamp.micros if timestamp else 0, "us").astype("datetime64[D]"))
