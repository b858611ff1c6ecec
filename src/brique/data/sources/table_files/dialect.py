"""The dialect of a delimited table: its delimiter and quoting."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

DELIMITERS = ("\t", ";", "|", ",", "^", "~", "\x1f", "\x01")  # in order of preference
MAX_LINES = 200  # lines to guess a dialect from
_SEP = re.compile(rb'"?sep=(\\t|[^\n])"?[;,\t]*\n', re.IGNORECASE)
_MAX_TITLES = 30  # rows above or below a table at most
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)


def split_sep_line(raw: bytes) -> tuple[bytes, str | None]:
    """Return a table without its first line "sep=;", and that delimiter or None."""
    match = _SEP.match(raw)
    if match is None:
        return raw, None
    delimiter = match[1].decode(errors="replace")
    return raw[match.end() :], "\t" if delimiter == "\\t" else delimiter


def detect_delimiter(head: str, declared: str | None) -> tuple[str, int]:
    """Return the delimiter that gives most rows equally many fields, and their number.

    head: the first lines. Prefers delimiters that leave few top rows with one field, and
    a header as wide as most rows. " " is any number of blanks.
    """
    candidates: list[tuple[float, int, bool, int, str]] = []
    is_padded = 2 * len(re.findall(r"[;|,]\t", head)) > head.count("\t")  # these tabs are padding
    delimiters = DELIMITERS[1:] if is_padded else DELIMITERS
    for delimiter in delimiters if declared is None else (declared,):
        widths = [
            len(row) for row in first_rows(head, delimiter, MAX_LINES) if any(map(str.strip, row))
        ]
        inner = _strip_titles(widths)
        width, count = max(Counter(inner).items(), key=lambda item: item[::-1], default=(1, 0))
        if inner and (width > 1 or declared is not None):
            share, minus_titles = round(count / len(inner), 1), len(inner) - len(widths)
            candidates.append((share, minus_titles, inner[0] == width, width, delimiter))
    blank_width = 0 if declared is not None else _blank_width(head)
    if candidates:
        best = max(candidates, key=lambda candidate: candidate[:3])
        if not blank_width or (best[0] > 0.5 and not (best[4] == "," and _are_decimals(head))):
            return best[4], best[3]
    return (" ", blank_width) if blank_width else (",", 1)


def _strip_titles(widths: Sequence[int]) -> Sequence[int]:
    """Return the widths of rows without a few rows of one cell at the top and bottom."""
    wide = [index for index, width in enumerate(widths) if width > 1]
    if not wide:
        return widths
    inner = widths[wide[0] : wide[-1] + 1]
    num_titles = len(widths) - len(inner)
    return inner if num_titles <= min(_MAX_TITLES, 3 * len(inner)) else widths


def _blank_width(head: str) -> int:
    """Return how many fields lines have between blanks; 0 if that is not a table."""
    text = "\n".join(line.strip() for line in head.split("\n")[:MAX_LINES] if line.strip())
    lines = list(csv.reader(_lines(text), delimiter=" ", skipinitialspace=True))
    first, body = lines[:1], lines[1:] or lines
    width = len(body[0]) if body else 0
    num_ended = sum(any(cell.endswith((",", ";", "|")) for cell in line) for line in lines)
    if width < 2 or any(len(line) != width for line in body) or 2 * num_ended > len(lines):
        return 0
    is_number_column = [
        all(_NUMBER.fullmatch(line[index]) for line in body) for index in range(width)
    ]
    return width if len(first[0]) in (width, width - 1) and any(is_number_column) else 0


def _are_decimals(head: str) -> bool:
    """Tell whether commas occur only inside numbers that blanks separate."""
    lines = [line.split() for line in head.split("\n")[1:MAX_LINES] if line.strip()]
    return all(re.fullmatch(r"[+-]?\d+(,\d+)?", cell) for line in lines for cell in line)


def normalize(raw: bytes, delimiter: str) -> tuple[bytes, str]:
    r"""Return a table with a single delimiter and doubled quotation marks.

    The input may have blanks behind delimiters, also before quotation marks, \" inside cells, or
    any number of blanks as delimiter.
    """
    if delimiter == " ":
        text = "\n".join(line.strip() for line in raw.decode().split("\n"))
        return _to_csv(csv.reader(_lines(text), delimiter=" ", skipinitialspace=True)), ","
    delimiter_bytes = delimiter.encode()
    if delimiter_bytes != b"\t":
        raw = re.sub(
            re.escape(delimiter_bytes) + rb'[ \t]*\t[ \t]*(?=")', delimiter_bytes + b" ", raw
        )
    has_spaces = re.search(re.escape(delimiter_bytes) + rb' +"', raw) is not None
    has_backslashes = b'\\"' in raw or b"\\" + delimiter_bytes in raw
    quotings = [(has_spaces, False), *([(has_spaces, True)] if has_backslashes else [])]
    quotings += [(False, False)] if has_spaces else []
    if len(quotings) == 1:
        return raw, delimiter
    text = raw.decode()
    if has_backslashes and re.search(r'\\[^\\"]', text.replace("\\\\", "")):
        text = re.sub(r'\\(?!["' + re.escape(delimiter) + "])", r"\\\\", text)
    has_inner_quote = (
        re.search(rb'\\"(?!' + re.escape(delimiter_bytes) + rb"|[\r\n]|$)", raw) is not None
    )
    best = max(  # of equals the one that reads \" as escaped, else the first
        quotings,
        key=lambda quoting: (
            *_parse_quality(text, delimiter, quoting),
            quoting[1] == has_inner_quote,
        ),
    )
    if best == (False, False):
        return raw, delimiter
    return _to_csv(_reader(text if best[1] else raw.decode(), delimiter, best)), ","


def _parse_quality(text: str, delimiter: str, quoting: tuple[bool, bool]) -> tuple[bool, float]:
    r"""Return whether the whole table parses, and the share of rows of equal width.

    quoting: whether blanks behind delimiters are skipped, and whether \" is an escape.
    """
    widths: Counter[int] = Counter()
    try:
        for row in _reader(text, delimiter, quoting, strict=True):
            widths[len(row)] += 1
    except csv.Error:
        return False, 0.0
    return True, max(widths.values(), default=0) / max(widths.total(), 1)


def _reader(
    text: str, delimiter: str, quoting: tuple[bool, bool], *, strict: bool = False
) -> Iterator[list[str]]:
    return csv.reader(
        _lines(text), delimiter=delimiter, skipinitialspace=quoting[0], strict=strict,
        escapechar="\\" if quoting[1] else None,
    )  # fmt: skip


def _to_csv(rows: Iterator[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _lines(text: str) -> io.StringIO:
    csv.field_size_limit(1 << 27)
    return io.StringIO(text, newline="")


def first_rows(text: str, delimiter: str, max_rows: int) -> list[list[str]]:
    """Return the first rows of a text, including blank ones."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(rows) == max_rows:
                break
            rows.append(row)
    except csv.Error:
        pass  # an unterminated field: keep the rows before it
    return rows


def byte_offset(raw: bytes, head: str, delimiter: str, num_rows: int) -> int:
    """Return the byte offset behind some rows, including blank ones."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    for _ in range(num_rows):
        next(reader, None)
    end = 0
    for _ in range(reader.line_num):
        end = raw.find(b"\n", end) + 1 or len(raw)
    return end
