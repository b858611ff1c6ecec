"""Columns of texts read as numbers: decimal sign, unit, and ambiguities."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brique.data.raw.column import Numbers
from brique.schema.numerals import (
    Decimal,
    Notation,
    Numeral,
    is_known_unit,
    is_money,
    parse_numeral,
    unit_key,
)

MAX_EXACT_INT = 2**53  # float64 has every integer up to here
# numerals without blanks, groups and units, by what they show
_SIMPLE_PATTERNS: dict[Notation, str] = {
    "whole": r"^[+-]?[0-9]{1,3}$",
    "long": r"^[+-]?[0-9]{4,}$",
    "1.234": r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$",
    "1,234": r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$",
}
_POINT, _COMMA = (r"^[+-]?([0-9]+[%s][0-9]*|[%s][0-9]+)$" % (s, s) for s in (".", ","))  # noqa: UP031
_CODE_PATTERNS = {"zero": r"^0[0-9]+$", "plus": r"^\+[0-9]+$", "power": r"^[0-9]+[eE][0-9]+$"}
_MEASURED = r"^[-\x{2212}(]\s*[0-9]|^[+-]?[0-9]*[.,][0-9]*[1-9]|[0-9][eE][+-][0-9]"
_MAX_UNITS = 3  # units of one column at most, where they are not all known
_MIN_SHARE = 0.5  # of the numbers must have an unknown unit for it to count


def _no_signs() -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class NumberFormat:
    """How a table writes numbers.

    delimiter: between its cells. decimal: the decimal sign, if --decimal gives it.
    decimal_signs: returns the unambiguous signs of its columns: "point", "comma", both or none.
    """

    delimiter: str = ","
    decimal: Decimal | None = None
    decimal_signs: Callable[[], frozenset[str]] = field(default=_no_signs, compare=False)


DEFAULT_FORMAT = NumberFormat()


@dataclass
class ParsedNumbers:
    """A column of texts as numbers.

    numbers: NaN where a cell is missing or invalid.
    ambiguous_row: the row of a cell that can be read in two ways; or None.
    has_both_signs: whether some cells need the other decimal sign, and are invalid.
    units: number of cells by unit; several are an error.
    unitless: number of cells without a unit, if others have one.
    """

    numbers: Numbers
    ambiguous_row: int | None = None
    has_both_signs: bool = False
    units: dict[str, int] = field(default_factory=dict[str, int])
    unitless: int = 0


def parse_numbers(values: Any, number_format: NumberFormat) -> ParsedNumbers:  # noqa: ANN401 - a pyarrow array
    """Return a column as numbers. values: of texts, or numbers already; null where missing."""
    import pyarrow as pa

    pc = _compute()
    if not pa.types.is_string(values.type):
        return ParsedNumbers(Numbers(_floats(values.cast(pa.float64()))))
    masks = {shape: _matches(values, pattern) for shape, pattern in _SIMPLE_PATTERNS.items()}
    point, comma = _matches(values, _POINT), _matches(values, _COMMA)
    is_simple = point | comma | masks["whole"] | masks["long"]
    remaining = pc.if_else(pa.array(~is_simple), values, None).dictionary_encode()
    numerals = [parse_numeral(cell) for cell in remaining.dictionary.to_pylist()]
    codes = remaining.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(codes + 1, minlength=len(numerals) + 1)[1:]
    units = _unit_keys(numerals, counts, int(is_simple.sum()))
    numerals = [one if one and unit_key(one.unit) in units else None for one in numerals]
    cells_of = masks | {"1.5": point & ~masks["1.234"], "1,5": comma & ~masks["1,234"]}
    shapes = {shape for shape, cells in cells_of.items() if cells.any()}
    shapes |= {one.notation for one in numerals if one}
    has_money = any(is_money(one.unit) for one in numerals if one)
    decimal, is_ambiguous = decide_decimal(frozenset(shapes), number_format, is_money=has_money)
    numbers = np.full(len(values), np.nan)
    for cells, sign_name in ((point, "point"), (comma, "comma")):
        numbers[cells] = _parse_simple(values.filter(pa.array(cells)), decimal, sign_name)
    is_integer = masks["whole"] | masks["long"]
    numbers[is_integer] = _floats(values.filter(pa.array(is_integer)).cast(pa.float64()))
    parsed = [None if one is None else one.value(decimal) for one in numerals]
    other_numbers = np.array([*parsed, None], np.float64)[codes]
    numbers = np.where(is_simple, numbers, other_numbers)
    result = ParsedNumbers(
        Numbers(numbers, decimal=decimal), has_both_signs={"1,234.5", "1.234,5"} <= shapes
    )
    if is_ambiguous:
        ambiguous = [one is not None and one.notation in ("1.234", "1,234") for one in numerals]
        ambiguous_cells = masks["1.234"] | masks["1,234"] | np.array([*ambiguous, False])[codes]
        result.ambiguous_row = int(np.flatnonzero(ambiguous_cells)[0])
    _set_units(result, numerals, counts, int(is_simple.sum()))
    return result


def decide_decimal(
    shapes: frozenset[str], number_format: NumberFormat, *, is_money: bool = False
) -> tuple[Decimal, bool]:
    """Return the decimal sign of a column, and whether its numbers are ambiguous.

    shapes: of its numerals. is_money: whether they are amounts, which never have three decimals.
    """
    if number_format.decimal is not None:
        return number_format.decimal, False
    if "1,234.5" in shapes:
        return "point", False
    if "1.234,5" in shapes:
        return "comma", False
    ambiguous_shapes = {"1.234": "1.234" in shapes, "1,234": "1,234" in shapes}
    if number_format.delimiter == ";":
        is_ambiguous = (
            ambiguous_shapes["1.234"]
            and "1.5" not in shapes
            and number_format.decimal_signs() != {"point"}
        )
        return "either", is_ambiguous
    if "1.5" in shapes and "1,5" in shapes:
        return "either", any(ambiguous_shapes.values())
    if "1.5" in shapes or "1,5" in shapes:
        return ("point" if "1.5" in shapes else "comma"), False
    if all(ambiguous_shapes.values()):
        return "point", True
    if ambiguous_shapes["1.234"]:
        return "point", number_format.decimal_signs() == {"comma"}
    if ambiguous_shapes["1,234"] and number_format.decimal_signs() == {"comma"}:
        return "comma", False
    is_decided = (
        is_money
        or number_format.decimal_signs() == {"point"}
        or ("whole" in shapes and "long" not in shapes)
    )
    return "point", ambiguous_shapes["1,234"] and not is_decided


def signs_of(columns: Any) -> frozenset[str]:  # noqa: ANN401 - an iterable of pyarrow arrays
    """Return the unambiguous decimal signs of columns of texts: "point", "comma"."""
    import pyarrow as pa

    signs: set[str] = set()
    for values in columns:
        if pa.types.is_string(values.type):
            for name, sign in (("point", r"\."), ("comma", ",")):
                pattern = rf"^[+-]?([0-9]*{sign}([0-9]{{0,2}}|[0-9]{{4,}})|0{sign}[0-9]+)$"
                signs |= {name} if _matches(values, pattern).any() else set()
    return frozenset(signs)


def code_cells(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array of texts
    """Return which cells are codes, not numbers (N,), bool.

    Whole numbers that begin with 0 or +, or have an exponent (1E3 beside most that have none, 12E3
    anywhere), in a column without decimals and without a minus; and any whose digits float64
    cannot hold.
    """
    is_large = large_cells(values)
    code_masks = {name: _matches(values, pattern) for name, pattern in _CODE_PATTERNS.items()}
    has_exponents = code_masks["power"].sum() >= _MIN_SHARE * max(
        1, len(values) - values.null_count
    )
    if has_exponents and not _matches(values, r"^[0-9]{2,}[eE][0-9]+$").any():
        code_masks["power"][:] = False  # as measurements are written
    is_code = np.logical_or.reduce(list(code_masks.values()))
    return (
        is_large if not is_code.any() or _matches(values, _MEASURED).any() else is_large | is_code
    )


def large_cells(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array of texts
    """Return which cells are integers with more digits than float64 holds (N,), bool."""
    cells = _matches(values, r"^[+-]?[0-9]{16,}$")
    for row in np.flatnonzero(cells).tolist():
        cells[row] = abs(int(values[row].as_py())) > MAX_EXACT_INT
    return cells


def _parse_simple(cells: Any, decimal: Decimal, sign_name: str) -> np.ndarray:  # noqa: ANN401
    """Return simple numerals with one sign as numbers; NaN where it can only separate thousands."""
    import pyarrow as pa

    pc, sign = _compute(), "." if sign_name == "point" else ","
    if decimal in (sign_name, "either"):
        return _floats(pc.replace_substring(cells, sign, ".").cast(pa.float64()))
    is_group = pc.match_substring_regex(cells, rf"^[+-]?[0-9]{{1,3}}\{sign}[0-9]{{3}}$")
    return _floats(
        pc.if_else(is_group, pc.replace_substring(cells, sign, ""), None).cast(pa.float64())
    )


def _unit_keys(
    numerals: list[Numeral | None], counts: np.ndarray, simple_count: int
) -> frozenset[str]:
    """Return the keys of the units of a column, "" among them.

    A known unit counts; an unknown one if half of the numbers have it, or, of several, if a
    blank separates all of them from their numbers: "12A" and "14B" are codes.
    """
    unit_counts, apart = Counter[str](), dict[str, bool]()
    for one, count in zip(numerals, counts.tolist(), strict=True):
        if one:
            key = unit_key(one.unit)
            unit_counts[key] += count
            apart[key] = apart.get(key, True) and one.has_space
    total = simple_count + unit_counts.total()
    named_units = [key for key in unit_counts if key]
    known_units = [key for key in named_units if is_known_unit(key)]
    unknown_units = [key for key in named_units if key not in known_units]
    if len(unknown_units) > 1 or (known_units and unknown_units):
        is_few = len(named_units) <= _MAX_UNITS and all(apart[key] for key in unknown_units)
        unknown_units = unknown_units if is_few else []
    frequent = [
        key
        for key in unknown_units
        if sum(unit_counts[one] for one in unknown_units) >= _MIN_SHARE * total
    ]
    accepted = known_units + frequent
    letters = {key for key in accepted if len(key) == 1 and key.isalpha() and not apart[key]}
    if len(accepted) > 1 and letters == set(accepted) and not letters <= {"k", "M", "B"}:
        accepted = []
    return frozenset(("", *accepted))


def _set_units(
    result: ParsedNumbers, numerals: list[Numeral | None], counts: np.ndarray, simple_count: int
) -> None:
    """Set the units, each in its commonest spelling."""
    spellings, keys = Counter[str](), Counter[str]()
    for one, count in zip(numerals, counts.tolist(), strict=True):
        if one and one.unit:
            spellings[one.unit] += count
            keys[unit_key(one.unit)] += count
    names = {key: next(unit for unit, _ in spellings.most_common() if unit_key(unit) == key)
             for key in keys}  # fmt: skip
    result.units = {names[key]: count for key, count in keys.most_common()}
    if keys:
        unitless = [count for one, count in zip(numerals, counts.tolist(), strict=True)
                if one and not one.unit]  # fmt: skip
        result.unitless = simple_count + sum(unitless)
        result.numbers.unit = next(iter(result.units))


def _matches(values: Any, pattern: str) -> np.ndarray:  # noqa: ANN401
    pc = _compute()
    matches = pc.fill_null(pc.match_substring_regex(values, pattern), False)
    return matches.to_numpy(zero_copy_only=False)


def _floats(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array
    return values.to_numpy(zero_copy_only=False).astype(np.float64, copy=True)


def _compute() -> Any:  # noqa: ANN401 - pyarrow makes its functions when it is imported
    import pyarrow.compute

    return pyarrow.compute
