"""The kind of a table's column, guessed from its cells, and the cells read as that kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from brique.data.finding import Finding, Severity
from brique.data.raw.column import Numbers
from brique.data.sources.columns.codes import Codes, merge_codes
from brique.data.sources.columns.date_patterns import pattern_of, timestamp_pattern
from brique.data.sources.columns.numbers import (
    DEFAULT_FORMAT,
    NumberFormat,
    ParsedNumbers,
    code_cells,
    parse_numbers,
)
from brique.schema.class_names import are_booleans, class_names, to_text
from brique.schema.missing import NA_VALUES
from brique.schema.numerals import parse_numeral

_SAMPLE_SIZE = 200
_NUMBER_SHARE = 0.9  # share of numbers among the cells of a column of numbers with a few texts
_MAX_WORDS = 3  # distinct words that may stand among numbers, as "unknown"
_MAX_LENGTH = max(map(len, NA_VALUES))
_FEW_CLASSES = 20  # classes that any column may have, or a target of whole numbers
_MAX_ITEMS = 1000  # classes at most, and items that a finding names


@dataclass(frozen=True)
class RawColumn:
    """One column, trimmed, with its cells.

    name: of the column. source: name of the table, for messages.
    values: a pyarrow array of texts, integers, floats or timestamps, null where missing.
    row_names: name of each row, for messages.
    non_test: (N,), bool, the rows outside the test part; only they decide the kind.
    number_format: how its table writes numbers.
    """

    name: str
    source: str
    values: Any
    row_names: Sequence[str]
    non_test: np.ndarray
    number_format: NumberFormat = DEFAULT_FORMAT

    @property
    def full_name(self) -> str:
        """Name of the column in messages."""
        return f"{self.source}: {self.name}"

    @cached_property
    def is_text(self) -> bool:
        """Whether the cells are texts."""
        return str(self.values.type) == "string"

    @cached_property
    def is_known(self) -> np.ndarray:
        """Which rows have a value (N,), bool."""
        return self.values.is_valid().to_numpy(zero_copy_only=False)

    @cached_property
    def parsed_numbers(self) -> ParsedNumbers:
        """The cells as numbers, NaN where missing or invalid, and their format."""
        return parse_numbers(self.values, self.number_format)

    @property
    def numbers(self) -> Numbers:
        """The cells as numbers, NaN where missing or invalid."""
        return self.parsed_numbers.numbers

    @cached_property
    def is_code(self) -> np.ndarray:
        """Which cells are codes, not numbers: 007, +33, 1e5 among integers (N,), bool."""
        return code_cells(self.values) if self.is_text else np.zeros(len(self.values), bool)

    @cached_property
    def sample(self) -> list[str]:
        """Some distinct cells of rows outside the test part, as texts."""
        present = self._text_values.filter(self.is_known & self.non_test)
        return present.slice(0, 10 * _SAMPLE_SIZE).unique().to_pylist()[:_SAMPLE_SIZE]

    @cached_property
    def distinct(self) -> list[str]:
        """The distinct cells of rows outside the test part, as texts, in order of appearance."""
        return self._text_values.filter(self.non_test).unique().drop_null().to_pylist()

    @property
    def names(self) -> list[str]:
        """The distinct cells of all rows, as texts."""
        return self._text_values.unique().drop_null().to_pylist()

    @cached_property
    def _text_values(self) -> Any:  # noqa: ANN401 - a pyarrow array of texts
        import pyarrow as pa

        if self.is_text:
            return self.values
        if pa.types.is_floating(self.values.type):
            texts = [None if value is None else to_text(value) for value in self.values.to_pylist()]
            return pa.array(texts, pa.string())
        return self.values.cast(pa.string())

    def codes(self, renames: Mapping[str, str] | None = None) -> Codes:
        """Return the cells as classes; equal values share one class.

        renames: new names, by the name in the file or by the value's name.
        """
        uncleaned = self.raw_codes()
        commas = self.number_format.delimiter == ";" or self.number_format.decimal is not None
        names = class_names(uncleaned.names, renames, allow_comma=commas)
        return merge_codes(uncleaned.codes, [names[name] for name in uncleaned.names])

    def raw_codes(self) -> Codes:
        """Return the distinct cells, as written, as classes."""
        encoded = self._text_values.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return Codes(codes, encoded.dictionary.to_pylist())

    def texts(self) -> list[str]:
        """Return the cells as texts, "" where missing."""
        return self._text_values.fill_null("").to_pylist()


def trim(values: Any) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return texts without surrounding blanks, null where empty; other values unchanged."""
    import pyarrow as pa

    pc = _compute()
    if not pa.types.is_string(values.type):
        is_float = pa.types.is_floating(values.type)
        return pc.if_else(pc.is_nan(values), None, values) if is_float else values
    texts = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def count_na_values(values: Any) -> dict[str, int]:  # noqa: ANN401 - pyarrow arrays
    """Return the cells of trimmed texts that mark a missing value, with their counts.

    "-" is a value where "+" is one.
    """
    import pyarrow as pa

    pc = _compute()
    if not pa.types.is_string(values.type):
        return {}
    lowered = pc.utf8_lower(pc.utf8_slice_codeunits(values, 0, _MAX_LENGTH + 1))
    cells = values.filter(pc.is_in(lowered, value_set=pa.array(sorted(NA_VALUES))))
    counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(cells).to_pylist()}
    if "-" in counts and pc.any(pc.equal(values, "+")).as_py():
        del counts["-"]
    return counts


def mask_values(values: Any, na_values: Collection[str]) -> Any:  # noqa: ANN401 - pyarrow arrays
    """Return texts, null where they are among `na_values`."""
    import pyarrow as pa

    if not na_values:
        return values
    pc = _compute()
    is_na = pc.is_in(values, value_set=pa.array(sorted(na_values)))
    return pc.if_else(is_na, pa.scalar(None, pa.string()), values)


def guess_kind(raw_column: RawColumn, *, is_target: bool = False) -> str:
    """Return "number", "timestamp", "category", "text", or "empty"."""
    if not (raw_column.is_known & raw_column.non_test).any():
        return "empty"
    if not raw_column.is_text:
        kind = "timestamp" if "timestamp" in str(raw_column.values.type) else "number"
    else:
        kind = _guess_text_kind(raw_column, is_target=is_target)
    if (
        kind == "number"
        and not is_target
        and timestamp_pattern(raw_column.distinct, raw_column.name) is not None
    ):
        kind = "timestamp"
    if kind == "number" and is_target and _are_classes(raw_column):
        return "category"
    return kind


def _guess_text_kind(raw_column: RawColumn, *, is_target: bool) -> str:
    numeric_share = np.mean([parse_numeral(cell) is not None for cell in raw_column.sample])
    if numeric_share > 0.5 and not raw_column.is_code.any():
        if not are_booleans(raw_column.distinct) and _are_numbers(raw_column):
            return "number"
    elif pattern_of(raw_column.distinct) is not None:
        return "timestamp"
    distinct = raw_column.distinct
    count = int((raw_column.is_known & raw_column.non_test).sum())
    mean_words = float(np.mean([len(cell.split()) for cell in raw_column.sample]))
    is_repeated = (
        2 * len(distinct) <= count if len(distinct) <= _FEW_CLASSES else 5 * len(distinct) <= count
    )
    is_short = mean_words <= 5 or len(distinct) <= 2
    if (
        len(distinct) <= _MAX_ITEMS
        and is_short
        and (is_repeated or (is_target and len(distinct) < count))
    ):
        return "category"
    return "text"


def _are_numbers(raw_column: RawColumn) -> bool:
    """Tell whether nearly all cells are numbers, or most are and the rest are a few words."""
    is_known = raw_column.is_known & raw_column.non_test
    is_number = ~np.isnan(raw_column.numbers.values) & is_known
    if is_number.sum() >= _NUMBER_SHARE * is_known.sum():
        return True
    texts = _compute().filter(raw_column.values, (is_known & ~is_number)).unique().to_pylist()
    are_words = len(texts) <= _MAX_WORDS and not any(map(_has_digit, texts))
    return are_words and bool(is_number.sum() >= 0.5 * is_known.sum()) and (
        len(np.unique(raw_column.numbers.values[is_number])) > _FEW_CLASSES
    )  # fmt: skip


def _has_digit(cell: str) -> bool:
    return any(letter.isdigit() for letter in cell)


def _are_classes(raw_column: RawColumn) -> bool:
    """Tell whether the numbers of a target are classes: integers, few and frequent."""
    if len(raw_column.distinct) > _FEW_CLASSES:
        return False
    values = raw_column.numbers.values[raw_column.is_known & raw_column.non_test]
    is_repeated = len(raw_column.distinct) == 2 or 5 * len(raw_column.distinct) <= len(values)
    return is_repeated and bool((values == np.rint(values)).all())


def column_finding(
    kind: str, severity: Severity, raw_column: RawColumn, texts: tuple[str, str], rows: np.ndarray
) -> Finding:
    """Return a finding on some rows of a column."""
    items = tuple(
        (str(raw_column.row_names[row]), raw_column.name, str(raw_column.values[row].as_py()))
        for row in rows[:_MAX_ITEMS].tolist()
    )
    items = items or ((raw_column.name, raw_column.sample[0]),)
    return Finding(kind, severity, None, items, len(rows) or 1, *texts)


def format_rows(count: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if count == 1 else f"{count:,} rows"


def and_more(count: int) -> str:
    """Return how many follow the first, which the message names."""
    return f" and {count - 1:,} more" if count > 1 else ""


def _compute() -> Any:  # noqa: ANN401 - pyarrow makes its functions when it is imported
    import pyarrow.compute

    return pyarrow.compute
