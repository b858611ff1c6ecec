"""What stands above the rows of a table: titles, the names of its columns, their units."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from brique.schema.kinds import ABSENT

_NAME = re.compile(r"[^\W\d][\w .()/%#-]{0,39}")
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)
_BRACKETED = re.compile(r"\[.*\]|\(.*\)|<.*>|\{.*\}|[-=_\u2013\u2014]+|%|°\w?")
_WORDS = frozenset(
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
)  # units, and types
_DEEPEST = 50  # rows among which the header is sought
_RUN, _LONG = 3, 8  # numbers that count on, at least; so many that it is no chance
_MOSTLY = 0.8  # share of numbers among the cells of a column of numbers


@dataclass
class Head:
    """What stands above the first row.

    names: of the columns; None where no row names them. above: rows of the file before the first.
    titles: above the names, and about: below them, rows that belong to no example (number, text).
    """

    names: list[str] | None
    above: int
    titles: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    about: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


def head_of(
    rows: Sequence[Sequence[str]],
    width: int,
    told: bool | None = None,
    known: Collection[str] = (),
) -> Head:
    """Return what stands above the rows of a table.

    rows: the first of the file, blank ones too. width: fields that most rows have.
    told: whether a row names the columns; None to guess it.
    known: names that the columns should have, such as those that a model was trained with.
    """
    there = [at for at, row in enumerate(rows) if count(row)]
    if not there:
        return Head(None, 0)
    at = None if told is False else _with(rows, there, known)
    has_names = at is not None
    if at is None:
        at = _begin(rows, there, width, told)
        has_names = told if told is not None else is_header(rows[at], _below(rows, at), width)
    titles = [one for one in there if one < at]
    group = has_names and titles and _is_group(rows[titles[-1]], rows[at])
    group = titles.pop() if group else None
    if not has_names and any(_is_number(cell.strip()) for one in titles for cell in rows[one]):
        at, titles = there[0], []  # rows of another length
    above = [(one + 1, _shown(rows[one])) for one in titles]
    if not has_names:
        return Head(None, at, above)
    head = Head([name.strip() for name in rows[at]], at + 1, above)
    if group is not None:
        head.names = _joined([cell.strip() for cell in rows[group]], rows[at])
    _second(head, rows, at, width)
    return head


def _is_group(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Tell whether a row names groups of columns, which the row below it names alike."""
    names = [cell.strip() for cell in lower]
    return len(upper) == len(names) > len({*names}) and count(upper) > 1


def _with(
    rows: Sequence[Sequence[str]], there: Sequence[int], known: Collection[str]
) -> int | None:
    """Return the first row that holds most of the names that columns should have."""
    for at in there[:_DEEPEST]:
        found = {cell.strip() for cell in rows[at]} & {*known}
        if 2 * len(found) > len({*known}):
            return at
    return None


def _begin(
    rows: Sequence[Sequence[str]], there: Sequence[int], width: int, told: bool | None
) -> int:
    """Return the row at which a table begins: the first as wide as it, and mostly filled."""
    first = there[0]
    wide = (at for at in there[:_DEEPEST] if _fits(rows[at], width) and 2 * count(rows[at]) > width)
    full = next(wide, first)
    if full == first:
        return first
    votes = _votes(rows[full], _below(rows, full), width)
    before = there[there.index(full) - 1]
    if votes <= 0 and _is_short(rows[before], width) and told is not False:
        return before
    if any(len(rows[at]) >= width for at in there if at < full) and votes <= 0 and not told:
        return first  # its cells are missing, and no names stand below it
    return full


def _fits(row: Sequence[str], width: int) -> bool:
    return len(row) == width or (len(row) > width and not count(row[width:]))


def _is_short(row: Sequence[str], width: int) -> bool:
    """Tell whether a row may name all columns but some: texts, each another."""
    names = _stripped(row)
    is_named = len({*names}) == len(names) and all(map(_NAME.fullmatch, names))
    return is_named and (len(names) == width - 1 or 2 * len(names) >= width > len(names) > 1)


def _stripped(row: Sequence[str]) -> list[str]:
    """Return the cells of a row, without empty ones at its end."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _below(rows: Sequence[Sequence[str]], at: int) -> list[Sequence[str]]:
    return [row for row in rows[at + 1 :] if count(row)]


def _second(head: Head, rows: Sequence[Sequence[str]], at: int, width: int) -> None:
    """Take the row below the names for what it is: units or the like, or the lower names."""
    names = head.names or []
    below = [number for number in range(at + 1, len(rows)) if count(rows[number])]
    if len(below) > 1 and all(map(_is_import, rows[below[1]])):  # of Qualtrics: questions, ids
        head.about += [(number + 1, _shown(rows[number])) for number in below[:2]]
        head.above = below[1] + 1
        return
    rest = [rows[number] for number in below[1:] if len(rows[number]) == width]
    if len(names) != width or len(rest) < 2 or len(rows[below[0]]) != width:
        return
    second = [cell.strip() for cell in rows[below[0]]]
    columns = [[cell.strip() for cell in cells] for cells in zip(*rest, strict=True)]
    kind = _is_about(second, columns)
    if kind and len({*names}) < len(names) and all(second):
        head.names = _joined(names, second)
    elif kind:
        head.about.append((below[0] + 1, _shown(second)))
    else:
        return
    head.above = below[0] + 1


def _is_about(second: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row says something of the columns: words stand where numbers stand below."""
    pairs = list(zip(second, columns, strict=True))
    over = [cell for cell, cells in pairs if _are_numbers(cells)]
    others = [(cell, cells) for cell, cells in pairs if cell and not _are_numbers(cells)]
    if any(_is_number(cell) for cell in over) or not any(over):
        return False
    if any(cell in cells or _is_like(cell, cells) for cell, cells in others):
        return False
    if all(map(_is_unit, filter(None, [*over, *(cell for cell, _ in others)]))):
        return any(cell.casefold() not in ABSENT for cell in over)
    return len({*over}) > 1 and not {cell.casefold() for cell in over} & ABSENT


def _is_import(cell: str) -> bool:
    return cell.strip().startswith('{"ImportId"')


def _is_unit(cell: str) -> bool:
    return _BRACKETED.fullmatch(cell) is not None or cell.casefold() in _WORDS


def _is_like(cell: str, cells: Sequence[str]) -> bool:
    """Tell whether a cell has figures as those below it have, such as dates."""
    return _has_figure(cell) and sum(map(_has_figure, cells)) >= _MOSTLY * len(cells)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Return names that stand in two rows, the upper one for several columns: "size.height"."""
    found: list[str] = []
    group = ""
    for one, other in zip(upper, map(str.strip, lower), strict=True):
        group = one or group
        found.append(".".join(part for part in (group, other) if part))
    return found


def is_header(first: Sequence[str], below: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether the first row names the columns: texts stand where numbers stand below."""
    names = [name.strip() for name in first]
    names = names if len(names) <= width else max(_stripped(names), names[:width], key=len)
    rows = [row for row in below if len(row) == width]
    if len(names) > width:  # names of more than there is, which is said later
        return len({*names}) == len(names) and _votes(names, below, width) > 0
    if width - len(names) > max(1, width // 2):
        return False
    if not rows:
        return not below and all(map(_NAME.fullmatch, names))
    columns = _columns(names, rows)
    if _counts_on(names, columns, rows):
        return True
    votes = _votes(names, below, width)
    if votes:
        return votes > 0
    return len(set(names)) == len(names) and all(
        _NAME.fullmatch(name) and name not in cells
        for name, cells in zip(names, columns, strict=True)
    )


def _counts_on(
    names: Sequence[str], columns: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]
) -> bool:
    """Tell whether a row counts, as 0, 1, 2 or 1990, 1991, 1992, and the rows below do not.

    A few such numbers must not stand in their columns.
    """
    if len({*names}) < len(names) or not _is_run(names):
        return False
    pairs = list(zip(names, columns, strict=True))
    others = [(name, cells) for name, cells in pairs if not name.isdecimal()]
    few = pairs if len(names) - len(others) < _LONG else others
    return not any(name in cells for name, cells in few) and not any(map(_is_run, rows[:_DEEPEST]))


def _is_run(row: Sequence[str]) -> bool:
    found = [int(cell) for cell in map(str.strip, row) if cell.isdecimal()]
    return len(found) >= _RUN and found == [*range(found[0], found[0] + len(found))]


def _votes(first: Sequence[str], below: Sequence[Sequence[str]], width: int) -> int:
    """Return for how many columns more a row is unlike the numbers below it than like them."""
    names = [name.strip() for name in first][:width]
    rows = [row for row in below if len(row) == width]
    pairs = zip(names, _columns(names, rows), strict=True) if rows else ()
    return sum(_vote(name, cells) for name, cells in pairs)


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the cells below each name; fewer names are those of the last columns, as R writes."""
    columns = [[cell.strip() for cell in cells] for cells in zip(*rows, strict=True)]
    if len(names) < len(columns) and not any(columns[-1]):
        return columns[: len(names)]  # each row ends with a delimiter
    return columns[len(columns) - len(names) :]


def _vote(name: str, cells: Sequence[str]) -> int:
    """Return 1 where a first cell is unlike the numbers or figures below it, -1 where it is like.

    0 where there are none below, or figures stand anywhere among letters.
    """
    known = [cell for cell in cells if cell.casefold() not in ABSENT]
    if not known or not name:
        return 0
    if sum(map(_is_number, known)) >= _MOSTLY * len(known):
        return -1 if _is_number(name) or name.casefold() in ABSENT else 1
    if sum(map(_has_figure, known)) < _MOSTLY * len(known):
        return 0
    shapes = [_shape(cell) for cell in known]
    if name.casefold() not in ABSENT and not _has_figure(name):
        return 0 if _shape(name) in shapes else 1  # Free may stand among prices
    if name.casefold() in ABSENT or _shape(name) in shapes:
        return -1
    is_alike = max(map(shapes.count, {*shapes})) >= _MOSTLY * len(shapes)
    return 1 if is_alike else 0


def _are_numbers(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell.casefold() not in ABSENT]
    return bool(known) and sum(map(_is_number, known)) >= _MOSTLY * len(known)


def _shape(cell: str) -> str:
    """Return how a cell is written: its figures as 9, its letters as a, several as one."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))


def _has_figure(cell: str) -> bool:
    return any(letter.isdigit() for letter in cell)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def count(row: Sequence[str]) -> int:
    """Return how many cells of a row hold something."""
    return sum(1 for cell in row if cell.strip())


def _shown(row: Sequence[str]) -> str:
    return " ".join(", ".join(cell.strip() for cell in row if cell.strip()).split())[:60]
