"""Output to stdout and stderr, and escaping of texts for terminals and CSV.

When an output is full or closed, brique stops writing to it, and the work goes on.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_INVISIBLE = (
    "\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"  # lines, directions, halves of signs
)
_CONTROL_CHARACTER = re.compile(f"[\x00-\x1f\x7f-\x9f{_INVISIBLE}]")
_NOT_IN_CELL = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_INVISIBLE}]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MAX_LENGTH = 3000  # letters of a sentence
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def escape(text: object) -> str:
    r"""Return a text as one line that is safe in a terminal: control characters are escaped.

    >>> print(escape("cat\x1b[2J\n"))
    cat\x1b[2J\n
    """
    return _CONTROL_CHARACTER.sub(_escape_match, str(text))


def csv_cell(value: object) -> object:
    """Return a value as a cell of CSV, with a ' before a text that looks like a formula.

    Numbers stay as they are, also as texts; so do line breaks within a text.

    >>> csv_cell("=1+1"), csv_cell(-1.5), csv_cell("-1.5"), csv_cell("-a")
    ("'=1+1", -1.5, '-1.5', "'-a")
    """
    if not isinstance(value, str):
        return value
    text = _NOT_IN_CELL.sub(_escape_match, value)
    is_formula = text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def echo(*lines: object) -> None:
    """Print lines on stdout."""
    for line in lines:
        print(escape(line))


def notify(message: object) -> None:
    """Print one line on stderr, after the name of the program; a very long one is shortened."""
    line = escape(str(message).replace("\n", " "))
    if len(line) > _MAX_LENGTH:
        line = f"{line[: _MAX_LENGTH // 2]} ... {line[-_MAX_LENGTH // 2 :]}"
    GuardedStream(sys.stderr).write(f"brique: {line}\n")


class GuardedStream:
    """An output that stops writing silently after its first error.

    error: that error, or None.
    """

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - TextIO, one of these, or None
        self._stream: TextIO | None = stream
        self.error: Exception | None = None

    def write(self, text: str) -> int:
        """Write a text, unless the output has failed."""
        if self._stream is None and text:
            self.error = self.error or OSError(0, "it is closed")
        if self.error is None and self._stream is not None:
            try:
                self._write(text)
            except (OSError, ValueError) as error:  # ValueError: it was closed
                self.error = error
        return len(text)

    def flush(self) -> None:
        """Flush the output, unless it has failed."""
        if self.error is None and self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self.error = error

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it was closed
            return False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of a stream
        """Return an attribute of the stream."""
        return getattr(self._stream, name)

    def _write(self, text: str) -> None:
        assert self._stream is not None
        try:
            self._stream.write(text)
        except UnicodeEncodeError as error:
            encoded = text.encode(error.encoding, "backslashreplace")
            self._stream.write(encoded.decode(error.encoding))

    def silence(self) -> None:
        """Redirect the output to the null device, so that Python's last flush does not fail."""
        with suppress(OSError, ValueError, AttributeError):
            assert self._stream is not None
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


@contextmanager
def guarded_streams() -> Iterator[tuple[GuardedStream, GuardedStream]]:
    """Guard stdout and stderr of this process for a while; yields both."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # the next open file would get the descriptor of a closed stream
    os.close(descriptor)
    previous = sys.stdout, sys.stderr
    out, err = GuardedStream(previous[0]), GuardedStream(previous[1])
    sys.stdout, sys.stderr = out, err  # type: ignore[assignment]
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = previous


def run_command(command: Callable[[], int], *, only_prints: bool) -> int:
    """Run a command and return its exit code: 1 instead of 0 if its output could not be written.

    only_prints: the command has no other effect; a closed pipe is then no error: 141.
    """
    with guarded_streams() as (out, err):
        code = command()
        out.flush()
        err.flush()
        if out.error is not None and not (only_prints and isinstance(out.error, BrokenPipeError)):
            reason = getattr(out.error, "strerror", None) or str(out.error)
            notify(f"stdout could not be written ({reason}); all else is done.")
        is_broken_pipe = only_prints and isinstance(out.error or err.error, BrokenPipeError)
    for stream in (out, err):
        if stream.error is not None:
            stream.silence()
    if out.error is None and err.error is None:
        return code
    return code or (141 if is_broken_pipe else 1)


def _escape_match(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]
