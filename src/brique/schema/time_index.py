"""Clock: how the rows of a series say when they were."""

import math
from dataclasses import dataclass
from typing import Any

from brique.errors import DataError

_STEP_TOLERANCE = 0.1  # share of a step by which one that is called the same may differ
_SECONDS_PER_MONTH = 30.4368 * 86_400
_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class TimeIndex:
    """How the rows of a series say their time, so that rows that are asked are read alike.

    columns: that say it together; none where the rows are even as they stand.
    patterns: how each is written: a pattern of `brique.schema.Moment` or "ISO 8601", "time" (of the
        day), "hhmm", a piece such as "year" or "hour", or "number".
    step: between rows, in seconds, months, or what the numbers count; None where it is uneven.
    is_monthly: whether the step counts months.
    has_offset: whether moments are written with their offset from UTC; None where some are.
    key: the column that names the series of a row, where there are several; two as "A,B".
    units: of the channels, "" where they have none; none at all where no channel has one.
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
                f"clock: expected a way for each of {len(self.columns)} columns, got"
                f" {len(self.patterns)}; pass as many"
            )
        if self.step is not None and not (math.isfinite(self.step) and self.step > 0):
            raise DataError(f"clock: step must be above 0, got {self.step}; pass such, or none")

    @property
    def seconds(self) -> float | None:
        """The step in seconds, or in what the numbers count."""
        return (
            None
            if self.step is None
            else self.step * (_SECONDS_PER_MONTH if self.is_monthly else 1)
        )

    @property
    def step_text(self) -> str:
        """The step as sentences say it."""
        if self.step is None:
            return "uneven steps"
        if self.columns and self.patterns != ("number",):
            return format_step(self.step, is_monthly=self.is_monthly)
        return f"{self.step:g}"

    def has_similar_step(self, other: "TimeIndex") -> bool:
        """Tell whether another clock has nearly the same step."""
        expected, actual = self.seconds or 0.0, other.seconds or 0.0
        return abs(actual - expected) <= _STEP_TOLERANCE * expected

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; what is at its default is left out."""
        value: dict[str, Any] = {"columns": list(self.columns), "patterns": list(self.patterns)}
        optional = {
            "step": self.step,
            "is_monthly": self.is_monthly or None,
            "has_offset": self.has_offset,
        }
        optional |= {"key": self.key, "units": list(self.units) or None}
        return value | {name: item for name, item in optional.items() if item is not None}


def format_step(step: float, *, is_monthly: bool = False) -> str:
    """Return a time in the largest unit that it is a whole number of.

    step: in seconds, or in months.

    >>> span(7200), span(3, is_monthly=True)
    ('2 hours', '3 months')
    """
    units = (("month", 1),) if is_monthly else _UNITS
    unit, unit_size = next((entry for entry in units if step % entry[1] == 0), ("second", 1))
    count = step / unit_size
    return f"1 {unit}" if count == 1 else f"{count:,g} {unit}s"
