"""What kind a column of a table is, guessed from its cells, and its cells read as that kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from brique.data.column import Numbers
from brique.data.finding import Finding, Severity
from brique.data.sources.coded import Codes, joined
from brique.data.sources.numbers import PLAIN, Form, Read, coded, read
from brique.data.sources.patterns import pattern_of, stamps_of
from brique.schema.kinds import ABSENT
from brique.schema.names import are_truths, class_names, written
from brique.schema.numerals import numeral

_SAMPLE = 200
_MOSTLY = 0.9  # share of numbers among the cells of a column of numbers with a few texts
_WORDS = 3  # different ones that may stand among numbers, as "unknown"
_LONGEST = max(map(len, ABSENT))
_FEW = 20  # classes that any column may have, or a target of whole numbers
_MANY = 1000  # classes at most, and items that a finding names


@dataclass(frozen=True)
class Cut:
    """One column, trimmed; what its cells say.

    name: of the column. source: of the table, for sentences.
    values: a pyarrow array of texts, whole numbers, floats or moments, null where missing.
    called: what a person calls each row.
    seen: (N,), bool, the rows that a kind may be guessed from: those that are not for test.
    form: how its table writes numbers.
    """

    name: str
    source: str
    values: Any
    called: Sequence[str]
    seen: np.ndarray
    form: Form = PLAIN

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
    def read(self) -> Read:
        """The cells as numbers, NaN where they are missing or none, and how they are written."""
        return read(self.values, self.form)

    @property
    def numbers(self) -> Numbers:
        """The cells as numbers, NaN where they are missing or none."""
        return self.read.numbers

    @cached_property
    def codes_among(self) -> np.ndarray:
        """Which cells are written as numbers are not: 007, +33, 1e5 among whole ones (N,), bool."""
        return coded(self.values) if self.is_text else np.zeros(len(self.values), bool)

    @cached_property
    def sample(self) -> list[str]:
        """Some different cells of the rows that may be seen, as texts."""
        known = self._written.filter(self.is_known & self.seen)
        return known.slice(0, 10 * _SAMPLE).unique().to_pylist()[:_SAMPLE]

    @cached_property
    def distinct(self) -> list[str]:
        """The different cells of rows that may be seen, as texts, in order of coming."""
        return self._written.filter(self.seen).unique().drop_null().to_pylist()

    @property
    def names(self) -> list[str]:
        """The different cells of all rows, as texts."""
        return self._written.unique().drop_null().to_pylist()

    @cached_property
    def _written(self) -> Any:  # noqa: ANN401 - a pyarrow array of texts
        import pyarrow as pa

        if self.is_text:
            return self.values
        if pa.types.is_floating(self.values.type):
            texts = [None if v is None else written(v) for v in self.values.to_pylist()]
            return pa.array(texts, pa.string())
        return self.values.cast(pa.string())

    def codes(self, renamed: Mapping[str, str] | None = None) -> Codes:
        """Return the cells as classes: one value has one name.

        renamed: other names, by those in the file, or by those that values have.
        """
        raw = self.raw()
        commas = self.form.delimiter == ";" or self.form.decimal is not None
        names = class_names(raw.names, renamed, commas=commas)
        return joined(raw.codes, [names[name] for name in raw.names])

    def raw(self) -> Codes:
        """Return the different cells as they are written, as classes."""
        coded = self._written.dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return Codes(codes, coded.dictionary.to_pylist())

    def texts(self) -> list[str]:
        """Return the cells as texts, "" where missing."""
        return self._written.fill_null("").to_pylist()


def trimmed(values: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return texts without blanks at their ends, null where they are empty; others as they are."""
    import pyarrow as pa

    pc = _compute()
    if not pa.types.is_string(values.type):
        is_float = pa.types.is_floating(values.type)
        return pc.if_else(pc.is_nan(values), None, values) if is_float else values
    texts = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def marks_among(values: Any) -> dict[str, int]:  # noqa: ANN401 - pyarrow arrays
    """Return the cells of trimmed texts that stand for a missing value, with their counts.

    "-" is a value where "+" is one.
    """
    import pyarrow as pa

    pc = _compute()
    if not pa.types.is_string(values.type):
        return {}
    small = pc.utf8_lower(pc.utf8_slice_codeunits(values, 0, _LONGEST + 1))
    cells = values.filter(pc.is_in(small, value_set=pa.array(sorted(ABSENT))))
    found = {one["values"]: one["counts"] for one in pc.value_counts(cells).to_pylist()}
    if "-" in found and pc.any(pc.equal(values, "+")).as_py():
        del found["-"]
    return found


def without(values: Any, marks: Collection[str]) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return texts, null where they are one of some."""
    import pyarrow as pa

    if not marks:
        return values
    pc = _compute()
    is_mark = pc.is_in(values, value_set=pa.array(sorted(marks)))
    return pc.if_else(is_mark, pa.scalar(None, pa.string()), values)


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
    could = np.mean([numeral(cell) is not None for cell in cut.sample]) > 0.5  # be numbers
    if could and not cut.codes_among.any():
        if not are_truths(cut.distinct) and _are_numbers(cut):
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


def _are_numbers(cut: Cut) -> bool:
    """Tell whether nearly all cells are numbers; or most, and the others a few words."""
    known = cut.is_known & cut.seen
    read = ~np.isnan(cut.numbers.values) & known
    if read.sum() >= _MOSTLY * known.sum():
        return True
    strange = _compute().filter(cut.values, (known & ~read)).unique().to_pylist()
    are_words = len(strange) <= _WORDS and not any(map(_has_digit, strange))
    return are_words and bool(read.sum() >= 0.5 * known.sum()) and (
        len(np.unique(cut.numbers.values[read])) > _FEW
    )  # fmt: skip


def _has_digit(cell: str) -> bool:
    return any(letter.isdigit() for letter in cell)


def _is_classes(cut: Cut) -> bool:
    """Tell whether the numbers of a target are rather classes: whole, few and often."""
    if len(cut.distinct) > _FEW:
        return False
    known = cut.numbers.values[cut.is_known & cut.seen]
    few = len(cut.distinct) == 2 or 5 * len(cut.distinct) <= len(known)
    return few and bool((known == np.rint(known)).all())


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
