"""Checks of a column that is read as numbers or kept as words."""

import re
from dataclasses import replace

import numpy as np

from brique.data.finding import Finding
from brique.data.raw.column import Numbers
from brique.data.sources.columns.guess import RawColumn, and_more, column_finding, format_rows
from brique.data.sources.columns.numbers import large_cells
from brique.errors import DataError
from brique.schema.numerals import MAGNITUDES, parse_numeral, unit_key

_FLOAT32_MAX = 3.4e38  # largest float32
_MIN_NUMBER_SHARE = 0.5  # of the cells must be numbers if --types says number
_RARE_SHARE = 0.1  # share of codes below which they may be typos
_MAX_WORDS = 100  # words that count as missing, also for new rows
_POWER = re.compile(r"[0-9]+[eE][0-9]+")
_MIN_DISTINCT_SHARE = 0.9  # share of numbers that stay distinct as float32
_MAX_VERSIONS = 20  # distinct numbers
_DECIMALS = re.compile(r"[0-9]+\.([0-9]+)")
_NO_ROWS = np.empty(0, int)


def check_numbers(
    raw_column: RawColumn, *, is_explicit: bool, is_target: bool = False
) -> tuple[Numbers, list[Finding]]:
    """Return the cells as numbers, and findings on invalid or ambiguous cells.

    is_explicit: whether --types says that they are numbers. is_target: whether the column is to be
        predicted.
    Raises DataError if --types says so and less than half are numbers, or if the kind is guessed
        and a target has an invalid cell.
    """
    numbers = replace(raw_column.numbers, values=raw_column.numbers.values.copy())
    non_numeric = np.flatnonzero(np.isnan(numbers.values) & raw_column.is_known)
    is_mostly_text = (
        is_explicit and len(non_numeric) > _MIN_NUMBER_SHARE * raw_column.is_known.sum()
    )
    if is_mostly_text or (len(non_numeric) and is_target and not is_explicit):
        raise _non_numeric_error(raw_column, non_numeric, is_mostly_text=is_mostly_text)
    findings: list[Finding] = []
    if len(non_numeric):
        findings.append(_mixed_types_finding(raw_column, non_numeric))
        words = {str(raw_column.values[row].as_py()) for row in non_numeric.tolist()}
        words = [word for word in sorted(words) if not any(map(str.isdigit, word))]
        numbers.na_values = tuple(words[:_MAX_WORDS])
    non_finite = np.flatnonzero(np.abs(numbers.values) > _FLOAT32_MAX)
    if len(non_finite):
        findings.append(_non_finite_finding(raw_column, non_finite))
        numbers.values[non_finite] = np.nan
    return numbers, [
        *findings,
        *_decimal_findings(raw_column),
        *_unit_findings(raw_column),
        *_precision_findings(raw_column),
        *([] if is_explicit else [*_exponent_findings(raw_column), *_version_findings(raw_column)]),
    ]


def _non_numeric_error(
    raw_column: RawColumn, rows: np.ndarray, *, is_mostly_text: bool
) -> DataError:
    """Return the error for texts among numbers. rows: of the texts."""
    name, row = raw_column.name, int(rows[0])
    suggestion = "" if is_mostly_text else f", or leave such rows out: --types '{name}=number'"
    return DataError(
        f"{raw_column.full_name}: expected numbers, got '{raw_column.values[row].as_py()}' in"
        f" {raw_column.row_names[row]}{and_more(len(rows))}; correct it, or read the"
        f" column as classes: --types '{name}=category'{suggestion}"
    )


def _mixed_types_finding(raw_column: RawColumn, rows: np.ndarray) -> Finding:
    """Return a finding on texts among numbers. rows: of the texts."""
    first = raw_column.values[int(rows[0])].as_py()
    reason = (
        f"'{raw_column.name}' holds numbers, and other texts in {format_rows(len(rows))},"
        f" which count as missing, the first '{first}'."
    )
    remedy = f"Correct them, or read the column as classes: --types '{raw_column.name}=category'."
    return column_finding("mixed types", "warning", raw_column, (reason, remedy), rows)


def _non_finite_finding(raw_column: RawColumn, rows: np.ndarray) -> Finding:
    reason = (
        f"'{raw_column.name}' is not finite in {format_rows(len(rows))}; these count as missing."
    )
    remedy = "Check where they come from; a logarithm tames values that grow without bound."
    return column_finding("not finite", "warning", raw_column, (reason, remedy), rows)


def _decimal_findings(raw_column: RawColumn) -> list[Finding]:
    """Return findings on decimal signs: an error if they can be read in two ways."""
    decimal, ambiguous_row = raw_column.numbers.decimal, raw_column.parsed_numbers.ambiguous_row
    flags = "--decimal comma or --decimal point"
    if ambiguous_row is not None:
        cell = str(raw_column.values[ambiguous_row].as_py())
        parsed = parse_numeral(cell)
        assert parsed is not None
        first, second = (parsed.value("point"), parsed.value("comma"))
        reason = (
            f"'{raw_column.name}' can be read in two ways, and nothing decides: '{cell}' in"
            f" {raw_column.row_names[ambiguous_row]} is {first:.15g} with a decimal point, and"
            f" {second:.15g} with a"
            f" decimal comma; now it is {raw_column.numbers.text(ambiguous_row)}."
        )
        remedy = f"Say which sign is the decimal one: {flags}."
        return [
            column_finding(
                "decimal sign", "error", raw_column, (reason, remedy), np.array([ambiguous_row])
            )
        ]
    if raw_column.parsed_numbers.has_both_signs:
        rows = np.flatnonzero(np.isnan(raw_column.numbers.values) & raw_column.is_known)
        rows = rows if len(rows) else _NO_ROWS
        reason = (
            f"'{raw_column.name}' has numbers with a decimal point, and others with a decimal"
            " comma."
        )
        remedy = f"Write all alike, or choose the sign: {flags}."
        return [column_finding("decimal sign", "error", raw_column, (reason, remedy), rows)]
    commas = [cell for cell in raw_column.sample if "," in cell] if raw_column.is_text else []
    if not commas:
        return []
    mark = "between thousands" if decimal == "point" else "before the decimals"
    reason = f"'{raw_column.name}' is read as numbers with a comma {mark}, such as {commas[0]}."
    rows = np.flatnonzero(~np.isnan(raw_column.numbers.values))[:1]
    remedy = f"Nothing, if that is how it is meant; else {flags}."
    return [column_finding("comma", "note", raw_column, (reason, remedy), rows)]


def _unit_findings(raw_column: RawColumn) -> list[Finding]:
    """Return findings on units: an error if there are several."""
    units, unitless = raw_column.parsed_numbers.units, raw_column.parsed_numbers.unitless
    if not units:
        return []
    unit, *others = units
    counts = [f"{name} in {format_rows(count)}" for name, count in units.items()]
    if not others and unitless and unit_key(unit).casefold() in MAGNITUDES:
        others, counts = ["none"], [*counts, f"none in {format_rows(unitless)}"]
    if others:
        reason = (
            f"'{raw_column.name}' has several units: {', '.join(counts)}; the numbers are not"
            " alike."
        )
        remedy = (
            f"Write all in one unit; where the column holds names, say --types"
            f" '{raw_column.name}=category'."
        )
        return [column_finding("two units", "error", raw_column, (reason, remedy), _NO_ROWS)]
    with_unit = (
        cell
        for cell in raw_column.sample
        if (parsed := parse_numeral(cell)) is not None and parsed.unit
    )
    message = (
        f"'{raw_column.name}' is read as numbers in {unit}, such as"
        f" {next(with_unit, raw_column.sample[0])}"
    )
    if unitless:
        reason = f"{message}; {format_rows(unitless)} have no unit, and count as {unit} too."
        return [
            column_finding(
                "unit", "warning", raw_column, (reason, "Write the unit in all, or none."), _NO_ROWS
            )
        ]
    remedy = f"Nothing, if that is a unit; else say --types '{raw_column.name}=category'."
    return [column_finding("unit", "note", raw_column, (f"{message}.", remedy), _NO_ROWS)]


def _precision_findings(raw_column: RawColumn) -> list[Finding]:
    """Return a finding if numbers lose digits or become equal."""
    rows = np.flatnonzero(large_cells(raw_column.values)) if raw_column.is_text else _NO_ROWS
    reason = f"'{raw_column.name}' has whole numbers that lose digits when read as numbers."
    if not len(rows):
        values = raw_column.numbers.values[np.isfinite(raw_column.numbers.values)]
        values = np.unique(values[np.abs(values) < _FLOAT32_MAX])
        num_distinct = len(np.unique(values.astype(np.float32)))
        if num_distinct > _MIN_DISTINCT_SHARE * len(values):
            return []
        reason = (
            f"'{raw_column.name}' has {len(values):,} different numbers, such as"
            f" {raw_column.sample[0]}, but only {num_distinct:,} in float32, which keeps seven"
            " digits."
        )
    remedy = (
        f"Subtract what all have in common, keep names as they are (--types"
        f" '{raw_column.name}=category'), or leave the column out."
    )
    return [column_finding("lost digits", "warning", raw_column, (reason, remedy), rows)]


def _exponent_findings(raw_column: RawColumn) -> list[Finding]:
    cells = (
        [cell for cell in raw_column.sample if _POWER.fullmatch(cell)] if raw_column.is_text else []
    )
    if not cells or any("." in cell or "," in cell for cell in raw_column.sample):
        return []
    reason = f"'{raw_column.name}' is read as numbers, {cells[0]} as {float(cells[0]):.15g}."
    remedy = (
        f"Nothing, if they are measured; codes stay so with --types '{raw_column.name}=category'."
    )
    return [column_finding("codes", "warning", raw_column, (reason, remedy), _NO_ROWS)]


def _version_findings(raw_column: RawColumn) -> list[Finding]:
    """Return a finding if decimals may be versions: 1.9 before 1.10."""
    if not raw_column.is_text or len(raw_column.distinct) > _MAX_VERSIONS:
        return []
    matches = [_DECIMALS.fullmatch(cell) for cell in raw_column.distinct]
    lengths = {len(match[1]) for match in matches if match}
    trailing_zeros = [
        match[0] for match in matches if match and len(match[1]) > 1 and match[1].endswith("0")
    ]
    if not all(matches) or len(lengths) < 2 or not trailing_zeros:
        return []
    reason = (
        f"'{raw_column.name}' is read as numbers, {trailing_zeros[0]} as"
        f" {float(trailing_zeros[0]):.15g}."
    )
    remedy = (
        "Nothing, if they are measured; versions stay so with --types"
        f" '{raw_column.name}=category'."
    )
    return [column_finding("codes", "warning", raw_column, (reason, remedy), _NO_ROWS)]


def code_findings(raw_column: RawColumn) -> list[Finding]:
    """Return a finding if cells look like numbers but are kept as words."""
    rows = np.flatnonzero(raw_column.is_code)
    num_numeric = int(sum(parse_numeral(cell) is not None for cell in raw_column.sample))
    if not len(rows) or 2 * num_numeric < len(raw_column.sample):
        return []
    cell, row = raw_column.values[int(rows[0])].as_py(), raw_column.row_names[int(rows[0])]
    reason = (
        f"'{raw_column.name}' holds codes such as {cell} ({row}; {format_rows(len(rows))} in"
        " all), so its cells are kept as they are written, not read as numbers."
    )
    remedy = f"Nothing, if they are codes; else say --types '{raw_column.name}=number'."
    is_rare = len(rows) < _RARE_SHARE * int(raw_column.is_known.sum())
    return [
        column_finding(
            "codes", "warning" if is_rare else "note", raw_column, (reason, remedy), rows
        )
    ]
