"""What is told on stdout and stderr, and texts of files as terminals and CSV can take them.

Who cannot be told, because an output is full or closed, is told no more, and the work goes on.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

_SIGNS = "\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"  # lines, directions, halves of signs
_CONTROL = re.compile(f"[\x00-\x1f\x7f-\x9f{_SIGNS}]")
_NO_CELL = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_SIGNS}]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONGEST = 3000  # letters of a sentence
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain(text: object) -> str:
    r"""Return a text as one line that no terminal obeys: what is no letter is spelled out.

    >>> print(plain("cat\x1b[2J\n"))
    cat\x1b[2J\n
    """
    return _CONTROL.sub(_spelled, str(text))


def cell(value: object) -> object:
    """Return a value as a cell of CSV: a text that is taken for a formula gets a ' before it.

    Numbers stay as they are, also those that are spelled out; so do line breaks within a text.

    >>> cell("=1+1"), cell(-1.5), cell("-1.5"), cell("-a")
    ("'=1+1", -1.5, '-1.5', "'-a")
    """
    if not isinstance(value, str):
        return value
    text = _NO_CELL.sub(_spelled, value)
    is_formula = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def say(*lines: object) -> None:
    """Print lines on stdout."""
    for line in lines:
        print(plain(line))


def tell(sentence: object) -> None:
    """Print one line on stderr, which begins with the name of the program.

    Of one that is very long, as a name in it may be, the middle is left out.
    """
    line = plain(str(sentence).replace("\n", " "))
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"
    Guarded(sys.stderr).write(f"brique: {line}\n")


class Guarded:
    """An output that takes no more once it has failed, and complains to nobody.

    lost: why it takes no more.
    """

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - TextIO, one of these, or None
        self._stream: TextIO | None = stream
        self.lost: Exception | None = None

    def write(self, text: str) -> int:
        """Write a text, or nothing."""
        if self._stream is None and text:
            self.lost = self.lost or OSError(0, "it is closed")
        if self.lost is None and self._stream is not None:
            try:
                self._put(text)
            except (OSError, ValueError) as error:  # ValueError: it was closed
                self.lost = error
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, or nothing."""
        if self.lost is None and self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self.lost = error

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it was closed
            return False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of a stream
        """Return what the stream itself has."""
        return getattr(self._stream, name)

    def _put(self, text: str) -> None:
        assert self._stream is not None
        try:
            self._stream.write(text)
        except UnicodeEncodeError as error:
            coded = text.encode(error.encoding, "backslashreplace")
            self._stream.write(coded.decode(error.encoding))

    def silence(self) -> None:
        """Let Python, which writes the rest at its end, not complain either."""
        with suppress(OSError, ValueError, AttributeError):
            assert self._stream is not None
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


@contextmanager
def guarded() -> Iterator[tuple[Guarded, Guarded]]:
    """Guard stdout and stderr of this process for a while; yields both."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # one that is closed would be given to the next file that is opened
    os.close(handle)
    before = sys.stdout, sys.stderr
    out, err = Guarded(before[0]), Guarded(before[1])
    sys.stdout, sys.stderr = out, err  # type: ignore[assignment]
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = before


def told(work: Callable[[], int], *, is_shown: bool) -> int:
    """Do work and return its exit code: 1 instead of 0 where it could not be told.

    is_shown: all that it does is to show something; then a reader who leaves is no error: 141.
    """
    with guarded() as (out, err):
        code = work()
        out.flush()
        err.flush()
        if out.lost is not None and not (is_shown and isinstance(out.lost, BrokenPipeError)):
            reason = getattr(out.lost, "strerror", None) or str(out.lost)
            tell(f"stdout could not be written ({reason}); all else is done.")
        is_left = is_shown and isinstance(out.lost or err.lost, BrokenPipeError)
    for one in (out, err):
        if one.lost is not None:
            one.silence()
    if out.lost is None and err.lost is None:
        return code
    return code or (141 if is_left else 1)


def _spelled(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
