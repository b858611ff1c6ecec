"""Channels: the columns of a series as numbers, and classes as many numbers of 0 and 1."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.checked import checked_numbers
from brique.data.sources.guess import Cut, kind_of
from brique.schema import MISSING
from brique.schema.numerals import Decimal

_CLASSES = 16  # of a column that becomes as many channels


@dataclass
class Channels:
    """What the columns of a series hold.

    channels: by name, (T,), float64, NaN where missing. left: columns that are left out.
    decimal, absent: as in `brique.schema.Number`, of all columns. units: by channel.
    """

    channels: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    left: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    decimal: Decimal = "point"
    absent: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict[str, str])


def channels_of(
    cuts: Mapping[str, Cut],
    rows: np.ndarray,
    train: np.ndarray,
    types: Mapping[str, str],
    wanted: str | None = None,
) -> Channels:
    """Return the columns as channels: numbers, and classes of the training part.

    rows: (T,), places in the file, in the order of time. train: (T,), bool, the training part.
    types: what a person says of columns. wanted: columns to predict, "A,B". Numbers that count the
        rows are no channel, unless a person speaks of them, or there is no other column.
    """
    found = Channels()
    meant = {*types, *(wanted or "").split(","), *(cuts if len(cuts) == 1 else ())}
    for name, cut in cuts.items():
        told = types.get(name)
        kind = told or kind_of(cut)
        if kind == "number":
            numbers, findings = checked_numbers(cut, is_told=told is not None)
            values = numbers.values[rows]
            if name not in meant and (_counts(values) or _counts(numbers.values)):
                found.left.append(name)
                continue
            found.findings += findings
            if numbers.decimal != "point":
                found.decimal = numbers.decimal
            found.absent = tuple(dict.fromkeys((*found.absent, *numbers.absent)))
            if numbers.unit:
                found.units[name] = numbers.unit
            found.channels[name] = values
            continue
        classes = _classes(cut, rows, train) if kind in ("category", "text") else {}
        found.channels |= classes
        if not classes:
            found.left.append(name)
    return found


def _counts(values: np.ndarray) -> bool:
    """Tell whether a column counts the rows, up or down."""
    steps = np.diff(values)
    return len(steps) > 1 and bool((steps == 1).all() or (steps == -1).all())


def _classes(cut: Cut, rows: np.ndarray, train: np.ndarray) -> dict[str, np.ndarray]:
    """Return a channel for each class of the training part, none where there are many."""
    coded = cut.codes()
    texts = np.array([*coded.names, MISSING], object)[coded.codes][rows]
    classes = sorted(set(texts[train].tolist()))
    if len(classes) > _CLASSES:
        return {}
    return {f"{cut.name}={one}": (texts == one) * 1.0 for one in classes}
