"""Timestamps: dates and times."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from brique.errors import DataError
from brique.schema.messages import short_repr
from brique.schema.missing import is_missing
from brique.schema.timestamp_patterns import SECOND, parse_timestamp

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Timestamp:
    """A date or time, in whole seconds since 1970-01-01 UTC.

    mean, std: in seconds, fitted on the training part.
    pattern: of texts, besides ISO 8601: a date as in `datetime.strptime`, which a time of day may
        follow; "@s", "@ms", "@us" since 1970, or "@excel", days of a spreadsheet.
    fill: replaces a missing timestamp: the median of the training part.
    optional: whether timestamps were missing in the training part: new tables may lack the column.
    has_offset: whether all have an offset from UTC, or none (but UTC); by default unknown.
    """

    mean: float | None = None
    std: float | None = None
    pattern: str | None = None
    fill: float | None = None
    optional: bool = False
    has_offset: bool | None = None
    kind: ClassVar[str] = "timestamp"

    def __post_init__(self) -> None:
        for value in (self.mean, self.std, self.fill):
            if value is not None and not math.isfinite(value):
                raise DataError(
                    f"timestamp: mean, std and fill must be finite, got {value}; pass finite ones"
                )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return a timestamp, int64, (); without a time zone it is in UTC. Raises DataError.

        source: text, `datetime`, `date`, or whole seconds since 1970; None, "", "NA", "?" and the
            like are missing, and become `fill` if there is one.
        """
        import torch

        return torch.tensor(self.seconds(source), dtype=torch.long)

    def seconds(self, source: object) -> int:
        """Return a timestamp as whole seconds since 1970. Raises DataError."""
        if self.fill is not None and is_missing(source):
            return math.floor(self.fill)
        return self.micros(source) // SECOND

    def micros(self, source: object) -> int:
        """Return a timestamp as microseconds since 1970. Raises DataError."""
        original = source
        if isinstance(source, float) and source.is_integer():
            source = int(source)
        if type(source) is int and self.pattern is None:
            return source * SECOND
        if isinstance(source, datetime | date):
            source = source.isoformat()
        elif type(source) in (int, float):
            source = str(source)
        if not isinstance(source, str):
            raise self._format_error(original)
        parsed = parse_timestamp(source, self.pattern) or (parse_timestamp(source, None) if (
            self.pattern is not None and "-" in source) else None)  # fmt: skip
        if parsed is None:
            raise self._format_error(original)
        if self.has_offset is not None and self.has_offset != parsed.has_offset and (
            self.has_offset or not parsed.is_utc
        ):  # fmt: skip
            raise self._format_error(original, has_offset=self.has_offset)
        return parsed.micros

    def restore(self, value: "torch.Tensor") -> str:
        """Return a timestamp in ISO 8601, UTC."""
        timestamp = datetime.fromtimestamp(int(value), UTC).replace(tzinfo=None)
        return timestamp.isoformat(sep=" ")

    def form(self) -> dict[str, Any]:
        """Return the input of a form: date and time."""
        return {"input": "datetime-local"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values, without defaults."""
        value = {"mean": self.mean, "std": self.std, "pattern": self.pattern}
        value |= {
            "fill": self.fill,
            "optional": self.optional or None,
            "has_offset": self.has_offset,
        }
        return {"kind": self.kind} | {
            name: item for name, item in value.items() if item is not None
        }

    def _format_error(self, source: object, *, has_offset: bool | None = None) -> DataError:
        pattern = (self.pattern or "").replace("%B", "%b")
        expected = f"a moment written as {pattern}" if pattern else (
            "a moment such as 2024-03-01 or 2024-03-01 17:30:00"
        )  # fmt: skip
        if has_offset is not None:
            expected = (
                f"a moment with{'' if has_offset else 'out'} its offset from UTC, as in training"
            )
        return DataError(f"timestamp: expected {expected}, got {short_repr(source)}; write it so")
