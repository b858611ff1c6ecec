"""The text files of a source, and what their names say."""

import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from brique.data.files.place import Place, plain_name, read_content, resolve_place
from brique.data.finding import Finding
from brique.data.raw.source import ALIASES, PARTS, Source
from brique.errors import DataError

_DOCUMENT_NAMES = re.compile(
    r"(readme|licen[cs]e|copying|notice|citation|changelog|sha256sums)([^a-z].*)?"
)
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_ALIASES = ALIASES | {"testa": "valid", "testb": "test"}  # as in CoNLL 2003
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks
_MAX_DEPTH = 4  # folders within one another that hold only folders
_MAX_FOLDERS = 8  # folders beside each other; more are classes


def data_files(place: Place, endings: tuple[str, ...] = ("",)) -> list[Place]:
    """Return the files of a folder by name, or the place itself if it is a file.

    A folder that holds only a few folders stands for their content, recursively.
    Hidden files and documentation, such as a README, are left out.
    endings: of the names of the returned files, in lower case, without .gz.
    """
    if not place.is_dir():
        return [place]
    folders: list[Place] = [place]
    for _ in range(_MAX_DEPTH):
        entries = [entry for folder in folders for entry in _entries(folder)]
        if (
            len(entries) > _MAX_FOLDERS
            or not entries
            or not all(entry.is_dir() for entry in entries)
        ):
            entries = [entry for entry in entries if plain_name(entry).endswith(endings)]
            return sorted((e for e in entries if e.is_file()), key=lambda entry: entry.name)
        folders = entries
    return []


def _entries(folder: Place) -> list[Place]:
    """Return the entries of a folder, without hidden ones and documentation."""
    return [
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith((".", "__")) and not is_documentation(entry)
    ]


def is_documentation(file: Place) -> bool:
    """Tell whether a file is documentation by its name, such as a README."""
    return _DOCUMENT_NAMES.fullmatch(file.name.casefold()) is not None


def read_head(file: Place, size: int = 1 << 16) -> str:
    """Return the beginning of a file as text, up to its last whole line; "" if not a text."""
    try:
        with file.open("rb") as packed:
            if file.suffix.casefold() == ".gz":
                with gzip.open(packed) as unpacked:
                    data = unpacked.read(size)
            else:
                data = packed.read(size)
    except (OSError, EOFError, zlib.error, DataError):
        return ""
    if data.startswith(_UTF16):
        text = data.decode("utf-16", errors="replace")
        return text if len(data) < size else text[: text.rfind("\n") + 1] or text
    data = data if len(data) < size else data[: data.rfind(b"\n") + 1] or data
    return "" if b"\0" in data else data.decode("utf-8-sig", errors="replace")


def part_from_name(file: Place) -> int | None:
    """Return the index into PARTS of the part in a file's name, or None."""
    parts = [_ALIASES.get(word.casefold()) for word in _NAME_WORD.findall(file.name)]
    return next((PARTS.index(part) for part in reversed(parts) if part), None)


def files_with_parts(
    source: Source, files: Sequence[Place], test: str | None
) -> list[tuple[Place, int | None]]:
    """Return files with the part of each, train first; None for all if no name has one.

    test: a file or folder beside them, the test part. If some names have a part, the other files
    are left out and listed in `skipped`. Raises DataError when there is no such test
    part.
    """
    has_several = len(files) > 1
    assigned: list[tuple[Place, int | None]] = [
        (file, part_from_name(file) if has_several else None) for file in files
    ]
    if any(part is not None for _, part in assigned):
        without_part = [file.name for file, part in assigned if part is None]
        source.skipped += [
            (file, "its name has no part: train, valid or test") for file in without_part
        ]
        assigned = [
            (file, part) for part_index in range(3) for file, part in assigned if part == part_index
        ]
    if test is None:
        return assigned
    if any(part == 2 for _, part in assigned):
        raise DataError(f"{source.name}: it already has a test part; leave out --test")
    path = Path(test).expanduser()
    if not path.exists():
        raise DataError(f"{source.name}: --test {test} is no file or folder; check the path")
    test_files = data_files(resolve_place(path))
    return [*((file, part or 0) for file, part in assigned), *((file, 2) for file in test_files)]


def read_lines(file: Place, source: Source) -> list[str]:
    """Return the lines of a text file, without their ends; only a line feed ends a line.

    Other encodings than UTF-8 are read as Windows-1252, with a finding. Raises DataError if
    it is not a text.
    """
    data = read_content(file)
    if data.startswith(_UTF16):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data:
        raise DataError(f"{file.name}: holds NUL bytes, so it is not a text; leave it out")
    else:
        text = _decode(data, file, source)
    return text.removesuffix("\n").replace("\r\n", "\n").split("\n") if text else []


def parts_tensor(parts: Sequence[int | None]) -> Tensor | None:
    """Return the part of each example (N,), uint8, or None where the source has no parts."""
    known_parts = [part for part in parts if part is not None]
    return torch.tensor(known_parts, dtype=torch.uint8) if len(known_parts) == len(parts) else None


def check_train(source: Source, parts: Sequence[int | None]) -> None:
    """Raise DataError if there are no examples, or none in the train part."""
    if not parts:
        detail = "; ".join(f"{file}: {reason}" for file, reason in source.skipped[-1:])
        raise DataError(
            f"{source.name}: expected one example or more, got none; "
            f"{detail or 'its files are empty, fill them'}"
        )
    if None not in parts and 0 not in parts:
        present = ", ".join(PARTS[part] for part in sorted({p for p in parts if p is not None}))
        raise DataError(
            f"{source.name}: expected a train part beside {present}, got none; add a file with"
            " train in its name"
        )


def format_names(names: Sequence[str], limit: int = 5) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more:,} more" if more > 0 else "")


def _decode(data: bytes, file: Place, source: Source) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = (file.name, f"line {line}", f"byte 0x{data[error.start]:02X}")
        source.findings.append(
            Finding(
                "encoding",
                "warning",
                None,
                (where,),
                1,
                f"{file.name} is not UTF-8 from line {line} on, so it is read as Windows-1252:"
                " letters with accents may be wrong.",
                "Save the file as UTF-8.",
            )
        )
        return data.decode("cp1252", errors="replace")
