"""Checked: a column read as numbers or kept as words, with what is to be said of that."""

import re
from dataclasses import replace

import numpy as np

from brique.data.column import Numbers
from brique.data.finding import Finding
from brique.data.sources.guess import Cut, finding, more, rows_said
from brique.data.sources.numbers import large
from brique.errors import DataError
from brique.schema.numerals import MULTIPLES, numeral, unit_key

_LARGE = 3.4e38  # beyond it float32 has no number
_HALF = 0.5  # of the cells must be numbers where a person says that they are
_RARE = 0.1  # share of codes in a column at which they may be slips
_KEPT = 100  # words that count as missing, and do so when asked
_POWER = re.compile(r"[0-9]+[eE][0-9]+")
_ALIKE = 0.9  # share of numbers that stay different as float32
_VERSIONS = 20  # different ones
_DECIMALS = re.compile(r"[0-9]+\.([0-9]+)")
_NONE = np.empty(0, int)


def checked_numbers(
    cut: Cut, *, is_told: bool, is_target: bool = False
) -> tuple[Numbers, list[Finding]]:
    """Return the cells as numbers, and findings on those that are none, or are not clear.

    is_told: whether a person says that they are numbers. is_target: whether they are to be
        predicted.
    Raises DataError where a person says so and less than half are, or where it is guessed and a
        target has one that is none.
    """
    numbers = replace(cut.numbers, values=cut.numbers.values.copy())
    strange = np.flatnonzero(np.isnan(numbers.values) & cut.is_known)
    is_unfit = is_told and len(strange) > _HALF * cut.is_known.sum()
    if is_unfit or (len(strange) and is_target and not is_told):
        row = int(strange[0])
        left = "" if is_unfit else f", or leave such rows out: --types '{cut.name}=number'"
        raise DataError(
            f"{cut.where}: expected numbers, got '{cut.values[row].as_py()}' in"
            f" {cut.called[row]}{more(len(strange))}; correct it, or take the column for"
            f" classes: --types '{cut.name}=category'{left}"
        )
    found: list[Finding] = []
    if len(strange):
        reason = (
            f"'{cut.name}' holds numbers, and texts that are none in {rows_said(len(strange))},"
            f" which count as missing, the first '{cut.values[int(strange[0])].as_py()}'."
        )
        remedy = f"Correct them, or take the column for classes: --types '{cut.name}=category'."
        found.append(finding("mixed types", "warning", cut, (reason, remedy), strange))
        words = {str(cut.values[row].as_py()) for row in strange.tolist()}
        words = [word for word in sorted(words) if not any(map(str.isdigit, word))]
        numbers.absent = tuple(words[:_KEPT])
    endless = np.flatnonzero(np.abs(numbers.values) > _LARGE)
    if len(endless):
        reason = f"'{cut.name}' is not finite in {rows_said(len(endless))}: they count as missing."
        remedy = "Look where they come from; a logarithm tames what grows without bound."
        found.append(finding("not finite", "warning", cut, (reason, remedy), endless))
        numbers.values[endless] = np.nan
    return numbers, [
        *found,
        *_of_signs(cut),
        *_of_units(cut),
        *_of_digits(cut),
        *([] if is_told else [*_of_powers(cut), *_of_versions(cut)]),
    ]


def _of_signs(cut: Cut) -> list[Finding]:
    """Return what is to be said of decimal signs: an error where they can be read in two ways."""
    decimal, unclear = cut.numbers.decimal, cut.read.unclear
    flags = "--decimal comma or --decimal point"
    if unclear is not None:
        cell = str(cut.values[unclear].as_py())
        made = numeral(cell)
        assert made is not None
        first, second = (made.value("point"), made.value("comma"))
        reason = (
            f"'{cut.name}' can be read in two ways, and nothing decides: '{cell}' in"
            f" {cut.called[unclear]} is {first:.15g} with a decimal point, and {second:.15g} with a"
            f" decimal comma; now it is {cut.numbers.said(unclear)}."
        )
        remedy = f"Say which sign stands before the decimals: {flags}."
        return [finding("decimal sign", "error", cut, (reason, remedy), np.array([unclear]))]
    if cut.read.both:
        rows = np.flatnonzero(np.isnan(cut.numbers.values) & cut.is_known)
        rows = rows if len(rows) else _NONE
        reason = f"'{cut.name}' has numbers with a decimal point, and others with a decimal comma."
        remedy = f"Write all alike, or say which sign is meant: {flags}."
        return [finding("decimal sign", "error", cut, (reason, remedy), rows)]
    commas = [cell for cell in cut.sample if "," in cell] if cut.is_text else []
    if not commas:
        return []
    mark = "between thousands" if decimal == "point" else "before the decimals"
    reason = f"'{cut.name}' is read as numbers with a comma {mark}, such as {commas[0]}."
    rows = np.flatnonzero(~np.isnan(cut.numbers.values))[:1]
    remedy = f"Nothing, if that is how it is meant; else {flags}."
    return [finding("comma", "note", cut, (reason, remedy), rows)]


def _of_units(cut: Cut) -> list[Finding]:
    """Return what is to be said of units: an error where there are several."""
    units, bare = cut.read.units, cut.read.bare
    if not units:
        return []
    unit, *others = units
    counts = [f"{name} in {rows_said(count)}" for name, count in units.items()]
    if not others and bare and unit_key(unit).casefold() in MULTIPLES:
        others, counts = ["none"], [*counts, f"none in {rows_said(bare)}"]
    if others:
        reason = f"'{cut.name}' has several units: {', '.join(counts)}; the numbers are not alike."
        remedy = (
            f"Write all in one unit; where the column holds names, say --types"
            f" '{cut.name}=category'."
        )
        return [finding("two units", "error", cut, (reason, remedy), _NONE)]
    read = (cell for cell in cut.sample if (made := numeral(cell)) is not None and made.unit)
    said = f"'{cut.name}' is read as numbers in {unit}, such as {next(read, cut.sample[0])}"
    if bare:
        reason = f"{said}; {rows_said(bare)} have no unit, and are taken as {unit} too."
        return [finding("unit", "warning", cut, (reason, "Write the unit in all, or none."), _NONE)]
    remedy = f"Nothing, if that is a unit; else say --types '{cut.name}=category'."
    return [finding("unit", "note", cut, (f"{said}.", remedy), _NONE)]


def _of_digits(cut: Cut) -> list[Finding]:
    """Return a finding where numbers are as they are written no longer, or alike."""
    rows = np.flatnonzero(large(cut.values)) if cut.is_text else _NONE
    reason = f"'{cut.name}' has whole numbers that lose digits when read as numbers."
    if not len(rows):
        known = cut.numbers.values[np.isfinite(cut.numbers.values)]
        known = np.unique(known[np.abs(known) < _LARGE])
        kept = len(np.unique(known.astype(np.float32)))
        if kept > _ALIKE * len(known):
            return []
        reason = (
            f"'{cut.name}' has {len(known):,} different numbers, such as {cut.sample[0]}, which are"
            f" {kept:,} in the seven digits that a net has of each: its fields are float32."
        )
    remedy = (
        f"Take off what all have in common, keep names as they are (--types"
        f" '{cut.name}=category'), or leave the column out."
    )
    return [finding("lost digits", "warning", cut, (reason, remedy), rows)]


def _of_powers(cut: Cut) -> list[Finding]:
    cells = [cell for cell in cut.sample if _POWER.fullmatch(cell)] if cut.is_text else []
    if not cells or any("." in cell or "," in cell for cell in cut.sample):
        return []
    reason = f"'{cut.name}' is read as numbers, {cells[0]} as {float(cells[0]):.15g}."
    remedy = f"Nothing, if they are measured; codes stay so with --types '{cut.name}=category'."
    return [finding("codes", "warning", cut, (reason, remedy), _NONE)]


def _of_versions(cut: Cut) -> list[Finding]:
    """Return a finding where decimals may count on, as versions do: 1.9 before 1.10."""
    if not cut.is_text or len(cut.distinct) > _VERSIONS:
        return []
    decimals = [_DECIMALS.fullmatch(cell) for cell in cut.distinct]
    lengths = {len(one[1]) for one in decimals if one}
    longer = [one[0] for one in decimals if one and len(one[1]) > 1 and one[1].endswith("0")]
    if not all(decimals) or len(lengths) < 2 or not longer:
        return []
    reason = f"'{cut.name}' is read as numbers, {longer[0]} as {float(longer[0]):.15g}."
    remedy = f"Nothing, if they are measured; versions stay so with --types '{cut.name}=category'."
    return [finding("codes", "warning", cut, (reason, remedy), _NONE)]


def of_codes(cut: Cut) -> list[Finding]:
    """Return a finding where cells look like numbers, and are kept as words."""
    rows = np.flatnonzero(cut.codes_among)
    whole = int(sum(numeral(cell) is not None for cell in cut.sample))
    if not len(rows) or 2 * whole < len(cut.sample):
        return []
    cell, row = cut.values[int(rows[0])].as_py(), cut.called[int(rows[0])]
    reason = (
        f"'{cut.name}' holds codes such as {cell} ({row}; {rows_said(len(rows))} in all), so its"
        " cells are kept as they are written, not read as numbers."
    )
    remedy = f"Nothing, if they are codes; else say --types '{cut.name}=number'."
    is_rare = len(rows) < _RARE * int(cut.is_known.sum())
    return [finding("codes", "warning" if is_rare else "note", cut, (reason, remedy), rows)]
