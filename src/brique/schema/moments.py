"""Fields of time: moments."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from brique.errors import DataError
from brique.schema.kinds import is_absent
from brique.schema.words import short

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Moment:
    """A moment, in whole seconds since 1970-01-01 UTC.

    mean, spread: in seconds, fitted on the training part.
    pattern: how it is written, in the marks of `datetime.strptime`; by default as ISO 8601.
    fill: what a missing moment is taken for: the median of the training part.
    optional: whether moments were missing where it was fitted: a table that is asked may lack the
        column.
    """

    mean: float | None = None
    spread: float | None = None
    pattern: str | None = None
    fill: float | None = None
    optional: bool = False
    kind: ClassVar[str] = "moment"

    def __post_init__(self) -> None:
        for value in (self.mean, self.spread, self.fill):
            if value is not None and not math.isfinite(value):
                raise DataError(
                    f"moment: mean, spread and fill must be finite, got {value}; pass such"
                )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return a moment, int64, (). A moment without a zone is taken for UTC. Raises DataError.

        source: text, `datetime`, `date`, or whole seconds since 1970; None, "", "NA", "?" and the
            like are missing, and become `fill` where there is one.
        """
        import torch

        return torch.tensor(self.seconds(source), dtype=torch.long)

    def seconds(self, source: object) -> int:
        """Return a moment as whole seconds since 1970. Raises DataError when it is none."""
        if self.fill is not None and is_absent(source):
            return math.floor(self.fill)
        try:
            if isinstance(source, str):
                text = source.strip()
                pattern = self.pattern
                source = (
                    datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)
                )
            if isinstance(source, datetime):
                aware = source if source.tzinfo else source.replace(tzinfo=UTC)
                return math.floor(aware.timestamp())
            if isinstance(source, date):
                return math.floor(
                    datetime(source.year, source.month, source.day, tzinfo=UTC).timestamp()
                )
            if isinstance(source, int):
                return source
        except (ValueError, OverflowError) as error:
            raise self._strange(source) from error
        raise self._strange(source)

    def restore(self, value: "torch.Tensor") -> str:
        """Return a moment as ISO 8601 writes it, UTC."""
        moment = datetime.fromtimestamp(int(value), UTC).replace(tzinfo=None)
        return moment.isoformat(sep=" ")

    def form(self) -> dict[str, Any]:
        """Return what a form asks for: date and time."""
        return {"input": "datetime-local"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values; what is at its default is left out."""
        value = {"mean": self.mean, "spread": self.spread, "pattern": self.pattern}
        value |= {"fill": self.fill, "optional": self.optional or None}
        return {"kind": self.kind} | {k: item for k, item in value.items() if item is not None}

    def _strange(self, source: object) -> DataError:
        wanted = f"a moment written as {self.pattern}" if self.pattern else (
            "a moment such as 2024-03-01 or 2024-03-01 17:30:00"
        )  # fmt: skip
        return DataError(f"moment: expected {wanted}, got {short(source)}; write it so")
