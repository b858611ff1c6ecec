"""Conventions: whether a table that is asked writes numbers and dates as training did."""

from brique.data.sources.guess import trimmed
from brique.data.sources.rows import Cells
from brique.errors import DataError
from brique.schema import Moment, Number, Schema
from brique.schema.numerals import Decimal, numeral
from brique.schema.written import Read, read_moment

_SIGNS: tuple[Decimal, ...] = ("point", "comma")


def check_conventions(cells: Cells, schema: Schema) -> list[str]:
    """Return what a reader of the answers should know of how a table is written.

    Raises DataError where cells of an input would be misread.
    That is so where some cells can only be read otherwise than in training (3185,17 where a point
    stood before decimals; 15/01/2024 where the month came first), and others would be read as in
    training to another value (1,234; 05/03/2024).
    """
    import pyarrow as pa

    notes = [one.reason.removesuffix(".") for one in cells.findings if one.severity != "note"]
    for name in schema.inputs:
        values, kind = cells.columns.get(name), schema[name]
        if values is None:
            continue
        is_text = pa.types.is_string(values.type)
        texts: list[str] = trimmed(values).unique().drop_null().to_pylist() if is_text else []
        if isinstance(kind, Number) and kind.unit and not any(map(_unit, texts)):
            notes.append(f"'{name}' is written without a unit, and taken as {kind.unit}")
        if isinstance(kind, Number) and not kind.shape:
            found = _other_sign(texts, kind.decimal)
        elif isinstance(kind, Moment) and kind.pattern is not None:
            found = _other_order(texts, kind.pattern)
        else:
            continue
        if found is not None:
            strange, likewise, first, second = found
            raise DataError(
                f"predict: '{name}' in {cells.file} is not written as in training: '{strange}'"
                f" cannot be read so, and '{likewise}', which would be {first}, is {second} if"
                " written as the former; write the column as in training"
            )
    return notes


def _unit(text: str) -> str:
    made = numeral(text)
    return made.unit if made else ""


def _other_sign(texts: list[str], decimal: Decimal) -> tuple[str, str, str, str] | None:
    """Return a number that has another decimal sign, one that could have it, and both readings."""
    made = {text: one for text in texts if (one := numeral(text)) is not None}
    own = {text: one.value(decimal) for text, one in made.items()}
    for sign in _SIGNS:
        other = {text: one.value(sign) for text, one in made.items()}
        strange = [text for text in made if own[text] is None and other[text] is not None]
        unlike = [text for text in made if None not in (own[text], other[text])
                  and own[text] != other[text]]  # fmt: skip
        if strange and unlike:
            one = unlike[0]
            return strange[0], one, f"{own[one]:.15g}", f"{other[one]:.15g}"
    return None


def _other_order(texts: list[str], pattern: str) -> tuple[str, str, str, str] | None:
    """Return a date whose day and month are exchanged, one that could be so, and both readings."""
    turned = pattern.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    if turned == pattern:
        return None
    own = {text: read_moment(text, pattern) or read_moment(text, None) for text in texts}
    other = {text: read_moment(text, turned) for text in texts}
    strange = [text for text in texts if own[text] is None and other[text] is not None]
    unlike = [text for text in texts if own[text] and other[text] and own[text] != other[text]]
    if not strange or not unlike:
        return None
    one = unlike[0]
    return strange[0], one, _day(own[one]), _day(other[one])


def _day(moment: Read | None) -> str:
    import numpy as np

    return str(np.datetime64(moment.micros if moment else 0, "us").astype("datetime64[D]"))
