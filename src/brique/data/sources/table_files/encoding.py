"""Text files converted to UTF-8 with line feeds."""

import re

from brique.data.files.place import Place
from brique.data.finding import Finding
from brique.errors import DataError

_SAMPLE = 1 << 16  # bytes to detect UTF-16 without a byte order mark
_MAX_ITEMS = 1000  # lines that a finding lists
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip


def as_utf8(raw: bytes, file: Place) -> tuple[bytes, list[Finding]]:
    """Return a text as UTF-8 with line feeds, and findings.

    Raises DataError if it holds NUL bytes.
    """
    encoding = _wide_encoding(raw)
    if encoding is not None:
        raw = raw.decode(encoding, errors="replace").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if (position := raw.find(b"\0")) >= 0:
        line = raw.count(b"\n", 0, position) + 1
        raise DataError(
            f"{file.name}: expected a table of text, got NUL bytes, the first in line {line}; save"
            " it as CSV in UTF-8"
        )
    try:
        raw.decode()
    except UnicodeDecodeError:
        return _repair(raw, file)
    if encoding is not None and b"\xef\xbf\xbd" in raw:
        return raw, [
            _encoding_finding(raw.decode(), file, encoding.upper(), "invalid bytes become \ufffd")
        ]
    return raw, []


def _wide_encoding(raw: bytes) -> str | None:
    """Return the encoding of a text with two or four bytes per character, or None."""
    for mark, name in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return name
    sample = raw[:_SAMPLE]
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = sample[first::2].count(0), sample[1 - first :: 2].count(0)
        if zeros > 0.4 * len(sample[first::2]) and not others and not len(raw) % 2:
            return name
    return None


def _repair(raw: bytes, file: Place) -> tuple[bytes, list[Finding]]:
    """Return invalid UTF-8 as UTF-8: with bytes replaced, or all read as Windows-1252."""
    text = raw.decode(errors="replace")
    broken = text.count("\ufffd")
    if broken <= sum(map(len, re.findall(r"[^\x00-\x7f]+", text))) / 2:
        consequence = "invalid bytes become \ufffd"
        return text.encode(), [_encoding_finding(text, file, "UTF-8", consequence)]
    consequence = "the file is read as Windows-1252: letters with accents may be wrong"
    bad_lines = [i for i, line in enumerate(raw.split(b"\n"), 1) if not line.isascii()]
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.encode(), [_encoding_finding(text, file, "UTF-8", consequence, bad_lines)]


def _encoding_finding(
    text: str, file: Place, encoding: str, consequence: str, bad_lines: list[int] | None = None
) -> Finding:
    lines = text.split("\n")
    if bad_lines is None:
        bad_lines = [i for i, line in enumerate(lines, 1) if "\ufffd" in line]
    items = tuple((f"line {line}", lines[line - 1][:60]) for line in bad_lines[:_MAX_ITEMS])
    count = "1 line" if len(bad_lines) == 1 else f"{len(bad_lines):,} lines"
    reason = f"{file.name} is not {encoding} in {count}, the first {bad_lines[0]:,}; {consequence}."
    return Finding(
        "encoding", "warning", None, items, len(bad_lines), reason, "Save the file as UTF-8."
    )
