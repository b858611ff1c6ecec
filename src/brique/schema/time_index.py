"""Time index: how the rows of a series give their time."""

import math
from dataclasses import dataclass
from typing import Any

from brique.errors import DataError

_STEP_TOLERANCE = 0.1  # relative difference of equal steps
_SECONDS_PER_MONTH = 30.4368 * 86_400
_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class TimeIndex:
    """How the rows of a series give their time, so that new rows are read in the same way.

    columns: that give the time together; none if rows are evenly spaced.
    patterns: of each column: a pattern of `brique.schema.Timestamp` or "ISO 8601", "time" (of day),
        "hhmm", a part such as "year" or "hour", or "number".
    step: between rows, in seconds, months, or units of the numbers; None if it varies.
    is_monthly: whether the step is in months.
    has_offset: whether timestamps have an offset from UTC; None if only some do.
    key: the column that identifies the series of a row, if there are several; two as "A,B".
    units: of the channels, "" without one; empty if no channel has a unit.
    """

    columns: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    step: float | None = None
    is_monthly: bool = False
    has_offset: bool | None = None
    key: str | None = None
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.patterns):
            raise DataError(
                f"time index: expected a pattern for each of {len(self.columns)} columns, got"
                f" {len(self.patterns)}; pass as many"
            )
        if self.step is not None and not (math.isfinite(self.step) and self.step > 0):
            raise DataError(
                f"time index: step must be above 0, got {self.step}; pass such, or none"
            )

    @property
    def seconds(self) -> float | None:
        """The step in seconds, or in units of the numbers."""
        return (
            None
            if self.step is None
            else self.step * (_SECONDS_PER_MONTH if self.is_monthly else 1)
        )

    @property
    def step_text(self) -> str:
        """The step, for messages."""
        if self.step is None:
            return "uneven steps"
        if self.columns and self.patterns != ("number",):
            return format_step(self.step, is_monthly=self.is_monthly)
        return f"{self.step:g}"

    def has_similar_step(self, other: "TimeIndex") -> bool:
        """Return whether another index has nearly the same step."""
        expected, actual = self.seconds or 0.0, other.seconds or 0.0
        return abs(actual - expected) <= _STEP_TOLERANCE * expected

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values, without defaults."""
        value: dict[str, Any] = {"columns": list(self.columns), "patterns": list(self.patterns)}
        optional = {
            "step": self.step,
            "is_monthly": self.is_monthly or None,
            "has_offset": self.has_offset,
        }
        optional |= {"key": self.key, "units": list(self.units) or None}
        return value | {name: item for name, item in optional.items() if item is not None}


def format_step(step: float, *, is_monthly: bool = False) -> str:
    """Return a time in its largest whole unit.

    step: in seconds, or in months.

    >>> format_step(7200), format_step(3, is_monthly=True)
    ('2 hours', '3 months')
    """
    units = (("month", 1),) if is_monthly else _UNITS
    unit, unit_size = next((entry for entry in units if step % entry[1] == 0), ("second", 1))
    count = step / unit_size
    return f"1 {unit}" if count == 1 else f"{count:,g} {unit}s"
