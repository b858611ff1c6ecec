"""What kind a column of a table is, guessed from its cells, and its cells read as that kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from brique.data.column import Numbers
from brique.data.finding import Finding, Severity
from brique.data.sources.coded import Codes, Moments
from brique.errors import DataError
from brique.schema import Moment
from brique.schema.kinds import ABSENT

_PLAIN = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:inf|infinity))$"
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y",
    "%d.%m.%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
_HOURS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
PATTERNS = tuple("".join(pair) for pair in product(_DAYS, _HOURS))
_SAMPLE = 200
_LARGE = 3.4e38  # beyond it float32 has no number
_MOSTLY = 0.9  # share of numbers among the cells of a column of numbers with a few texts
_FEW = 20  # classes that any column may have, or a target of whole numbers
_MANY = 1000  # classes at most, and items that a finding names


@dataclass(frozen=True)
class Cut:
    """One column, trimmed; what its cells say.

    name: of the column. source: of the table, for sentences.
    values: a pyarrow array of texts, whole numbers, floats or moments, null where missing.
    called: what a person calls each row.
    seen: (N,), bool, the rows that a kind may be guessed from: those that are not for test.
    """

    name: str
    source: str
    values: Any
    called: Sequence[str]
    seen: np.ndarray

    @property
    def where(self) -> str:
        """What sentences call the column."""
        return f"{self.source}: {self.name}"

    @cached_property
    def is_text(self) -> bool:
        """Whether the cells are texts as yet."""
        return str(self.values.type) == "string"

    @cached_property
    def is_known(self) -> np.ndarray:
        """Which rows have a value (N,), bool."""
        return self.values.is_valid().to_numpy(zero_copy_only=False)

    @cached_property
    def numbers(self) -> Numbers:
        """The cells as numbers, NaN where they are missing or none."""
        return _numbers(self.values)

    @cached_property
    def sample(self) -> list[str]:
        """Some different cells of the rows that may be seen, as texts."""
        known = self._written.filter(self.is_known & self.seen)
        return known.slice(0, 10 * _SAMPLE).unique().to_pylist()[:_SAMPLE]

    @cached_property
    def distinct(self) -> list[str]:
        """The different cells of rows that may be seen, as texts, in order of coming."""
        return self._written.filter(self.seen).unique().drop_null().to_pylist()

    @cached_property
    def _written(self) -> Any:  # noqa: ANN401 - a pyarrow array of texts
        import pyarrow as pa

        if self.is_text:
            return self.values
        if pa.types.is_floating(self.values.type):
            texts = [None if v is None else f"{v:.15g}" for v in self.values.to_pylist()]
            return pa.array(texts, pa.string())
        return self.values.cast(pa.string())

    def codes(self) -> Codes:
        """Return the cells as classes."""
        coded = self._written.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return Codes(codes, coded.dictionary.to_pylist())

    def texts(self) -> list[str]:
        """Return the cells as texts, "" where missing."""
        return self._written.fill_null("").to_pylist()


def trimmed(values: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return texts without blanks at their ends, null where they are missing; others as they are.

    "-" is a value where "+" is one.
    """
    import pyarrow as pa

    pc = _compute()
    if not pa.types.is_string(values.type):
        is_float = pa.types.is_floating(values.type)
        return pc.if_else(pc.is_nan(values), None, values) if is_float else values
    texts = pc.utf8_trim_whitespace(values)
    small = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, 5))  # no mark is longer than 4
    marks = ABSENT - {"-"} if pc.any(pc.equal(texts, "+")).as_py() else ABSENT
    is_absent = pc.is_in(small, value_set=pa.array(sorted(marks)))
    return pc.if_else(is_absent, pa.scalar(None, pa.string()), texts)


def kind_of(cut: Cut, *, is_target: bool = False) -> str:
    """Return "number", "moment", "category", "text", or "empty" where there is nothing to see."""
    if not (cut.is_known & cut.seen).any():
        return "empty"
    if not cut.is_text:
        kind = "moment" if "timestamp" in str(cut.values.type) else "number"
    else:
        kind = _kind_of_texts(cut, is_target=is_target)
    if kind == "number" and is_target and _is_classes(cut):
        return "category"
    return kind


def _kind_of_texts(cut: Cut, *, is_target: bool) -> str:
    could = np.mean([_is_number(cell) for cell in cut.sample]) > 0.5  # of the sample be numbers
    if could and not is_code(cut):
        read = (~np.isnan(cut.numbers.values) & cut.seen).sum()
        if read >= _MOSTLY * (cut.is_known & cut.seen).sum():
            return "number"
    elif pattern_of(cut.distinct) is not None:
        return "moment"
    distinct = cut.distinct
    count = int((cut.is_known & cut.seen).sum())
    words = float(np.mean([len(cell.split()) for cell in cut.sample]))
    few = 2 * len(distinct) <= count if len(distinct) <= _FEW else 5 * len(distinct) <= count
    is_short = words <= 5 or len(distinct) <= 2
    if len(distinct) <= _MANY and is_short and (few or (is_target and len(distinct) < count)):
        return "category"
    return "text"


def is_code(cut: Cut) -> bool:
    """Tell whether the cells are codes of digits, as "01234": numbers do not begin so."""
    pc = _compute()
    if not cut.is_text or not any(cell[0] == "0" and cell.isdecimal() for cell in cut.sample):
        return False
    digits = pc.all(pc.match_substring_regex(cut.values, r"^\d+$")).as_py()
    return digits and pc.any(pc.match_substring_regex(cut.values, r"^0\d")).as_py()


def _is_number(cell: str) -> bool:
    return any(re.match(form, cell) for form in (_PLAIN, _THOUSANDS, _COMMA))


def _is_classes(cut: Cut) -> bool:
    """Tell whether the numbers of a target are rather classes: whole, few and often."""
    if len(cut.distinct) > _FEW:
        return False
    known = cut.numbers.values[cut.is_known & cut.seen]
    few = len(cut.distinct) == 2 or 5 * len(cut.distinct) <= len(known)
    return few and bool((known == np.rint(known)).all())


def _numbers(cells: Any) -> Numbers:  # noqa: ANN401 - a pyarrow array
    import pyarrow as pa

    pc = _compute()
    try:
        return Numbers(_floats(pc.cast(cells, pa.float64())))
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(cells, _PLAIN)
    english = pc.or_(plain, pc.match_substring_regex(cells, _THOUSANDS))
    comma = pc.match_substring_regex(cells, _COMMA)
    is_comma = (pc.sum(comma).as_py() or 0) > (pc.sum(english).as_py() or 0)
    for old, new in ((".", ""), (",", ".")) if is_comma else ((",", ""),):
        cells = pc.replace_substring(cells, old, new)
    cells = pc.if_else(comma if is_comma else english, cells, None)
    return Numbers(_floats(pc.cast(cells, pa.float64())), comma=is_comma)


def _floats(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array
    return values.to_numpy(zero_copy_only=False).astype(np.float64, copy=True)


def checked_numbers(cut: Cut, *, is_told: bool) -> tuple[Numbers, list[Finding]]:
    """Return the cells as numbers, and findings on those that are none.

    Raises DataError where a person says that they are numbers, and one is none.
    """
    numbers = cut.numbers
    strange = np.flatnonzero(np.isnan(numbers.values) & cut.is_known)
    if len(strange) and is_told:
        row = int(strange[0])
        raise DataError(
            f"{cut.where}: expected numbers, got '{cut.values[row].as_py()}' in"
            f" {cut.called[row]}{_more(len(strange))}; correct it, or take the column for classes:"
            f" --types '{cut.name}=category'"
        )
    found: list[Finding] = []
    if len(strange):
        reason = (
            f"'{cut.name}' holds numbers, and texts that are none in {_rows(len(strange))}, which"
            " count as missing."
        )
        remedy = f"Correct them, or take the column for classes: --types '{cut.name}=category'."
        found.append(_finding("mixed types", "warning", cut, (reason, remedy), strange))
    endless = np.flatnonzero(np.abs(numbers.values) > _LARGE)
    if len(endless):
        reason = f"'{cut.name}' is not finite in {_rows(len(endless))}: they count as missing."
        remedy = "Look where they come from; a logarithm tames what grows without bound."
        found.append(_finding("not finite", "warning", cut, (reason, remedy), endless))
        numbers.values[endless] = np.nan
    if cut.is_text and _compute().any(_compute().match_substring(cut.values, ",")).as_py():
        mark = "before the decimals" if numbers.comma else "between thousands"
        reason = f"'{cut.name}' is read as numbers with a comma {mark}."
        rows = np.flatnonzero(~np.isnan(numbers.values))[:1]
        remedy = "Nothing, if that is how it is meant; else write 1234.5."
        found.append(_finding("comma", "note", cut, (reason, remedy), rows))
    return numbers, found


def pattern_of(distinct: Sequence[str]) -> tuple[str | None, str | None] | None:
    """Return how moments are written (None for ISO 8601), and how else they could be meant.

    None in place of both where the cells are no moments.
    """
    sample = list(distinct[:_SAMPLE])
    if all(_ISO.fullmatch(cell) for cell in sample):
        return (None, None) if all(_fits(Moment(), cell) for cell in distinct) else None
    if not all(any(letter.isdigit() for letter in cell) and len(cell) < 32 for cell in sample):
        return None
    good = [pattern for pattern in PATTERNS if _is_written(sample[0], pattern)]
    for cells in (sample, distinct):
        good = [p for p in good if all(_is_written(cell, p) for cell in cells)]
        if not good:
            return None
    return good[0], next(iter(good[1:]), None)


def _is_written(cell: str, pattern: str) -> bool:
    try:
        datetime.strptime(cell, pattern)
    except ValueError:
        return False
    return True


def _fits(kind: Moment, cell: str) -> bool:
    try:
        kind.seconds(cell)
    except DataError:
        return False
    return True


def checked_moments(cut: Cut, *, is_told: bool) -> tuple[Moments, list[Finding]]:
    """Return the cells as moments, and a finding where another reading is possible.

    Raises DataError where a person says that they are moments, and one is none.
    """
    if not cut.is_text:
        seconds = cut.values.cast("int64").fill_null(0).to_numpy(zero_copy_only=False)
        return Moments(seconds.astype(np.int64), ~cut.is_known), []
    found = pattern_of(cut.distinct) or _commonest(cut.distinct)
    kind = Moment(pattern=found[0])
    coded = cut.codes()
    table = np.array([_seconds(kind, cell) for cell in coded.names], np.float64)
    values = np.where(coded.codes >= 0, table[coded.codes], np.nan)
    strange = np.flatnonzero(np.isnan(values) & cut.is_known)
    if len(strange) and is_told:
        row = int(strange[0])
        raise DataError(
            f"{cut.where}: expected moments such as 2024-03-01 17:30:00, got"
            f" '{cut.values[row].as_py()}' in {cut.called[row]}{_more(len(strange))}; write all"
            " alike"
        )
    findings = _said_of_dates(cut, found) if found[0] else []
    if len(strange):
        reason = f"'{cut.name}' holds moments, and texts that are none in {_rows(len(strange))}."
        remedy = "Write them as the others; now they count as missing."
        findings.append(_finding("mixed types", "warning", cut, (reason, remedy), strange))
    is_missing = np.isnan(values)
    return Moments(np.where(is_missing, 0, values).astype(np.int64), is_missing, found[0]), findings


def _seconds(kind: Moment, cell: str) -> float:
    try:
        return kind.seconds(cell)
    except DataError:
        return np.nan


def _commonest(distinct: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the pattern that most cells are written in, ISO 8601 before others."""
    sample = distinct[:_SAMPLE]
    if not sample or sum(_fits(Moment(), cell) for cell in sample) * 2 >= len(sample):
        return None, None
    counts = [sum(_is_written(cell, pattern) for cell in sample) for pattern in PATTERNS]
    best = int(np.argmax(counts))
    return (PATTERNS[best] if counts[best] else None), None


def _said_of_dates(cut: Cut, found: tuple[str | None, str | None]) -> list[Finding]:
    pattern, rival = found
    day = "the day before the month" if str(pattern).startswith("%d") else (
        "the month before the day")  # fmt: skip
    also = " The other order would fit all of them too: make sure." if rival else ""
    reason = f"'{cut.name}' holds dates as text, such as {cut.distinct[0]}, read with {day}.{also}"
    said = (reason, "Write dates as 2024-03-01, which can be read in one way only.")
    severity: Severity = "warning" if rival else "note"
    return [_finding("date as text", severity, cut, said, np.empty(0, int))]


def _finding(
    kind: str, severity: Severity, cut: Cut, said: tuple[str, str], rows: np.ndarray
) -> Finding:
    items = tuple(
        (str(cut.called[row]), cut.name, str(cut.values[row].as_py()))
        for row in rows[:_MANY].tolist()
    )
    items = items or ((cut.name, cut.sample[0]),)
    return Finding(kind, severity, None, items, len(rows) or 1, *said)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _more(count: int) -> str:
    return f" and {count - 1:,} more" if count > 1 else ""


def _compute() -> Any:  # noqa: ANN401 - pyarrow makes its functions when it is imported
    import pyarrow.compute

    return pyarrow.compute
