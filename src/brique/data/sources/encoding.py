"""The letters of a text file: as UTF-8, its lines ended by line feeds."""

import re

from brique.data.finding import Finding
from brique.data.place import Place
from brique.errors import DataError

_SAMPLE = 1 << 16  # bytes by which UTF-16 without a mark is known
_MANY = 1000  # lines of broken letters that are named
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip


def as_utf8(raw: bytes, file: Place) -> tuple[bytes, list[Finding]]:
    """Return a text as UTF-8, its lines ended by line feeds, and what is odd about it.

    Raises DataError where it holds NUL bytes, as no text does.
    """
    wide = _wide(raw)
    if wide is not None:
        raw = raw.decode(wide, errors="replace").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if (at := raw.find(b"\0")) >= 0:
        line = raw.count(b"\n", 0, at) + 1
        raise DataError(
            f"{file.name}: expected a table of text, got NUL bytes, the first in line {line}; save"
            " it as CSV in UTF-8"
        )
    try:
        raw.decode()
    except UnicodeDecodeError:
        return _mended(raw, file)
    if wide is not None and b"\xef\xbf\xbd" in raw:
        return raw, [_broken(raw.decode(), file, wide.upper(), "what is broken is shown as \ufffd")]
    return raw, []


def _wide(raw: bytes) -> str | None:
    """Return the encoding of a text whose letters take two or four bytes."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    sample = raw[:_SAMPLE]
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = sample[first::2].count(0), sample[1 - first :: 2].count(0)
        if zeros > 0.4 * len(sample[first::2]) and not others and not len(raw) % 2:
            return name
    return None


def _mended(raw: bytes, file: Place) -> tuple[bytes, list[Finding]]:
    """Return what is not UTF-8 as UTF-8: single bytes replaced, or all read as Windows-1252."""
    text = raw.decode(errors="replace")
    broken = text.count("\ufffd")
    if broken <= sum(map(len, re.findall(r"[^\x00-\x7f]+", text))) / 2:
        how = "what is broken is shown as \ufffd"
        return text.encode(), [_broken(text, file, "UTF-8", how)]
    how = "the file is read as Windows-1252: letters with accents may be wrong"
    lost = [i for i, line in enumerate(raw.split(b"\n"), 1) if not line.isascii()]
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.encode(), [_broken(text, file, "UTF-8", how, lost)]


def _broken(
    text: str, file: Place, encoding: str, how: str, lost: list[int] | None = None
) -> Finding:
    shown = text.split("\n")
    if lost is None:
        lost = [i for i, line in enumerate(shown, 1) if "\ufffd" in line]
    items = tuple((f"line {line}", shown[line - 1][:60]) for line in lost[:_MANY])
    count = "1 line" if len(lost) == 1 else f"{len(lost):,} lines"
    reason = f"{file.name} is not {encoding} in {count}, the first {lost[0]:,}; {how}."
    return Finding("encoding", "warning", None, items, len(lost), reason, "Save the file as UTF-8.")
