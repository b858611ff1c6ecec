"""What kind a column of a table is, guessed from its cells, and its cells read as that kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from brique.data.column import Numbers
from brique.data.finding import Finding, Severity
from brique.data.sources.coded import Codes
from brique.data.sources.patterns import pattern_of, stamps_of
from brique.errors import DataError
from brique.schema.kinds import ABSENT

_PLAIN = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:inf|infinity))$"
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
_COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
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
    if kind == "number" and not is_target and stamps_of(cut.distinct, cut.name) is not None:
        kind = "moment"
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
            f" {cut.called[row]}{more(len(strange))}; correct it, or take the column for classes:"
            f" --types '{cut.name}=category'"
        )
    found: list[Finding] = []
    if len(strange):
        reason = (
            f"'{cut.name}' holds numbers, and texts that are none in"
            f" {rows_said(len(strange))}, which count as missing."
        )
        remedy = f"Correct them, or take the column for classes: --types '{cut.name}=category'."
        found.append(finding("mixed types", "warning", cut, (reason, remedy), strange))
    endless = np.flatnonzero(np.abs(numbers.values) > _LARGE)
    if len(endless):
        reason = f"'{cut.name}' is not finite in {rows_said(len(endless))}: they count as missing."
        remedy = "Look where they come from; a logarithm tames what grows without bound."
        found.append(finding("not finite", "warning", cut, (reason, remedy), endless))
        numbers.values[endless] = np.nan
    if cut.is_text and _compute().any(_compute().match_substring(cut.values, ",")).as_py():
        mark = "before the decimals" if numbers.comma else "between thousands"
        reason = f"'{cut.name}' is read as numbers with a comma {mark}."
        rows = np.flatnonzero(~np.isnan(numbers.values))[:1]
        remedy = "Nothing, if that is how it is meant; else write 1234.5."
        found.append(finding("comma", "note", cut, (reason, remedy), rows))
    return numbers, found


def finding(
    kind: str, severity: Severity, cut: Cut, said: tuple[str, str], rows: np.ndarray
) -> Finding:
    """Return what was found in some rows of a column; said: the reason, and the remedy."""
    items = tuple(
        (str(cut.called[row]), cut.name, str(cut.values[row].as_py()))
        for row in rows[:_MANY].tolist()
    )
    items = items or ((cut.name, cut.sample[0]),)
    return Finding(kind, severity, None, items, len(rows) or 1, *said)


def rows_said(count: int) -> str:
    """Return a number of rows as sentences say it."""
    return "1 row" if count == 1 else f"{count:,} rows"


def more(count: int) -> str:
    """Return how many there are beside the first that was named."""
    return f" and {count - 1:,} more" if count > 1 else ""


def _compute() -> Any:  # noqa: ANN401 - pyarrow makes its functions when it is imported
    import pyarrow.compute

    return pyarrow.compute
