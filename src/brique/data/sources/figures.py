"""Figures: columns that hold digits and are read neither as numbers nor as moments."""

import re

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.guess import Cut, finding, rows_said
from brique.data.sources.patterns import commonest
from brique.schema.numerals import numeral

_MOST = 0.5  # of the cells, that are numbers or moments
_SHARE = 0.9  # of the cells that have one of a few forms
_FORMS = 3  # different ones, digits left aside
_FEW = 20  # different cells that are classes without doubt
_CLASS = 2  # examples of each class, on average, below which a target has none


def of_figures(cut: Cut, kind: str, *, is_target: bool) -> list[Finding]:
    """Return a finding where the cells of a column are taken for words, and say numbers.

    kind: what it is taken for. Its cells are mostly numbers, and some are not; or they
    have few forms but for their digits: 1:30, 4.1/5, 52°31'N.
    """
    count = int((cut.is_known & cut.seen).sum())
    is_rare = kind == "category" and _CLASS * len(cut.distinct) > count
    if len(cut.distinct) <= _FEW or not cut.is_text or not (kind == "text" or is_target):
        return []
    strange = _strange(cut)
    if len(strange):
        return [_mixed(cut, strange, is_target=is_target)]
    if commonest(cut.distinct, cut.name)[1] > _MOST:
        return []  # of moments the audit speaks
    if (kind == "category" and not is_rare) or not _is_of_few_forms(cut.sample):
        return []
    cell, row = _first(cut, np.flatnonzero(cut.is_known))
    taken = "classes" if kind == "category" else "words"
    reason = (
        f"'{cut.name}' holds cells such as '{cell}' ({row}), which are read neither as numbers nor"
        f" as moments, and are taken for {taken}, without size or order."
    )
    remedy = (
        "Write what they measure as one number in a column, as 90 for 1:30; where they only name"
        f" rows, say --types '{cut.name}=leave'."
    )
    severity = "error" if is_target else "warning"
    return [finding("not read", severity, cut, (reason, remedy), np.empty(0, int))]


def _strange(cut: Cut) -> np.ndarray:
    """Return the rows whose cells are no numbers, where most are; else none."""
    is_number = [numeral(cell) is not None for cell in cut.sample]
    if np.mean(is_number) <= _MOST or cut.codes_among.any():
        return np.empty(0, int)
    return np.flatnonzero(np.isnan(cut.numbers.values) & cut.is_known)


def _mixed(cut: Cut, strange: np.ndarray, *, is_target: bool) -> Finding:
    cell, row = _first(cut, strange)
    taken = "classes" if is_target else "words"
    reason = (
        f"'{cut.name}' holds numbers, and {rows_said(len(strange))} with texts that are none, the"
        f" first '{cell}' in {row}, so all of its cells are taken for {taken}, without size or"
        " order."
    )
    left = "are left out" if is_target else "count as missing"
    remedy = f"Correct them; with --types '{cut.name}=number' these rows {left}."
    severity = "error" if is_target else "warning"
    return finding("not read", severity, cut, (reason, remedy), strange)


def _first(cut: Cut, rows: np.ndarray) -> tuple[str, str]:
    return str(cut.values[int(rows[0])].as_py()), str(cut.called[int(rows[0])])


def _is_of_few_forms(cells: list[str]) -> bool:
    """Tell whether most cells begin with digits, signs aside, and are alike but for these."""
    forms = [re.sub(r"\d+", "0", cell) for cell in cells if re.match(r"[\W_]*\d", cell)]
    often = sorted((forms.count(one) for one in set(forms)), reverse=True)[:_FORMS]
    return sum(often) >= _SHARE * len(cells)
