"""Sequences: CSV files, one for each example, with their classes; archives of UCR and UEA."""

import re
from collections import Counter, defaultdict

from torch import Tensor

from brique.data.place import Place, content, files, plain_name, relative
from brique.data.ragged import Ragged
from brique.data.source import Source
from brique.data.sources import ucr
from brique.data.sources.listed import FOLDERS, Listed, shared
from brique.errors import DataError
from brique.options import Options
from brique.schema import Signal, natural
from brique.schema.signals import Channels, read_channels

KIND: str = "sequences"
USES: frozenset[str] = frozenset({"target", "test", "rename", "group"})
_SUFFIXES = (".csv", ".tsv")
_LEAST = 3  # files alike but for a number that are sequences
_TARGET = re.compile(r"label|target|class|^y$")
_HEAD = 1 << 12  # bytes looked at


def fits(place: Place) -> bool:
    """Tell whether a folder holds numbered CSV files with a table of them, or folders of such.

    Or whether a place is an archive of UCR or UEA.
    """
    if ucr.fits(place):
        return True
    if not place.is_dir():
        return False
    sequences, tables = _sorted_out(place)
    if not sequences:
        return False
    if tables:
        keys = _keys(sequences)
        return any(_says(table, keys) for table in tables)
    return _by_folder(place, sequences)


def read(name: str, place: Place, asked: Options) -> Source:
    """Return the sequences below a folder, with the class that a table or a folder gives each.

    Field "signal", a Signal whose channels are the columns; and the target. Other columns of the
    tables choose test= and group=, and are left out. `ucr` reads archives of UCR and UEA.
    Raises DataError when there are no sequences, or nothing says what they are.
    """
    if ucr.fits(place):
        return ucr.read(name, place, asked)
    found = _find(name, place)
    target = _target(found, asked)
    found.choose(asked)
    total = len(found.files)
    kind, signals = _decode(found)
    if len(signals) < total:
        found.notes.append(
            f"{name}: {total - len(signals):,} of {total:,} sequences cannot be read and are left"
            " out."
        )
    return found.source(kind, Ragged.of(signals), "signal", target, asked)


def _sorted_out(place: Place) -> tuple[list[Place], list[Place]]:
    """Return the CSV files that are sequences, and those that are tables.

    Sequences: those alike but for a number, the most of a folder; or all that lie in folders of
    their own, where none lies beside these.
    """
    sheets = [file for file in files(place) if plain_name(file).endswith(_SUFFIXES)]
    bunches: dict[str, list[Place]] = defaultdict(list)
    for file in sheets:
        bunches[f"{file.parent}/{_blank(plain_name(file))}"].append(file)
    largest = max(bunches.values(), key=len, default=[])
    loose = [file for file in sheets if file not in set(largest)]
    if len(largest) >= _LEAST and "#" in _blank(plain_name(largest[0])) and loose:
        keys = _keys(largest)
        tables = [table for table in loose if _says(table, keys)]
        if tables:
            return sorted(largest, key=lambda file: natural(file.name)), tables
    order = sorted(sheets, key=lambda file: natural(relative(file, place)))
    return (order, []) if _by_folder(place, order) else ([], [])


def _blank(name: str) -> str:
    """Return a name with # for its last number."""
    return re.sub(r"\d+(?=\D*$)", "#", name)


def _keys(sequences: list[Place]) -> dict[str, int]:
    """Return the place of each file by all that a table may call it: name, stem, last number."""
    keys: dict[str, int] = {}
    for place, file in enumerate(sequences):
        name = file.name.removesuffix(".gz")
        stem = name.rsplit(".", 1)[0]
        number = re.search(r"(\d+)\D*$", stem)
        keys[name] = keys[stem] = place
        if number is not None:
            keys[number[1].lstrip("0") or "0"] = place
    return keys


def _says(table: Place, keys: dict[str, int]) -> bool:
    """Tell whether the first column of a table names at least half of the files."""
    rows = _rows(table)
    return len(rows) > 1 and len({_key(row[0]) for row in rows[1:]} & keys.keys()) * 2 >= len(
        set(keys.values())
    )


def _key(cell: str) -> str:
    return cell.lstrip("0") or "0" if cell.isdecimal() else cell.rsplit("/", 1)[-1]


def _rows(table: Place) -> list[list[str]]:
    """Return the cells of a small table, line by line."""
    text = content(table).decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    mark = next((mark for mark in ",;\t" if lines and mark in lines[0]), ",")
    lines[:1] = [line.lstrip("#") for line in lines[:1]]
    return [[cell.strip().strip('"').strip() for cell in line.split(mark)] for line in lines]


def _by_folder(place: Place, sequences: list[Place]) -> bool:
    """Tell whether files are tables of numbers, as many columns each, two folders or more."""
    folders: dict[str, Place] = {str(file.parent): file for file in sequences}
    others = [file for file in files(place) if not plain_name(file).endswith(_SUFFIXES)]
    if len(folders) < 2 or len(sequences) < 2 * len(folders) or len(others) > 3:
        return False
    if str(place) in folders:
        return False
    widths = {_width(file) for file in folders.values()}
    return len(widths) == 1 and 0 not in widths


def _width(file: Place) -> int:
    """Return how many numbers the first lines of a file have, 0 if they are none."""
    with file.open("rb") as opened:
        head = opened.read(_HEAD) if file.suffix != ".gz" else content(file)[:_HEAD]
    whole = head.rsplit(b"\n", 1)[0] if b"\n" in head else head
    try:
        return read_channels(whole, file.name).values.shape[1]
    except DataError:
        return 0


def _find(name: str, place: Place) -> Listed:
    """List the sequences, with what tables or folders say of them."""
    sequences, tables = _sorted_out(place)
    if not sequences:
        raise DataError(
            f"{name}: expected CSV files, one for each sequence, and a table of two columns that"
            " gives each number or file its class, or a folder for each class; got neither"
        )
    if tables:
        return _from_tables(Listed(name, place, "the tables"), sequences, tables)
    found = Listed(name, place, "the folders", files=sequences)
    steps = [relative(file, place).split("/")[:-1] for file in sequences]
    depth = shared(steps)
    firsts = {step[depth].casefold() for step in steps}
    has_parts = firsts <= FOLDERS.keys() and min(map(len, steps)) > depth + 1
    found.parts = [FOLDERS[step[depth].casefold()] if has_parts else 0 for step in steps]
    found.told = {"label": [step[depth + has_parts] for step in steps]}
    return found


def _from_tables(found: Listed, sequences: list[Place], tables: list[Place]) -> Listed:
    """Take what the tables say of each sequence; leave out those of which one says nothing."""
    keys = _keys(sequences)
    homes: dict[str, str] = {}
    said: list[dict[str, str]] = [{} for _ in sequences]
    for table in tables:
        names, rows = _named(table, keys)
        for line, row in rows:
            place = keys.get(_key(row[0]))
            if place is None:
                where = f"{relative(table, found.root)}, line {line}"
                found.skipped.append((where, f"there is no file of {row[0]}; add it"))
            else:
                said[place] |= dict(zip(names, row[1:], strict=False))
        homes |= dict.fromkeys(names, table.name)
    for file, about in zip(sequences, said, strict=True):
        absent = [name for name in homes if not about.get(name)]
        if absent:
            found.skip(file, f"{homes[absent[0]]} does not say its {absent[0]}; add a line")
    rows = [i for i, about in enumerate(said) if all(about.get(name) for name in homes)]
    found.files = [sequences[row] for row in rows]
    found.parts = [0] * len(rows)
    found.told = {name: [said[row][name] for row in rows] for name in homes}
    return found


def _named(table: Place, keys: dict[str, int]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of a table's columns but the first, and its rows with their lines."""
    rows = list(enumerate(_rows(table), 1))
    first = rows[0][1]
    if _key(first[0]) not in keys:
        return first[1:], rows[1:]
    stem = table.name.split(".")[0]
    return [stem if len(first) == 2 else f"{stem} {i}" for i in range(2, len(first) + 1)], rows


def _target(found: Listed, asked: Options) -> str:
    """Return the name of the column that is to be predicted. Raises DataError."""
    if asked.target is not None:
        found.column(asked.target, "--target")
        return asked.target
    names = list(found.told)
    for likely in (names, [name for name in names if _TARGET.search(name.casefold())]):
        if len(likely) == 1:
            if len(names) > 1:
                rest = ", ".join(name for name in names if name != likely[0])
                found.notes.append(
                    f"{found.name}: {likely[0]} is to be predicted; --target chooses another of"
                    f" {rest}."
                )
            return likely[0]
    raise DataError(
        f"{found.name}: the tables say {', '.join(names) or 'nothing of every file'}; say with"
        " --target which is to be predicted"
    )


def _decode(found: Listed) -> tuple[Signal, list[Tensor]]:
    """Return the kind and the sequences; leaves out those that cannot be read or differ."""
    read: list[Channels | None] = []
    for file in found.files:
        try:
            read.append(read_channels(content(file), file.name))
        except DataError as error:
            found.skip(file, str(error).removeprefix(f"signal {file.name}: "))
            read.append(None)
    names = Counter((one.values.shape[1], one.names) for one in read if one is not None)
    if not names:
        raise DataError(
            f"{found.name}: none of its {len(found.files):,} sequences can be read; the first,"
            f" {found.skipped[0][0]}: {found.skipped[0][1]}"
        )
    (channels, known), _ = names.most_common(1)[0]
    kind = Signal(channels, names=known)
    signals: list[Tensor | None] = []
    for file, one in zip(found.files, read, strict=True):
        try:
            signals.append(None if one is None else kind.prepare(one.chosen(kind)))
        except DataError as error:
            reason = str(error).removeprefix(f"signal {file.name}: ").removeprefix("signal: ")
            found.skip(file, reason)
            signals.append(None)
    found.keep([row for row, signal in enumerate(signals) if signal is not None])
    return kind, [signal for signal in signals if signal is not None]
