"""The header of a table: titles, the names of its columns, their units."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from brique.schema.missing import NA_VALUES

_NAME = re.compile(r"[^\W\d][\w .()/%#-]{0,39}")
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)
_BRACKETED = re.compile(r"\[.*\]|\(.*\)|<.*>|\{.*\}|[-=_\u2013\u2014]+|%|°\w?")
_UNITS_AND_TYPES = frozenset(
    re.findall(
        r"\S+",
        """
        mm cm m km in ft mi yd mg g kg t lb oz µg ug ms s sec min h hr d day days yr year years
        hz khz mhz ghz v mv kv a ma w kw mw wh kwh pa hpa kpa mpa bar mbar psi c f k l ml dl
        m2 m3 m² m³ cm2 cm3 m/s km/h mph m/s2 m/s² rad deg n nm j kj cal kcal usd eur gbp db dba
        lx lux ppm ppb mol rpm px mg/l g/l mg/dl mmol/l g/m3 µg/m3 ug/m3 w/m2 count counts units
        float float32 float64 int int32 int64 integer number numeric double real decimal bool
        boolean string str text varchar object category categorical continuous discrete date
        datetime timestamp
        """,
    )
)  # units and types
_MAX_HEADER_ROWS = 50  # rows to search for the header
_MIN_RUN, _LONG_RUN = 3, 8  # consecutive numbers at least; so many are no coincidence
_NUMBER_SHARE = 0.8  # share of numbers among the cells of a column of numbers


@dataclass
class TableHeader:
    """The lines above the first row.

    names: of the columns; None without a row of names. num_above: rows of the file above the first.
    titles, descriptions: (number, text) of rows above and below the names that are no examples.
    """

    names: list[str] | None
    num_above: int
    titles: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    descriptions: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


def find_header(
    rows: Sequence[Sequence[str]],
    width: int,
    has_header: bool | None = None,
    expected_names: Collection[str] = (),
) -> TableHeader:
    """Return the header of a table.

    rows: the first rows of the file, including blank ones. width: fields of most rows.
    has_header: whether a row names the columns; None to guess it.
    expected_names: names that the columns should have, such as those of a trained model.
    """
    filled_rows = [header_row for header_row, row in enumerate(rows) if count_filled(row)]
    if not filled_rows:
        return TableHeader(None, 0)
    header_row = None if has_header is False else _row_with_names(rows, filled_rows, expected_names)
    has_names = header_row is not None
    if header_row is None:
        header_row = _first_row(rows, filled_rows, width, has_header)
        has_names = (
            has_header
            if has_header is not None
            else is_header(rows[header_row], _rows_below(rows, header_row), width)
        )
    titles = [index for index in filled_rows if index < header_row]
    group_row = has_names and titles and _is_group(rows[titles[-1]], rows[header_row])
    group_row = titles.pop() if group_row else None
    if not has_names and any(_is_number(cell.strip()) for index in titles for cell in rows[index]):
        header_row, titles = filled_rows[0], []  # rows of another width
    numbered_titles = [(index + 1, _format_row(rows[index])) for index in titles]
    if not has_names:
        return TableHeader(None, header_row, numbered_titles)
    header = TableHeader(
        [name.strip() for name in rows[header_row]], header_row + 1, numbered_titles
    )
    if group_row is not None:
        header.names = _join_names([cell.strip() for cell in rows[group_row]], rows[header_row])
    _read_second_row(header, rows, header_row, width)
    return header


def _is_group(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Tell whether a row names groups of columns, whose names repeat in the row below."""
    names = [cell.strip() for cell in lower]
    return len(upper) == len(names) > len({*names}) and count_filled(upper) > 1


def _row_with_names(
    rows: Sequence[Sequence[str]], filled_rows: Sequence[int], expected_names: Collection[str]
) -> int | None:
    """Return the first row with most of the expected names."""
    for index in filled_rows[:_MAX_HEADER_ROWS]:
        names = {cell.strip() for cell in rows[index]} & {*expected_names}
        if 2 * len(names) > len({*expected_names}):
            return index
    return None


def _first_row(
    rows: Sequence[Sequence[str]], filled_rows: Sequence[int], width: int, has_header: bool | None
) -> int:
    """Return the row where a table begins: the first of full width that is mostly filled."""
    first = filled_rows[0]
    wide_rows = (
        index
        for index in filled_rows[:_MAX_HEADER_ROWS]
        if _fits(rows[index], width) and 2 * count_filled(rows[index]) > width
    )
    full_row = next(wide_rows, first)
    if full_row == first:
        return first
    votes = _votes(rows[full_row], _rows_below(rows, full_row), width)
    previous = filled_rows[filled_rows.index(full_row) - 1]
    if votes <= 0 and _is_short(rows[previous], width) and has_header is not False:
        return previous
    if (
        any(len(rows[index]) >= width for index in filled_rows if index < full_row)
        and votes <= 0
        and not has_header
    ):
        return first  # cells are missing, and no names follow
    return full_row


def _fits(row: Sequence[str], width: int) -> bool:
    return len(row) == width or (len(row) > width and not count_filled(row[width:]))


def _is_short(row: Sequence[str], width: int) -> bool:
    """Tell whether a row may name most columns: distinct texts."""
    names = _stripped(row)
    are_names = len({*names}) == len(names) and all(map(_NAME.fullmatch, names))
    return are_names and (len(names) == width - 1 or 2 * len(names) >= width > len(names) > 1)


def _stripped(row: Sequence[str]) -> list[str]:
    """Return the cells of a row, without trailing empty ones."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _rows_below(rows: Sequence[Sequence[str]], index: int) -> list[Sequence[str]]:
    return [row for row in rows[index + 1 :] if count_filled(row)]


def _read_second_row(
    header: TableHeader, rows: Sequence[Sequence[str]], header_row: int, width: int
) -> None:
    """Interpret the row below the names: units, descriptions, or second names."""
    names = header.names or []
    filled_below = [
        index for index in range(header_row + 1, len(rows)) if count_filled(rows[index])
    ]
    if len(filled_below) > 1 and all(
        map(_is_import, rows[filled_below[1]])
    ):  # of Qualtrics: questions, ids
        header.descriptions += [(index + 1, _format_row(rows[index])) for index in filled_below[:2]]
        header.num_above = filled_below[1] + 1
        return
    body = [rows[index] for index in filled_below[1:] if len(rows[index]) == width]
    if len(names) != width or len(body) < 2 or len(rows[filled_below[0]]) != width:
        return
    second = [cell.strip() for cell in rows[filled_below[0]]]
    columns = [[cell.strip() for cell in cells] for cells in zip(*body, strict=True)]
    is_description = _is_description(second, columns)
    if is_description and len({*names}) < len(names) and all(second):
        header.names = _join_names(names, second)
    elif is_description:
        header.descriptions.append((filled_below[0] + 1, _format_row(second)))
    else:
        return
    header.num_above = filled_below[0] + 1


def _is_description(second: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row describes the columns: words above numbers."""
    pairs = list(zip(second, columns, strict=True))
    over_numbers = [cell for cell, cells in pairs if _are_numbers(cells)]
    others = [(cell, cells) for cell, cells in pairs if cell and not _are_numbers(cells)]
    if any(_is_number(cell) for cell in over_numbers) or not any(over_numbers):
        return False
    if any(cell in cells or _is_like(cell, cells) for cell, cells in others):
        return False
    if all(map(_is_unit, filter(None, [*over_numbers, *(cell for cell, _ in others)]))):
        return any(cell.casefold() not in NA_VALUES for cell in over_numbers)
    return len({*over_numbers}) > 1 and not {cell.casefold() for cell in over_numbers} & NA_VALUES


def _is_import(cell: str) -> bool:
    return cell.strip().startswith('{"ImportId"')


def _is_unit(cell: str) -> bool:
    return _BRACKETED.fullmatch(cell) is not None or cell.casefold() in _UNITS_AND_TYPES


def _is_like(cell: str, cells: Sequence[str]) -> bool:
    """Tell whether a cell has the digits of the cells below it, such as dates."""
    return _has_digit(cell) and sum(map(_has_digit, cells)) >= _NUMBER_SHARE * len(cells)


def _join_names(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Return names from two rows, the upper one for several columns: "size.height"."""
    names: list[str] = []
    group = ""
    for upper_name, lower_name in zip(upper, map(str.strip, lower), strict=True):
        group = upper_name or group
        names.append(".".join(part for part in (group, lower_name) if part))
    return names


def is_header(first: Sequence[str], below: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether the first row names the columns: texts above numbers."""
    names = [name.strip() for name in first]
    names = names if len(names) <= width else max(_stripped(names), names[:width], key=len)
    rows = [row for row in below if len(row) == width]
    if len(names) > width:  # too many names, reported later
        return len({*names}) == len(names) and _votes(names, below, width) > 0
    if width - len(names) > max(1, width // 2):
        return False
    if not rows:
        return not below and all(map(_NAME.fullmatch, names))
    columns = _columns_below(names, rows)
    if _is_counting(names, columns, rows):
        return True
    votes = _votes(names, below, width)
    if votes:
        return votes > 0
    return len(set(names)) == len(names) and all(
        _NAME.fullmatch(name) and name not in cells
        for name, cells in zip(names, columns, strict=True)
    )


def _is_counting(
    names: Sequence[str], columns: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]
) -> bool:
    """Tell whether a row counts, as 0, 1, 2 or 1990, 1991, 1992, unlike the rows below.

    A few such numbers must not occur in their columns.
    """
    if len({*names}) < len(names) or not _is_run(names):
        return False
    pairs = list(zip(names, columns, strict=True))
    others = [(name, cells) for name, cells in pairs if not name.isdecimal()]
    suspects = pairs if len(names) - len(others) < _LONG_RUN else others
    return not any(name in cells for name, cells in suspects) and not any(
        map(_is_run, rows[:_MAX_HEADER_ROWS])
    )


def _is_run(row: Sequence[str]) -> bool:
    numbers = [int(cell) for cell in map(str.strip, row) if cell.isdecimal()]
    return len(numbers) >= _MIN_RUN and numbers == [*range(numbers[0], numbers[0] + len(numbers))]


def _votes(first: Sequence[str], below: Sequence[Sequence[str]], width: int) -> int:
    """Return in how many more columns a row differs from the numbers below than matches them."""
    names = [name.strip() for name in first][:width]
    rows = [row for row in below if len(row) == width]
    pairs = zip(names, _columns_below(names, rows), strict=True) if rows else ()
    return sum(_vote(name, cells) for name, cells in pairs)


def _columns_below(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the cells below each name; fewer names belong to the last columns, as in R."""
    columns = [[cell.strip() for cell in cells] for cells in zip(*rows, strict=True)]
    if len(names) < len(columns) and not any(columns[-1]):
        return columns[: len(names)]  # each row ends with a delimiter
    return columns[len(columns) - len(names) :]


def _vote(name: str, cells: Sequence[str]) -> int:
    """Return 1 if a first cell differs from the numbers or digits below, -1 if it matches.

    0 without any below, or if digits occur anywhere among letters.
    """
    present = [cell for cell in cells if cell.casefold() not in NA_VALUES]
    if not present or not name:
        return 0
    if sum(map(_is_number, present)) >= _NUMBER_SHARE * len(present):
        return -1 if _is_number(name) or name.casefold() in NA_VALUES else 1
    if sum(map(_has_digit, present)) < _NUMBER_SHARE * len(present):
        return 0
    shapes = [_shape(cell) for cell in present]
    if name.casefold() not in NA_VALUES and not _has_digit(name):
        return 0 if _shape(name) in shapes else 1  # "Free" may occur among prices
    if name.casefold() in NA_VALUES or _shape(name) in shapes:
        return -1
    is_alike = max(map(shapes.count, {*shapes})) >= _NUMBER_SHARE * len(shapes)
    return 1 if is_alike else 0


def _are_numbers(cells: Sequence[str]) -> bool:
    present = [cell for cell in cells if cell.casefold() not in NA_VALUES]
    return bool(present) and sum(map(_is_number, present)) >= _NUMBER_SHARE * len(present)


def _shape(cell: str) -> str:
    """Return the shape of a cell: runs of digits as 9, runs of letters as a."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))


def _has_digit(cell: str) -> bool:
    return any(character.isdigit() for character in cell)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def count_filled(row: Sequence[str]) -> int:
    """Return how many cells of a row are not empty."""
    return sum(1 for cell in row if cell.strip())


def _format_row(row: Sequence[str]) -> str:
    return " ".join(", ".join(cell.strip() for cell in row if cell.strip()).split())[:60]
