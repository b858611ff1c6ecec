"""Clock: how the rows of a series say when they were."""

import math
from dataclasses import dataclass
from typing import Any

from brique.errors import DataError

_SAME = 0.1  # share of a step by which one that is called the same may differ
_MONTH = 30.4368 * 86_400
_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Clock:
    """How the rows of a series say their time, so that rows that are asked are read alike.

    columns: that say it together; none where the rows are even as they stand.
    ways: how each is written: a pattern of `brique.schema.Moment` or "ISO 8601", "time" (of the
        day), "hhmm", a piece such as "year" or "hour", or "number".
    step: between rows, in seconds, months, or what the numbers count; None where it is uneven.
    is_monthly: whether the step counts months.
    offset: whether moments are written with their offset from UTC; None where some are.
    key: the column that names the series of a row, where there are several; two as "A,B".
    units: of the channels, "" where they have none; none at all where no channel has one.
    """

    columns: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    step: float | None = None
    is_monthly: bool = False
    offset: bool | None = None
    key: str | None = None
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.ways):
            raise DataError(
                f"clock: expected a way for each of {len(self.columns)} columns, got"
                f" {len(self.ways)}; pass as many"
            )
        if self.step is not None and not (math.isfinite(self.step) and self.step > 0):
            raise DataError(f"clock: step must be above 0, got {self.step}; pass such, or none")

    @property
    def seconds(self) -> float | None:
        """The step in seconds, or in what the numbers count."""
        return None if self.step is None else self.step * (_MONTH if self.is_monthly else 1)

    @property
    def span(self) -> str:
        """The step as sentences say it."""
        if self.step is None:
            return "uneven steps"
        if self.columns and self.ways != ("number",):
            return span(self.step, is_monthly=self.is_monthly)
        return f"{self.step:g}"

    def is_like(self, other: "Clock") -> bool:
        """Tell whether another clock has nearly the same step."""
        own, came = self.seconds or 0.0, other.seconds or 0.0
        return abs(came - own) <= _SAME * own

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; what is at its default is left out."""
        value: dict[str, Any] = {"columns": list(self.columns), "ways": list(self.ways)}
        rest = {"step": self.step, "is_monthly": self.is_monthly or None, "offset": self.offset}
        rest |= {"key": self.key, "units": list(self.units) or None}
        return value | {name: one for name, one in rest.items() if one is not None}


def span(step: float, *, is_monthly: bool = False) -> str:
    """Return a time in the largest unit that it is a whole number of.

    step: in seconds, or in months.

    >>> span(7200), span(3, is_monthly=True)
    ('2 hours', '3 months')
    """
    units = (("month", 1),) if is_monthly else _UNITS
    unit, length = next((one for one in units if step % one[1] == 0), ("second", 1))
    count = step / length
    return f"1 {unit}" if count == 1 else f"{count:,g} {unit}s"
