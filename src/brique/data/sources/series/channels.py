"""Channels of a series: columns of numbers, and one-hot classes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.columns.guess import RawColumn, guess_kind
from brique.data.sources.columns.number_checks import check_numbers
from brique.schema import MISSING
from brique.schema.numerals import Decimal

_MAX_CLASSES = 16  # of a column that becomes one-hot channels


@dataclass
class Channels:
    """The channels of a series.

    channels: by name, (T,), float64, NaN where missing. excluded: columns that are left out.
    decimal, na_values: as in `brique.schema.Number`, of all columns. units: by channel.
    """

    channels: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    excluded: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    decimal: Decimal = "point"
    na_values: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict[str, str])


def channels_of(
    raw_columns: Mapping[str, RawColumn],
    rows: np.ndarray,
    train: np.ndarray,
    types: Mapping[str, str],
    targets: str | None = None,
) -> Channels:
    """Return the columns as channels: numbers, and classes of the training part.

    rows: (T,), rows of the file, in the order of time. train: (T,), bool, the training part.
    types: kinds of columns by --types. target: columns to predict, "A,B". A column that counts the
        rows is left out, unless an option names it, or there is no other column.
    """
    result = Channels()
    explicit = {
        *types,
        *(targets or "").split(","),
        *(raw_columns if len(raw_columns) == 1 else ()),
    }
    for name, raw_column in raw_columns.items():
        declared = types.get(name)
        kind = declared or guess_kind(raw_column)
        if kind == "number":
            numbers, findings = check_numbers(raw_column, is_explicit=declared is not None)
            values = numbers.values[rows]
            if name not in explicit and (
                _is_row_counter(values) or _is_row_counter(numbers.values)
            ):
                result.excluded.append(name)
                continue
            result.findings += findings
            if numbers.decimal != "point":
                result.decimal = numbers.decimal
            result.na_values = tuple(dict.fromkeys((*result.na_values, *numbers.na_values)))
            if numbers.unit:
                result.units[name] = numbers.unit
            result.channels[name] = values
            continue
        classes = _one_hot(raw_column, rows, train) if kind in ("category", "text") else {}
        result.channels |= classes
        if not classes:
            result.excluded.append(name)
    return result


def _is_row_counter(values: np.ndarray) -> bool:
    """Tell whether a column counts the rows, up or down."""
    differences = np.diff(values)
    return len(differences) > 1 and bool((differences == 1).all() or (differences == -1).all())


def _one_hot(raw_column: RawColumn, rows: np.ndarray, train: np.ndarray) -> dict[str, np.ndarray]:
    """Return a channel for each class of the training part; empty for many classes."""
    codes = raw_column.codes()
    texts = np.array([*codes.names, MISSING], object)[codes.codes][rows]
    classes = sorted(set(texts[train].tolist()))
    if len(classes) > _MAX_CLASSES:
        return {}
    return {f"{raw_column.name}={label}": (texts == label) * 1.0 for label in classes}
