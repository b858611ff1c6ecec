"""Sequences: CSV files, one for each example, with their classes; archives of UCR and UEA."""

import re
from collections import Counter, defaultdict

from torch import Tensor

from brique.data.core.ragged import Ragged
from brique.data.files.place import Place, list_files, plain_name, read_content, relative
from brique.data.raw.source import Source
from brique.data.sources.layout.labeled_files import PART_FOLDERS, LabeledFiles, common_depth
from brique.data.sources.signals import ucr
from brique.errors import DataError
from brique.options import Options
from brique.schema import Signal, natural_key
from brique.schema.signals import ChannelTable, read_channels

KIND: str = "sequences"
USES: frozenset[str] = frozenset({"target", "test", "rename", "group"})
_SUFFIXES = (".csv", ".tsv")
_MIN_FILES = 3  # files that differ in a number only to be sequences
_TARGET_NAME = re.compile(r"label|target|class|^y$")
_HEAD_BYTES = 1 << 12  # bytes to inspect


def fits(place: Place) -> bool:
    """Tell whether a folder holds numbered CSV files with a table, or in folders by class.

    Or whether a place is an archive of UCR or UEA.
    """
    if ucr.fits(place):
        return True
    if not place.is_dir():
        return False
    sequences, tables = _sequences_and_tables(place)
    if not sequences:
        return False
    if tables:
        keys = _index_by_key(sequences)
        return any(_names_files(table, keys) for table in tables)
    return _is_by_folder(place, sequences)


def read(name: str, place: Place, options: Options) -> Source:
    """Return the sequences below a folder, with the class that a table or a folder gives each.

    Field "signal", a Signal whose channels are the columns; and the target. Other columns of the
    tables choose test= and group=, and are left out. `ucr` reads archives of UCR and UEA.
    Raises DataError when there are no sequences, or no labels.
    """
    if ucr.fits(place):
        return ucr.read(name, place, options)
    examples = _find_sequences(name, place)
    target = _target(examples, options)
    examples.select_test(options)
    total = len(examples.files)
    kind, signals = _decode(examples)
    if len(signals) < total:
        examples.notes.append(
            f"{name}: {total - len(signals):,} of {total:,} sequences cannot be read and are left"
            " out."
        )
    return examples.to_source(kind, Ragged.of(signals), "signal", target, options)


def _sequences_and_tables(place: Place) -> tuple[list[Place], list[Place]]:
    """Return the CSV files that are sequences, and the tables.

    Sequences are most files of a folder and differ in a number only; or all files in subfolders,
    if none lies beside these.
    """
    table_files = [file for file in list_files(place) if plain_name(file).endswith(_SUFFIXES)]
    groups: dict[str, list[Place]] = defaultdict(list)
    for file in table_files:
        groups[f"{file.parent}/{_blank_number(plain_name(file))}"].append(file)
    largest = max(groups.values(), key=len, default=[])
    others = [file for file in table_files if file not in set(largest)]
    if len(largest) >= _MIN_FILES and "#" in _blank_number(plain_name(largest[0])) and others:
        keys = _index_by_key(largest)
        tables = [table for table in others if _names_files(table, keys)]
        if tables:
            return sorted(largest, key=lambda file: natural_key(file.name)), tables
    ordered = sorted(table_files, key=lambda file: natural_key(relative(file, place)))
    return (ordered, []) if _is_by_folder(place, ordered) else ([], [])


def _blank_number(name: str) -> str:
    """Return a name with # for its last number."""
    return re.sub(r"\d+(?=\D*$)", "#", name)


def _index_by_key(sequences: list[Place]) -> dict[str, int]:
    """Return the index of each file by each of its keys: name, stem, last number."""
    keys: dict[str, int] = {}
    for index, file in enumerate(sequences):
        name = file.name.removesuffix(".gz")
        stem = name.rsplit(".", 1)[0]
        number = re.search(r"(\d+)\D*$", stem)
        keys[name] = keys[stem] = index
        if number is not None:
            keys[number[1].lstrip("0") or "0"] = index
    return keys


def _names_files(table: Place, keys: dict[str, int]) -> bool:
    """Tell whether the first column of a table names at least half of the files."""
    rows = _read_rows(table)
    return len(rows) > 1 and len(
        {_normalize_key(row[0]) for row in rows[1:]} & keys.keys()
    ) * 2 >= len(set(keys.values()))


def _normalize_key(cell: str) -> str:
    return cell.lstrip("0") or "0" if cell.isdecimal() else cell.rsplit("/", 1)[-1]


def _read_rows(table: Place) -> list[list[str]]:
    """Return the cells of a small table, line by line."""
    text = read_content(table).decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    delimiter = next((delimiter for delimiter in ",;\t" if lines and delimiter in lines[0]), ",")
    lines[:1] = [line.lstrip("#") for line in lines[:1]]
    return [[cell.strip().strip('"').strip() for cell in line.split(delimiter)] for line in lines]


def _is_by_folder(place: Place, sequences: list[Place]) -> bool:
    """Tell whether files are tables of numbers, as many columns each, two folders or more."""
    folders: dict[str, Place] = {str(file.parent): file for file in sequences}
    others = [file for file in list_files(place) if not plain_name(file).endswith(_SUFFIXES)]
    if len(folders) < 2 or len(sequences) < 2 * len(folders) or len(others) > 3:
        return False
    if str(place) in folders:
        return False
    widths = {_column_count(file) for file in folders.values()}
    return len(widths) == 1 and 0 not in widths


def _column_count(file: Place) -> int:
    """Return how many numbers the first lines of a file have, or 0."""
    with file.open("rb") as stream:
        head = (
            stream.read(_HEAD_BYTES) if file.suffix != ".gz" else read_content(file)[:_HEAD_BYTES]
        )
    lines = head.rsplit(b"\n", 1)[0] if b"\n" in head else head
    try:
        return read_channels(lines, file.name).values.shape[1]
    except DataError:
        return 0


def _find_sequences(name: str, place: Place) -> LabeledFiles:
    """List the sequences, with their labels from tables or folders."""
    sequences, tables = _sequences_and_tables(place)
    if not sequences:
        raise DataError(
            f"{name}: expected CSV files, one for each sequence, and a table of two columns that"
            " gives each number or file its class, or a folder for each class; got neither"
        )
    if tables:
        return _from_tables(LabeledFiles(name, place, "the tables"), sequences, tables)
    examples = LabeledFiles(name, place, "the folders", files=sequences)
    folder_paths = [relative(file, place).split("/")[:-1] for file in sequences]
    depth = common_depth(folder_paths)
    first_folders = {segments[depth].casefold() for segments in folder_paths}
    has_parts = first_folders <= PART_FOLDERS.keys() and min(map(len, folder_paths)) > depth + 1
    examples.parts = [
        PART_FOLDERS[segments[depth].casefold()] if has_parts else 0 for segments in folder_paths
    ]
    examples.attributes = {"label": [segments[depth + has_parts] for segments in folder_paths]}
    return examples


def _from_tables(
    examples: LabeledFiles, sequences: list[Place], tables: list[Place]
) -> LabeledFiles:
    """Take the attributes of each sequence from the tables; drop incomplete ones."""
    keys = _index_by_key(sequences)
    table_of_column: dict[str, str] = {}
    values_by_row: list[dict[str, str]] = [{} for _ in sequences]
    for table in tables:
        names, rows = _named_columns(table, keys)
        for line, row in rows:
            index = keys.get(_normalize_key(row[0]))
            if index is None:
                where = f"{relative(table, examples.root)}, line {line}"
                examples.skipped.append((where, f"there is no file of {row[0]}; add it"))
            else:
                values_by_row[index] |= dict(zip(names, row[1:], strict=False))
        table_of_column |= dict.fromkeys(names, table.name)
    for file, values in zip(sequences, values_by_row, strict=True):
        missing = [name for name in table_of_column if not values.get(name)]
        if missing:
            examples.skip(
                file, f"{table_of_column[missing[0]]} does not give its {missing[0]}; add a line"
            )
    rows = [
        i
        for i, values in enumerate(values_by_row)
        if all(values.get(name) for name in table_of_column)
    ]
    examples.files = [sequences[row] for row in rows]
    examples.parts = [0] * len(rows)
    examples.attributes = {
        name: [values_by_row[row][name] for row in rows] for name in table_of_column
    }
    return examples


def _named_columns(
    table: Place, keys: dict[str, int]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of a table's columns but the first, and its rows with their lines."""
    rows = list(enumerate(_read_rows(table), 1))
    first = rows[0][1]
    if _normalize_key(first[0]) not in keys:
        return first[1:], rows[1:]
    stem = table.name.split(".")[0]
    return [stem if len(first) == 2 else f"{stem} {i}" for i in range(2, len(first) + 1)], rows


def _target(examples: LabeledFiles, options: Options) -> str:
    """Return the name of the target column. Raises DataError."""
    if options.target is not None:
        examples.column(options.target, "--target")
        return options.target
    names = list(examples.attributes)
    for likely in (names, [name for name in names if _TARGET_NAME.search(name.casefold())]):
        if len(likely) == 1:
            if len(names) > 1:
                others = ", ".join(name for name in names if name != likely[0])
                examples.notes.append(
                    f"{examples.name}: the target is {likely[0]}; --target chooses another of"
                    f" {others}."
                )
            return likely[0]
    raise DataError(
        f"{examples.name}: the tables give {', '.join(names) or 'nothing of every file'}; choose"
        " the target with --target"
    )


def _decode(examples: LabeledFiles) -> tuple[Signal, list[Tensor]]:
    """Return the kind and the sequences; skips unreadable and differing ones."""
    parsed: list[ChannelTable | None] = []
    for file in examples.files:
        try:
            parsed.append(read_channels(read_content(file), file.name))
        except DataError as error:
            examples.skip(file, str(error).removeprefix(f"signal {file.name}: "))
            parsed.append(None)
    layouts = Counter(
        (sequence.values.shape[1], sequence.names) for sequence in parsed if sequence is not None
    )
    if not layouts:
        raise DataError(
            f"{examples.name}: none of its {len(examples.files):,} sequences can be read; the"
            f" first, {examples.skipped[0][0]}: {examples.skipped[0][1]}"
        )
    (channels, channel_names), _ = layouts.most_common(1)[0]
    kind = Signal(channels, names=channel_names)
    signals: list[Tensor | None] = []
    for file, sequence in zip(examples.files, parsed, strict=True):
        try:
            signals.append(None if sequence is None else kind.prepare(sequence.select(kind)))
        except DataError as error:
            reason = str(error).removeprefix(f"signal {file.name}: ").removeprefix("signal: ")
            examples.skip(file, reason)
            signals.append(None)
    examples.keep_rows([row for row, signal in enumerate(signals) if signal is not None])
    return kind, [signal for signal in signals if signal is not None]
