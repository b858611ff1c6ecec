"""What stands below the rows of a table: notes, and rows of sums."""

from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.rows import Cells
from brique.schema.kinds import ABSENT

_NOTES = 20  # rows at the end that may be notes
_LEAST = 3  # rows from which a sum can be told from chance
_SUMS = frozenset([
    "total", "totals", "sum", "sums", "grand total", "subtotal", "overall", "all", "summe",
    "gesamt", "gesamtsumme", "insgesamt", "suma", "totale", "totaal", "totalt",
])  # fmt: skip
_MEANS = frozenset(["mean", "average", "avg", "mittelwert", "durchschnitt", "moyenne", "media"])


def trim_end(cells: Cells) -> None:
    """Leave out rows at the end of a table of texts that are no examples, and say so.

    They are notes, which fill few cells and stand where numbers stand above, and a row that holds
    the sums or means of the columns above it.
    """
    for _ in range(_NOTES):
        row = len(cells.rows) - 1
        if row < _LEAST or not _is_note(cells, row):
            break
        text = next(value for value in _last(cells) if value)
        cells.leave_out(row, f"is a note below the table: '{text[:40]}'")
    if len(cells.rows) > _LEAST:
        _leave_sums(cells)


def _last(cells: Cells) -> list[str]:
    """Return the cells of the last row."""
    found = [values[len(values) - 1].as_py() for values in cells.columns.values()]
    return ["" if value is None else str(value).strip() for value in found]


def _is_note(cells: Cells, row: int) -> bool:
    last = _last(cells)
    filled = [place for place, value in enumerate(last) if value]
    if len(last) < 2 or not filled or 2 * len(filled) > len(last):
        return False
    apart = cells.rows[row] - cells.rows[row - 1] > 1
    strange = [place for place in filled if number(last[place]) is None]
    columns = list(cells.columns.values())
    over = any(_are_numbers(columns[place].slice(max(0, row - 20), 20)) for place in strange)
    return bool(strange) and len(strange) == len(filled) and (over or (apart and len(filled) == 1))


def _are_numbers(values: Any) -> bool:  # noqa: ANN401 - a pyarrow array of texts
    known = [one for one in values.to_pylist() if one and one.strip().casefold() not in ABSENT]
    return 2 * sum(number(one) is not None for one in known[:-1]) > len(known[:-1])


def number(text: str) -> float | None:
    """Return a number that is written with a point or a comma before the decimals, or None."""
    text = text.strip()
    points, commas = text.count("."), text.count(",")
    if commas == 1 and not points:
        text = text.replace(",", ".")
    elif points and commas:
        text = text.replace(".", "").replace(",", ".") if text.rfind(",") > text.rfind(".") else (
            text.replace(",", ""))  # fmt: skip
    elif commas > 1:
        text = text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None


def _leave_sums(cells: Cells) -> None:
    """Leave out a last row that holds the sums or means of those above it; say it where it may."""
    last, columns = _last(cells), list(cells.columns.values())
    known = {place: number(value) for place, value in enumerate(last) if number(value) is not None}
    words = {
        place: value for place, value in enumerate(last)
        if value.casefold().strip(" :.=") in _SUMS | _MEANS and _comes_once(columns[place], value)
    }  # fmt: skip
    if not known or not (words or _has_gap(last, columns)):
        return
    measured = {place: _floats(columns[place]) for place in known}
    kinds = [
        kind
        for kind, of in (("sums", np.nansum), ("means", np.nanmean))
        if all(_is_such(of, measured[place], last[place]) for place in known)
    ]
    is_plain = len(known) > 1 or (kinds[:1] == ["sums"] and len(cells.rows) > 10)
    is_all = bool(kinds) and (bool(words) or is_plain)
    if not is_all and not any(value.casefold().strip(" :.=") in _SUMS for value in words.values()):
        return
    row = f"row {cells.rows[-1]}"
    item = (row, ", ".join(value for value in last if value)[:60])
    if is_all:
        reason = f"The last row of {cells.file} ({row}) holds the {kinds[0]} of the columns above;"
        reason, remedy = f"{reason} it is left out.", "Remove it from the table."
        cells.leave_out(len(cells.rows) - 1, f"holds the {kinds[0]} of the rows above")
    else:
        word = next(iter(words.values()))
        reason = f"The last row of {cells.file} ({row}) says '{word}': it may be no example."
        remedy = "Remove it where it sums up those above."
    cells.findings.append(Finding("row of sums", "warning", None, (item,), 1, reason, remedy))


def _has_gap(last: list[str], columns: list[Any]) -> bool:
    """Tell whether a row lacks what all others have, and fills columns of numbers alone."""
    if not all(_are_numbers(columns[place].slice(0, 200)) for place, one in enumerate(last) if one):
        return False
    whole = (columns[place].to_pylist()[:-1] for place, value in enumerate(last) if not value)
    return any(all(above) for above in whole)


def _comes_once(values: Any, value: str) -> bool:  # noqa: ANN401 - a pyarrow array of texts
    import pyarrow.compute as pc

    plain = pc.call_function("utf8_trim_whitespace", [values])
    return (pc.call_function("sum", [pc.call_function("equal", [plain, value])]).as_py() or 0) == 1


def _floats(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array of texts
    found = [number(one or "") for one in values.slice(0, len(values) - 1).to_pylist()]
    return np.array([np.nan if one is None else one for one in found], np.float64)


def _is_such(of: Any, above: np.ndarray, text: str) -> bool:  # noqa: ANN401 - of numpy
    """Tell whether a cell is the sum or mean of the numbers above it, as far as it is written."""
    told = number(text)
    if told is None or np.isnan(above).all() or not np.nan_to_num(above).any():
        return False
    decimals = len(text.replace(",", ".").partition(".")[2].split("e")[0])
    slack = 0.51 * 10.0**-decimals * len(above) + 1e-9 * np.nansum(np.abs(above))
    return bool(abs(float(of(above)) - told) <= min(slack, 1e-3 * abs(told)))
