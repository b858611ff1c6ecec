"""Fields of numbers in time: sounds and series."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brique.errors import DataError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Signal:
    """Numbers of C channels at even moments, a field of varying length.

    channels: C.
    rate: moments a second, or None where time has no unit.
    names: of the channels, or none.
    mean, spread: per channel, fitted on the training part; spread is the standard deviation.
    """

    channels: int
    rate: float | None = None
    names: tuple[str, ...] = ()
    mean: tuple[float, ...] | None = None
    spread: tuple[float, ...] | None = None
    kind: ClassVar[str] = "signal"

    def __post_init__(self) -> None:
        if type(self.channels) is not int or self.channels < 1:
            raise DataError(
                f"signal: channels must be 1 or more, got {self.channels}; pass how many"
            )
        if self.rate is not None and not (self.rate > 0 and math.isfinite(self.rate)):
            raise DataError(f"signal: rate must be above 0, got {self.rate}; pass moments a second")
        if self.names and len(self.names) != self.channels:
            raise DataError(
                f"signal: expected {self.channels} names, got {len(self.names)}; name each channel"
            )

    def prepare(self, source: object) -> "torch.Tensor":
        """Return one signal (T, C), float32.

        source: path of a WAV file (brought to `rate`), or array (T,) or (T, C).
        Raises DataError when it is none.
        """
        raise NotImplementedError(source)

    def restore(self, value: "torch.Tensor") -> list[list[float]]:
        """Return a signal (T, C) as lists of C numbers."""
        return value.tolist()

    def form(self) -> dict[str, Any]:
        """Return what a form asks for: a sound's file, or a table's."""
        return {"input": "file", "accept": "audio/wav" if self.rate else "text/csv"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values; what is at its default is left out."""
        value: dict[str, Any] = {"kind": self.kind, "channels": self.channels}
        value |= {} if self.rate is None else {"rate": self.rate}
        for name in ("names", "mean", "spread"):
            given = getattr(self, name)  # fixed names
            value |= {name: list(given)} if given else {}
        return value
