"""Signals: sounds and other sequences of numbers."""

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from brique.errors import DataError
from brique.schema.messages import short_repr
from brique.schema.wav import check_finite, is_wav, pcm_to_float, read_wav, resample

if TYPE_CHECKING:
    import numpy as np
    import torch

_MAX_BYTES = 1 << 30  # bytes of one file, uncompressed


@dataclass(frozen=True)
class Signal:
    """Numbers of C channels at regular time steps, a field of varying length.

    channels: C.
    rate: time steps per second, or None if time has no unit.
    names: of the channels, or none.
    mean, std: per channel, fitted on the training part.
    """

    channels: int
    rate: float | None = None
    names: tuple[str, ...] = ()
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
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

        source: path, bytes or open file of a WAV file (resampled to `rate`), or of a CSV file with
            one line per time step; array (T,) or (T, C) of numbers; or (array, its rate). With a
            `rate`, integers of 16 or 32 bits are divided by their full scale. Several channels of
            a sound are averaged into one; one is repeated for several.
        Raises DataError if it is none of these.
        """
        import numpy as np
        import torch

        content, name = _read_content(source)
        if content is not None and (self.rate is not None or is_wav(content)):
            sound = read_wav(content, name)
            values, rate, where = sound.samples, float(sound.rate), f"sound {name}"
        elif content is not None:
            values, rate = read_channels(content, name).select(self), None
            where = f"signal {name}"
        else:
            (values, rate), where = _to_array(source), "signal"
            if self.rate is not None and values.dtype in (np.int16, np.int32):
                values = pcm_to_float(values)
        with np.errstate(over="ignore"):  # values beyond float32 become infinite
            values = self._match_channels(values, where).astype(
                np.float32, order="C", copy=content is None
            )
        check_finite(values, where)
        if rate is not None and self.rate is not None:
            values = resample(values, rate, self.rate)
        return torch.from_numpy(values)  # pyright: ignore[reportUnknownMemberType]

    def restore(self, value: "torch.Tensor") -> list[list[float]]:
        """Return a signal (T, C) as lists of C numbers."""
        return value.tolist()

    def form(self) -> dict[str, Any]:
        """Return the input of a form: a file of a sound or table."""
        return {"input": "file", "accept": "audio/wav" if self.rate else "text/csv"}

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON values, without defaults."""
        value: dict[str, Any] = {"kind": self.kind, "channels": self.channels}
        value |= {} if self.rate is None else {"rate": self.rate}
        for name in ("names", "mean", "std"):
            items = getattr(self, name)  # fixed names
            value |= {name: list(items)} if items else {}
        return value

    def _match_channels(self, values: "np.ndarray[Any, Any]", where: str) -> "np.ndarray[Any, Any]":
        """Return a signal with the field's channels. Raises DataError."""
        import numpy as np

        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or not len(values):
            raise DataError(
                f"{where}: expected numbers of shape (moments, channels), got {values.shape}; pass"
                " one row for each moment"
            )
        actual = values.shape[1]
        if actual == self.channels:
            return values
        if self.rate is not None and self.channels == 1 and actual:
            return values.mean(1, keepdims=True, dtype=np.float32)
        if self.rate is not None and actual == 1:
            return values.repeat(self.channels, axis=1)
        name_list = f" ({', '.join(self.names)})" if self.names else ""
        raise DataError(
            f"{where}: expected {self.channels} channels{name_list}, got {actual}; pass a number of"
            " each"
            " at every moment"
        )


@dataclass(frozen=True)
class ChannelTable:
    """The columns of a table of numbers.

    values: (T, C), float64. names: of the columns, or none. where: for messages.
    """

    values: "np.ndarray[Any, Any]"
    names: tuple[str, ...]
    where: str

    def select(self, kind: Signal) -> "np.ndarray[Any, Any]":
        """Return the columns of a field, in its order. Raises DataError."""
        if not kind.names or not self.names or self.names == kind.names:
            return self.values
        missing = [name for name in kind.names if name not in self.names]
        if missing:
            raise DataError(
                f"{self.where}: expected the columns {', '.join(kind.names)}, got"
                f" {', '.join(self.names)}; add {', '.join(missing)}"
            )
        return self.values[:, [self.names.index(name) for name in kind.names]]


def read_channels(content: bytes, name: str) -> ChannelTable:
    """Return the columns of a table of numbers: CSV, with or without a header.

    Raises DataError, with line and column, if it is not a table of numbers.
    """
    import numpy as np

    where = f"signal {name}"
    text = content.decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    delimiter = next((delimiter for delimiter in ",;\t" if lines and delimiter in lines[0]), ",")
    header = (
        [cell.strip().strip('"') for cell in lines[0].lstrip("#").split(delimiter)] if lines else []
    )
    has_header = bool(header) and not all(_is_number(cell) for cell in header)
    rows = lines[has_header:]
    if not rows:
        raise DataError(f"{where}: holds no line of numbers; fetch it again, or remove it")
    try:
        values = np.loadtxt(rows, delimiter=delimiter, ndmin=2, comments=None, quotechar='"')
    except ValueError as error:
        raise _cell_error(rows, delimiter, where, int(has_header)) from error
    if has_header and len(header) != values.shape[1]:
        raise DataError(
            f"{where}: its first line has {len(header)} names, the others {values.shape[1]}"
            " numbers; name each column"
        )
    return ChannelTable(values, tuple(header) if has_header else (), where)


def _cell_error(rows: list[str], delimiter: str, where: str, header_lines: int) -> DataError:
    """Return the error for the first line with another count of numbers than the line before."""
    width = len(rows[0].split(delimiter))
    for line, row in enumerate(rows, 1 + header_lines):
        cells = [cell.strip().strip('"') for cell in row.split(delimiter)]
        if len(cells) != width:
            return DataError(
                f"{where}: line {line}: expected {width} numbers, got {len(cells)}; mend the line"
            )
        for column, cell in enumerate(cells, 1):
            if not _is_number(cell):
                return DataError(
                    f"{where}: line {line}, column {column}: expected a number, got"
                    f" {short_repr(cell)}; mend it, or remove the file"
                )
    return DataError(f"{where}: expected a table of numbers; save it as CSV")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_content(source: object) -> tuple[bytes | None, str]:
    """Return the content and name of a file, or None if it is not a file. Raises DataError."""
    source = Path(source) if isinstance(source, str) else source
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), "of bytes"
    file = cast("Any", source)
    name = str(getattr(source, "name", None) or "of an open file")
    try:
        if isinstance(source, Path) and source.stat().st_size > _MAX_BYTES:
            raise DataError(f"signal {source}: has more than 1 GiB; cut it into pieces")
        if hasattr(source, "read_bytes"):
            return _decompress(file.read_bytes(), name), str(source)
        if hasattr(source, "read"):
            return _decompress(file.read(), name), name
    except (OSError, EOFError, zlib.error, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise DataError(
            f"signal {source}: cannot be read ({reason}); check the path, or replace it"
        ) from error
    return None, ""


def _decompress(content: bytes, name: str) -> bytes:
    """Return the content of a file, uncompressed if its name ends in .gz."""
    if not name.casefold().endswith(".gz"):
        return content
    import io

    with gzip.open(io.BytesIO(content)) as file:
        unpacked = file.read(_MAX_BYTES + 1)
    if len(unpacked) > _MAX_BYTES:
        raise DataError(f"signal {name}: unpacks to more than 1 GiB; cut it into pieces")
    return unpacked


def _to_array(source: object) -> "tuple[np.ndarray[Any, Any], float | None]":
    """Return an array and its rate, if given. Raises DataError."""
    import numpy as np

    rate = None
    if isinstance(source, tuple):
        pair = cast("tuple[Any, ...]", source)
        if len(pair) == 2 and hasattr(pair[0], "__len__") and isinstance(pair[1], int | float):
            source, rate = pair[0], float(pair[1])
            if not (rate > 0 and math.isfinite(rate)):
                raise DataError(f"signal: rate must be above 0, got {rate}; pass moments a second")
    try:
        values = np.asarray(source.detach().cpu() if hasattr(source, "detach") else source)  # pyright: ignore
    except (TypeError, ValueError) as error:
        raise DataError(_expected_message(source)) from error
    if values.dtype.kind not in "iufb":
        raise DataError(_expected_message(source))
    return values if values.dtype.kind in "if" else values.astype(np.float32), rate


def _expected_message(source: object) -> str:
    return (
        "signal: expected a WAV or CSV file, or numbers (moments, channels), got"
        f" {short_repr(source)}; pass one of them"
    )
