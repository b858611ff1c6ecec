"""Listing: which tables of a folder are meant, and for which part: alone, or beside pictures."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brique.data.finding import Finding
from brique.data.place import Place, files, is_hidden, relative
from brique.data.source import PARTS, part_named
from brique.data.sources.cells import is_table, may_be_table, read_cells
from brique.data.sources.decoding import is_picture
from brique.data.sources.delimited import Cells
from brique.data.sources.illustrated import Finder, Found, naming
from brique.data.sources.shelf import few, part_of, shelf
from brique.errors import DataError

_ANSWERS = re.compile(r".*submission.*", re.IGNORECASE)  # examples of answers, as Kaggle ships them
_SAMPLE = re.compile(r"sample.*submission.*", re.IGNORECASE)
_GOALS = ("label", "target", "class", "y")
_MANY = 50  # tables beside pictures; more are data of another kind
Tables = list[tuple[Place, int | None]]


@dataclass
class Listing:
    """The tables that are meant, train first, with the place in PARTS of each, None if none.

    pictures: those below the folder, where the tables name some of them.
    notes: on what is left alone.
    """

    tables: Tables
    pictures: list[Place] = field(default_factory=list[Place])
    notes: list[str] = field(default_factory=list[str])

    @property
    def is_clear(self) -> bool:
        """Whether there is one table, or each is of a part."""
        return len(self.tables) == 1 or all(part is not None for _, part in self.tables)


def listing(place: Place) -> Listing:
    """Return the tables of a place: those that name its pictures, else those that lie in it."""
    if not place.is_dir():
        return Listing([(place, None)])
    inside = files(place)
    pictures = [file for file in inside if is_picture(file)]
    if pictures:
        found = _illustrated(place, [file for file in inside if is_table(file)], pictures)
        if found is not None:
            return found
    beside = shelf(place)
    tables = [file for file in beside if is_table(file)]
    if not tables and all(file.name.casefold().endswith((".json", ".json.gz")) for file in beside):
        tables = [file for file in beside if may_be_table(file)]
    return _parted(place, tables)


def _illustrated(place: Place, tables: list[Place], pictures: list[Place]) -> Listing | None:
    """Return the tables that name pictures, or None where there is none."""
    homes = {file.parent for file in pictures}
    if len(tables) > _MANY:
        return None
    meant = [
        file
        for file in tables
        if file.parent == place
        or file.parent not in homes
        or part_named(file.parent.name)
        or {file.parent} == homes
    ]
    meant = [file for file in meant if not _SAMPLE.fullmatch(file.name)]
    good = [file for file in meant if not _is_answers(file, meant) and _names(file, place)]
    if not good:
        return None
    found = _parted(place, good)
    found.pictures = pictures
    found.notes = [
        f"{place.name}: {_why(file, place)}, left alone." for file in tables if file not in good
    ]
    return found


def _is_answers(file: Place, tables: Sequence[Place]) -> bool:
    return len(tables) > 1 and _ANSWERS.fullmatch(file.name) is not None


def _why(file: Place, place: Place) -> str:
    called = relative(file, place)
    if _ANSWERS.fullmatch(file.name):
        return f"{called} is an example of answers"
    return f"{called} names no pictures of the folder, or lies in that of a class"


def _names(table: Place, place: Place) -> bool:
    """Tell whether a column of a table names pictures below a folder."""
    try:
        cells = read_cells(table, None)
    except DataError:
        return False
    try:
        return bool(naming(cells, Finder(place, table.parent, part_of_table(table, place))))
    except DataError:  # it may mean several, which is said when it is read
        return True


def unused(place: Place) -> list[Finding]:
    """Return a finding on tables beside pictures that name none of them, if there are any."""
    held = [
        file for file in files(place)
        if file.parent == place and is_table(file) and not file.name.casefold().endswith(".txt")
        and not _ANSWERS.fullmatch(file.name) and not is_hidden(file) and not _names(file, place)
    ]  # fmt: skip
    items = tuple((relative(file, place),) for file in held)
    if not items:
        return []
    them = "is left alone, as it names" if len(items) == 1 else "are left alone, as they name"
    reason = f"{few([one for (one,) in items])} {them} no picture of the folder."
    remedy = "Correct the names of pictures there, if it says their classes."
    return [Finding("unused table", "warning", None, items, len(items), reason, remedy)]


def part_of_table(file: Place, place: Place) -> str | None:
    """Return the part that the folders or the name of a table tell of."""
    steps = relative(file, place).split("/")[:-1]
    told = next((part for part in map(part_named, steps) if part), None)
    place_in = part_of(file)
    return told or (None if place_in is None else PARTS[place_in])


def _parted(place: Place, tables: list[Place]) -> Listing:
    answers = [file for file in tables if _is_answers(file, tables)]
    tables = [file for file in tables if file not in answers]
    notes = [f"{place.name}: {_why(file, place)}, left alone." for file in answers]
    if len(tables) == 1:
        return Listing([(tables[0], None)], notes=notes)
    said = [(file, part_of_table(file, place)) for file in tables]
    found: Tables = [(file, None if part is None else PARTS.index(part)) for file, part in said]
    found.sort(key=lambda pair: (3 if pair[1] is None else pair[1], str(pair[0])))
    return Listing(found, notes=notes)


def check(name: str, place: Place, found: Listing) -> None:
    """Raise DataError where it is not clear which of several tables is meant."""
    if found.is_clear or not found.pictures:
        return
    names = [relative(file, place) for file, _ in found.tables]
    raise DataError(
        f"{name}: {few(names)} name pictures, and not each is of a part (train, valid, test);"
        f" give the one that is meant, such as {name}/{names[0]}"
    )


def to_ask(
    several: Sequence[tuple[Cells, int | None]], target: str | None
) -> tuple[list[int], str | None]:
    """Return the places of test tables that are to be asked, as they lack the target; and it.

    several: tables, the first of train, with the part of each. target: as a person names it.
    """
    first = several[0][0]
    wanted = _wanted(list(first.columns), target)
    places: list[int] = []
    goal: str | None = None
    for place, (cells, part) in enumerate(several):
        if part != PARTS.index("test") or not (first.has_header and cells.has_header):
            continue
        lacking = [
            name
            for name in first.columns
            if name not in cells.columns or cells.columns[name].null_count == len(cells.rows)
        ]
        by_name = [n for n in lacking if n.strip().casefold() in _GOALS and target is None]
        goals = [name for name in lacking if name in wanted] or by_name
        is_less = set(cells.columns) < set(first.columns)
        if not goals and target is None and is_less and len(lacking) == 1:
            goals = lacking
        if goals:
            places.append(place)
            goal = goals[0]
    return places, goal


def _wanted(names: Sequence[str], target: str | None) -> set[str]:
    """Return the columns that a person names as targets, by name or number."""
    given = [] if target is None else [target, *(one.strip() for one in target.split(","))]
    numbered = {str(place): name for place, name in enumerate(names, 1)}
    return {one if one in names else numbered.get(one, one) for one in given}


def located(
    cells: Cells, finder: Finder, root: Place, *, told: Mapping[str, str] | None = None, bare: bool
) -> dict[str, Found]:
    """Put into the cells that name pictures the path of each below a folder; return the columns.

    told: kinds of columns that a person says. Raises DataError where a cell may mean several files.
    """
    import pyarrow as pa

    said = [name if kind == "picture" else f"-{name}" for name, kind in (told or {}).items()]
    found = naming(cells, finder, told=said, bare=bare)
    for name, one in found.items():
        paths = {cell: relative(file, root) for cell, file in one.files.items()}
        texts = [None if v is None else str(v) for v in cells.columns[name].to_pylist()]
        cells.columns[name] = pa.array(
            [v if v is None else paths.get(v, v) for v in texts], pa.string()
        )
    return found


def rest(place: Place) -> Iterable[Place]:
    """Yield what lies beside the tables of a folder."""
    tables = [file for file, _ in listing(place).tables]
    there = (one for one in place.iterdir() if not is_hidden(one) and not is_table(one))
    return (one for one in there if one not in tables)
