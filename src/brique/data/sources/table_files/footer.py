"""The footer of a table: notes, and rows of sums."""

from typing import Any

import numpy as np

from brique.data.finding import Finding
from brique.data.sources.table_files.raw_cells import Cells
from brique.schema.missing import NA_VALUES

_MAX_NOTES = 20  # rows at the end that may be notes
_MIN_ROWS = 3  # rows at least for a sum that is no coincidence
_SUMS = frozenset([
    "total", "totals", "sum", "sums", "grand total", "subtotal", "overall", "all", "summe",
    "gesamt", "gesamtsumme", "insgesamt", "suma", "totale", "totaal", "totalt",
])  # fmt: skip
_MEANS = frozenset(["mean", "average", "avg", "mittelwert", "durchschnitt", "moyenne", "media"])


def trim_end(cells: Cells) -> None:
    """Drop rows at the end of a table of texts that are no examples, and report them.

    These are notes, which fill few cells in columns of numbers, and a row that holds
    the sums or means of the columns above it.
    """
    for _ in range(_MAX_NOTES):
        row = len(cells.rows) - 1
        if row < _MIN_ROWS or not _is_note(cells, row):
            break
        text = next(value for value in _last_cells(cells) if value)
        cells.drop_row(row, f"is a note below the table: '{text[:40]}'")
    if len(cells.rows) > _MIN_ROWS:
        _drop_sums(cells)


def _last_cells(cells: Cells) -> list[str]:
    """Return the cells of the last row."""
    row_values = [values[len(values) - 1].as_py() for values in cells.columns.values()]
    return ["" if value is None else str(value).strip() for value in row_values]


def _is_note(cells: Cells, row: int) -> bool:
    last = _last_cells(cells)
    filled = [index for index, value in enumerate(last) if value]
    if len(last) < 2 or not filled or 2 * len(filled) > len(last):
        return False
    is_apart = cells.rows[row] - cells.rows[row - 1] > 1
    text_indices = [index for index in filled if parse_number(last[index]) is None]
    columns = list(cells.columns.values())
    is_over_numbers = any(
        _are_numbers(columns[index].slice(max(0, row - 20), 20)) for index in text_indices
    )
    return (
        bool(text_indices)
        and len(text_indices) == len(filled)
        and (is_over_numbers or (is_apart and len(filled) == 1))
    )


def _are_numbers(values: Any) -> bool:  # noqa: ANN401 - a pyarrow array of texts
    present = [
        text for text in values.to_pylist() if text and text.strip().casefold() not in NA_VALUES
    ]
    return 2 * sum(parse_number(text) is not None for text in present[:-1]) > len(present[:-1])


def parse_number(text: str) -> float | None:
    """Return a number with a decimal point or comma, or None."""
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


def _drop_sums(cells: Cells) -> None:
    """Drop a last row of the sums or means of the rows above; report a possible one."""
    last, columns = _last_cells(cells), list(cells.columns.values())
    number_by_index = {
        index: parse_number(value)
        for index, value in enumerate(last)
        if parse_number(value) is not None
    }
    words = {
        index: value for index, value in enumerate(last)
        if value.casefold().strip(" :.=") in _SUMS | _MEANS and _occurs_once(columns[index], value)
    }  # fmt: skip
    if not number_by_index or not (words or _has_gap(last, columns)):
        return
    numbers_above = {index: _floats(columns[index]) for index in number_by_index}
    kinds = [
        kind
        for kind, aggregate in (("sums", np.nansum), ("means", np.nanmean))
        if all(
            _matches_aggregate(aggregate, numbers_above[index], last[index])
            for index in number_by_index
        )
    ]
    is_certain = len(number_by_index) > 1 or (kinds[:1] == ["sums"] and len(cells.rows) > 10)
    is_sum_row = bool(kinds) and (bool(words) or is_certain)
    if not is_sum_row and not any(
        value.casefold().strip(" :.=") in _SUMS for value in words.values()
    ):
        return
    row = f"row {cells.rows[-1]}"
    item = (row, ", ".join(value for value in last if value)[:60])
    if is_sum_row:
        reason = f"The last row of {cells.file} ({row}) holds the {kinds[0]} of the columns above;"
        reason, remedy = f"{reason} it is left out.", "Remove it from the table."
        cells.drop_row(len(cells.rows) - 1, f"holds the {kinds[0]} of the rows above")
    else:
        word = next(iter(words.values()))
        reason = f"The last row of {cells.file} ({row}) says '{word}': it may not be an example."
        remedy = "Remove it if it sums up the rows above."
    cells.findings.append(Finding("row of sums", "warning", None, (item,), 1, reason, remedy))


def _has_gap(last: list[str], columns: list[Any]) -> bool:
    """Tell whether a row lacks a cell that all others have, and fills columns of numbers only."""
    if not all(
        _are_numbers(columns[index].slice(0, 200)) for index, cell in enumerate(last) if cell
    ):
        return False
    columns_above = (
        columns[index].to_pylist()[:-1] for index, value in enumerate(last) if not value
    )
    return any(all(above) for above in columns_above)


def _occurs_once(values: Any, value: str) -> bool:  # noqa: ANN401 - a pyarrow array of texts
    import pyarrow.compute as pc

    trimmed = pc.call_function("utf8_trim_whitespace", [values])
    return (
        pc.call_function("sum", [pc.call_function("equal", [trimmed, value])]).as_py() or 0
    ) == 1


def _floats(values: Any) -> np.ndarray:  # noqa: ANN401 - a pyarrow array of texts
    numbers = [parse_number(one or "") for one in values.slice(0, len(values) - 1).to_pylist()]
    return np.array([np.nan if one is None else one for one in numbers], np.float64)


def _matches_aggregate(aggregate: Any, above: np.ndarray, text: str) -> bool:  # noqa: ANN401 - of numpy
    """Tell whether a cell is the sum or mean of the numbers above it, within its precision."""
    stated = parse_number(text)
    if stated is None or np.isnan(above).all() or not np.nan_to_num(above).any():
        return False
    decimals = len(text.replace(",", ".").partition(".")[2].split("e")[0])
    tolerance = 0.51 * 10.0**-decimals * len(above) + 1e-9 * np.nansum(np.abs(above))
    return bool(abs(float(aggregate(above)) - stated) <= min(tolerance, 1e-3 * abs(stated)))
