"""The dialect of a delimited table: what stands between its cells, and round them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

DELIMITERS = ("\t", ";", "|", ",", "^", "~", "\x1f", "\x01")  # of several that fit, the first
LINES = 200  # by which a dialect is guessed
_SEP = re.compile(rb'"?sep=(\\t|[^\n])"?[;,\t]*\n', re.IGNORECASE)
_TITLES = 30  # rows above or below a table at most
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)


def told_delimiter(raw: bytes) -> tuple[bytes, str | None]:
    """Return a table without the line that spreadsheets write first, "sep=;", and what it says."""
    found = _SEP.match(raw)
    if found is None:
        return raw, None
    sign = found[1].decode(errors="replace")
    return raw[found.end() :], "\t" if sign == "\\t" else sign


def delimiter_of(head: str, told: str | None) -> tuple[str, int]:
    """Return the delimiter by which most rows have equally many fields, and how many.

    head: the first lines. Of several it is one by which fewest rows at the top have one field, and
    the first of the others, that of the names, has as many as most. " " is any number of blanks.
    """
    found: list[tuple[float, int, bool, int, str]] = []
    padded = 2 * len(re.findall(r"[;|,]\t", head)) > head.count("\t")  # such tabs are blanks
    signs = DELIMITERS[1:] if padded else DELIMITERS
    for delimiter in signs if told is None else (told,):
        widths = [len(row) for row in rows_of(head, delimiter, LINES) if any(map(str.strip, row))]
        inner = _without_titles(widths)
        width, count = max(Counter(inner).items(), key=lambda item: item[::-1], default=(1, 0))
        if inner and (width > 1 or told is not None):
            share, alone = round(count / len(inner), 1), len(inner) - len(widths)
            found.append((share, alone, inner[0] == width, width, delimiter))
    blanks = 0 if told is not None else _blanks(head)
    if found:
        best = max(found, key=lambda one: one[:3])
        if not blanks or (best[0] > 0.5 and not (best[4] == "," and _are_decimals(head))):
            return best[4], best[3]
    return (" ", blanks) if blanks else (",", 1)


def _without_titles(widths: Sequence[int]) -> Sequence[int]:
    """Return the widths of rows without those of one cell above and below the others, if few."""
    wide = [at for at, width in enumerate(widths) if width > 1]
    if not wide:
        return widths
    inner = widths[wide[0] : wide[-1] + 1]
    lost = len(widths) - len(inner)
    return inner if lost <= min(_TITLES, 3 * len(inner)) else widths


def _blanks(head: str) -> int:
    """Return how many fields each line has between blanks; 0 where that is no table."""
    text = "\n".join(line.strip() for line in head.split("\n")[:LINES] if line.strip())
    lines = list(csv.reader(_lines(text), delimiter=" ", skipinitialspace=True))
    first, rest = lines[:1], lines[1:] or lines
    width = len(rest[0]) if rest else 0
    ended = sum(any(cell.endswith((",", ";", "|")) for cell in line) for line in lines)
    if width < 2 or any(len(line) != width for line in rest) or 2 * ended > len(lines):
        return 0
    numbers = [all(_NUMBER.fullmatch(line[at]) for line in rest) for at in range(width)]
    return width if len(first[0]) in (width, width - 1) and any(numbers) else 0


def _are_decimals(head: str) -> bool:
    """Tell whether commas stand within numbers alone, which blanks part."""
    lines = [line.split() for line in head.split("\n")[1:LINES] if line.strip()]
    return all(re.fullmatch(r"[+-]?\d+(,\d+)?", cell) for line in lines for cell in line)


def plain(raw: bytes, delimiter: str) -> tuple[bytes, str]:
    r"""Return a table with one delimiter between its cells, and quotation marks doubled in them.

    It may have blanks behind the delimiters, also before quotation marks, \" within cells, or any
    number of blanks in place of a delimiter.
    """
    if delimiter == " ":
        text = "\n".join(line.strip() for line in raw.decode().split("\n"))
        return _rewritten(csv.reader(_lines(text), delimiter=" ", skipinitialspace=True)), ","
    sign = delimiter.encode()
    if sign != b"\t":
        raw = re.sub(re.escape(sign) + rb'[ \t]*\t[ \t]*(?=")', sign + b" ", raw)
    spaced = re.search(re.escape(sign) + rb' +"', raw) is not None
    slashed = b'\\"' in raw or b"\\" + sign in raw
    forms = [(spaced, False), *([(spaced, True)] if slashed else [])]
    forms += [(False, False)] if spaced else []
    if len(forms) == 1:
        return raw, delimiter
    text = raw.decode()
    if slashed and re.search(r'\\[^\\"]', text.replace("\\\\", "")):
        text = re.sub(r'\\(?!["' + re.escape(delimiter) + "])", r"\\\\", text)
    within = re.search(rb'\\"(?!' + re.escape(sign) + rb"|[\r\n]|$)", raw) is not None
    best = max(  # of equals the one that takes a \" within a cell for escaped, or else the first
        forms, key=lambda form: (*_fit(text, delimiter, form), form[1] == within)
    )
    if best == (False, False):
        return raw, delimiter
    return _rewritten(_reader(text if best[1] else raw.decode(), delimiter, best)), ","


def _fit(text: str, delimiter: str, form: tuple[bool, bool]) -> tuple[bool, float]:
    """Return whether all of a table can be read so, and the share of rows that are equally wide.

    form: whether blanks behind delimiters are left out, and whether quotation marks are escaped.
    """
    widths: Counter[int] = Counter()
    try:
        for row in _reader(text, delimiter, form, strict=True):
            widths[len(row)] += 1
    except csv.Error:
        return False, 0.0
    return True, max(widths.values(), default=0) / max(widths.total(), 1)


def _reader(
    text: str, delimiter: str, form: tuple[bool, bool], *, strict: bool = False
) -> Iterator[list[str]]:
    return csv.reader(
        _lines(text), delimiter=delimiter, skipinitialspace=form[0], strict=strict,
        escapechar="\\" if form[1] else None,
    )  # fmt: skip


def _rewritten(rows: Iterator[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _lines(text: str) -> io.StringIO:
    csv.field_size_limit(1 << 27)
    return io.StringIO(text, newline="")


def rows_of(text: str, delimiter: str, most: int) -> list[list[str]]:
    """Return the first rows of a text, blank ones too."""
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(found) == most:
                break
            found.append(row)
    except csv.Error:
        pass  # a field without end: what came before it must do
    return found


def offset_of(raw: bytes, head: str, delimiter: str, rows: int) -> int:
    """Return where the bytes of a table begin behind so many rows, blank ones counted."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    for _ in range(rows):
        next(reader, None)
    end = 0
    for _ in range(reader.line_num):
        end = raw.find(b"\n", end) + 1 or len(raw)
    return end
