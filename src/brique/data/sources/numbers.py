"""Columns of texts read as numbers: their decimal sign, their unit, and what is not clear."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brique.data.column import Numbers
from brique.schema.numerals import (
    Decimal,
    Numeral,
    Shape,
    is_known_unit,
    is_money,
    numeral,
    unit_key,
)

EXACT = 2**53  # beyond it float64 has not every whole number
_SIMPLE: dict[Shape, str] = {  # numerals without blanks, groups and units, by what they show
    "whole": r"^[+-]?[0-9]{1,3}$",
    "long": r"^[+-]?[0-9]{4,}$",
    "1.234": r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$",
    "1,234": r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$",
}
_POINT, _COMMA = (r"^[+-]?([0-9]+[%s][0-9]*|[%s][0-9]+)$" % (s, s) for s in (".", ","))  # noqa: UP031
_CODES = {"zero": r"^0[0-9]+$", "plus": r"^\+[0-9]+$", "power": r"^[0-9]+[eE][0-9]+$"}
_MEASURED = r"^[-\x{2212}(]\s*[0-9]|^[+-]?[0-9]*[.,][0-9]*[1-9]|[0-9][eE][+-][0-9]"
_FEW = 3  # units of one column at most, where they are not all known
_HALF = 0.5  # of the numbers must bear a unit that is not known, or it is none


def _no_signs() -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Form:
    """How a table writes numbers.

    delimiter: between its cells. decimal: the sign before decimals, where a person says it.
    signs: returns those that its columns show without doubt: "point", "comma", both or none.
    """

    delimiter: str = ","
    decimal: Decimal | None = None
    signs: Callable[[], frozenset[str]] = field(default=_no_signs, compare=False)


PLAIN = Form()


@dataclass
class Read:
    """A column of texts as numbers.

    numbers: NaN where a cell is missing, or is none.
    unclear: the row of a cell that can be read in two ways, where nothing decides; or None.
    both: whether other cells need the other decimal sign, so that they are not read.
    units: how many cells bear each unit; several are a fault.
    bare: how many have no unit, where others have one.
    """

    numbers: Numbers
    unclear: int | None = None
    both: bool = False
    units: dict[str, int] = field(default_factory=dict[str, int])
    bare: int = 0


def read(values: Any, form: Form) -> Read:  # noqa: ANN401 - a pyarrow array
    """Return a column as numbers. values: of texts, or numbers already; null where missing."""
    import pyarrow as pa

    pc = _compute()
    if not pa.types.is_string(values.type):
        return Read(Numbers(_floats(values.cast(pa.float64()))))
    shown = {shape: _matches(values, pattern) for shape, pattern in _SIMPLE.items()}
    point, comma = _matches(values, _POINT), _matches(values, _COMMA)
    plain = point | comma | shown["whole"] | shown["long"]
    rest = pc.if_else(pa.array(~plain), values, None).dictionary_encode()
    found = [numeral(cell) for cell in rest.dictionary.to_pylist()]
    codes = rest.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(codes + 1, minlength=len(found) + 1)[1:]
    units = _units(found, counts, int(plain.sum()))
    found = [one if one and unit_key(one.unit) in units else None for one in found]
    cells_of = shown | {"1.5": point & ~shown["1.234"], "1,5": comma & ~shown["1,234"]}
    shapes = {shape for shape, cells in cells_of.items() if cells.any()}
    shapes |= {one.shape for one in found if one}
    is_money_ = any(is_money(one.unit) for one in found if one)
    decimal, is_unclear = decide(frozenset(shapes), form, is_money=is_money_)
    numbers = np.full(len(values), np.nan)
    for cells, mark in ((point, "point"), (comma, "comma")):
        numbers[cells] = _plain(values.filter(pa.array(cells)), decimal, mark)
    whole = shown["whole"] | shown["long"]
    numbers[whole] = _floats(values.filter(pa.array(whole)).cast(pa.float64()))
    table = [None if one is None else one.value(decimal) for one in found]
    others = np.array([*table, None], np.float64)[codes]
    numbers = np.where(plain, numbers, others)
    made = Read(Numbers(numbers, decimal=decimal), both={"1,234.5", "1.234,5"} <= shapes)
    if is_unclear:
        doubtful = [one is not None and one.shape in ("1.234", "1,234") for one in found]
        open_cells = shown["1.234"] | shown["1,234"] | np.array([*doubtful, False])[codes]
        made.unclear = int(np.flatnonzero(open_cells)[0])
    _name_units(made, found, counts, int(plain.sum()))
    return made


def decide(shapes: frozenset[str], form: Form, *, is_money: bool = False) -> tuple[Decimal, bool]:
    """Return the decimal sign of a column, and whether its numbers can be read in two ways.

    shapes: of its numerals. is_money: whether they are amounts, which have no three decimals.
    """
    if form.decimal is not None:
        return form.decimal, False
    if "1,234.5" in shapes:
        return "point", False
    if "1.234,5" in shapes:
        return "comma", False
    is_open = {"1.234": "1.234" in shapes, "1,234": "1,234" in shapes}
    if form.delimiter == ";":
        is_unclear = is_open["1.234"] and "1.5" not in shapes and form.signs() != {"point"}
        return "either", is_unclear
    if "1.5" in shapes and "1,5" in shapes:
        return "either", any(is_open.values())
    if "1.5" in shapes or "1,5" in shapes:
        return ("point" if "1.5" in shapes else "comma"), False
    if all(is_open.values()):
        return "point", True
    if is_open["1.234"]:
        return "point", form.signs() == {"comma"}
    if is_open["1,234"] and form.signs() == {"comma"}:
        return "comma", False
    is_told = is_money or form.signs() == {"point"} or ("whole" in shapes and "long" not in shapes)
    return "point", is_open["1,234"] and not is_told


def signs_of(columns: Any) -> frozenset[str]:  # noqa: ANN401 - an iterable of pyarrow arrays
    """Return the decimal signs that columns of texts show without doubt: "point", "comma"."""
    import pyarrow as pa

    found: set[str] = set()
    for values in columns:
        if pa.types.is_string(values.type):
            for name, sign in (("point", r"\."), ("comma", ",")):
                pattern = rf"^[+-]?([0-9]*{sign}([0-9]{{0,2}}|[0-9]{{4,}})|0{sign}[0-9]+)$"
                found |= {name} if _matches(values, pattern).any() else set()
    return frozenset(found)


def coded(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array of texts
    """Return which cells are written as codes are, not numbers (N,), bool.

    Whole numbers that begin with 0 or +, or have an exponent (1E3 beside most that have none, 12E3
    anywhere), in a column without decimals and without a minus; and any whose digits float64
    cannot hold.
    """
    found = large(values)
    starts = {name: _matches(values, pattern) for name, pattern in _CODES.items()}
    is_often = starts["power"].sum() >= _HALF * max(1, len(values) - values.null_count)
    if is_often and not _matches(values, r"^[0-9]{2,}[eE][0-9]+$").any():
        starts["power"][:] = False  # as measurements are written
    is_code = np.logical_or.reduce(list(starts.values()))
    return found if not is_code.any() or _matches(values, _MEASURED).any() else found | is_code


def large(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array of texts
    """Return which cells are whole numbers whose digits float64 cannot hold (N,), bool."""
    cells = _matches(values, r"^[+-]?[0-9]{16,}$")
    for row in np.flatnonzero(cells).tolist():
        cells[row] = abs(int(values[row].as_py())) > EXACT
    return cells


def _plain(cells: Any, decimal: Decimal, mark: str) -> np.ndarray:  # noqa: ANN401
    """Return simple numerals with one sign as numbers; NaN where it can only part thousands."""
    import pyarrow as pa

    pc, sign = _compute(), "." if mark == "point" else ","
    if decimal in (mark, "either"):
        return _floats(pc.replace_substring(cells, sign, ".").cast(pa.float64()))
    is_group = pc.match_substring_regex(cells, rf"^[+-]?[0-9]{{1,3}}\{sign}[0-9]{{3}}$")
    return _floats(
        pc.if_else(is_group, pc.replace_substring(cells, sign, ""), None).cast(pa.float64())
    )


def _units(found: list[Numeral | None], counts: np.ndarray, plain: int) -> frozenset[str]:
    """Return the keys of what are units here, "" among them.

    One that is known is one; another where half of the numbers bear it, or, of several, where a
    blank parts all of them from their numbers: "12A" and "14B" are codes.
    """
    many, apart = Counter[str](), dict[str, bool]()
    for one, count in zip(found, counts.tolist(), strict=True):
        if one:
            key = unit_key(one.unit)
            many[key] += count
            apart[key] = apart.get(key, True) and one.is_apart
    total = plain + many.total()
    named = [key for key in many if key]
    known = [key for key in named if is_known_unit(key)]
    others = [key for key in named if key not in known]
    if len(others) > 1 or (known and others):
        is_few = len(named) <= _FEW and all(apart[key] for key in others)
        others = others if is_few else []
    often = [key for key in others if sum(many[one] for one in others) >= _HALF * total]
    kept = known + often
    letters = {key for key in kept if len(key) == 1 and key.isalpha() and not apart[key]}
    if len(kept) > 1 and letters == set(kept) and not letters <= {"k", "M", "B"}:
        kept = []
    return frozenset(("", *kept))


def _name_units(made: Read, found: list[Numeral | None], counts: np.ndarray, plain: int) -> None:
    """Put in the units: of each its commonest spelling."""
    spelled, keys = Counter[str](), Counter[str]()
    for one, count in zip(found, counts.tolist(), strict=True):
        if one and one.unit:
            spelled[one.unit] += count
            keys[unit_key(one.unit)] += count
    names = {key: next(unit for unit, _ in spelled.most_common() if unit_key(unit) == key)
             for key in keys}  # fmt: skip
    made.units = {names[key]: count for key, count in keys.most_common()}
    if keys:
        bare = [count for one, count in zip(found, counts.tolist(), strict=True)
                if one and not one.unit]  # fmt: skip
        made.bare = plain + sum(bare)
        made.numbers.unit = next(iter(made.units))


def _matches(values: Any, pattern: str) -> np.ndarray:  # noqa: ANN401
    pc = _compute()
    found = pc.fill_null(pc.match_substring_regex(values, pattern), False)
    return found.to_numpy(zero_copy_only=False)


def _floats(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array
    return values.to_numpy(zero_copy_only=False).astype(np.float64, copy=True)


def _compute() -> Any:  # noqa: ANN401 - pyarrow makes its functions when it is imported
    import pyarrow.compute

    return pyarrow.compute
