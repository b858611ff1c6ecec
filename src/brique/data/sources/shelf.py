"""Shelf: the text files that lie beside each other in a source, and what their names say."""

import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from brique.data.finding import Finding
from brique.data.place import Place, content, placed, plain_name
from brique.data.source import ALIASES, PARTS, Source
from brique.errors import DataError

_BESIDE = re.compile(r"(readme|licen[cs]e|copying|notice|citation|changelog|sha256sums)([^a-z].*)?")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_ALIASES = ALIASES | {"testa": "valid", "testb": "test"}  # so CoNLL 2003 names them
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks
_DEEPEST = 4  # folders within one another that hold only folders
_MANY = 8  # folders beside each other; more are classes


def shelf(place: Place, endings: tuple[str, ...] = ("",)) -> list[Place]:
    """Return the files of a folder by name, or the file that it is.

    A folder that holds only folders, few, stands for what lies in these, further down where they do
    so too. Hidden files and those that only tell of the data, such as a README, are left out.
    endings: of the names of the files that are returned, in small letters, .gz not counted.
    """
    if not place.is_dir():
        return [place]
    folders: list[Place] = [place]
    for _ in range(_DEEPEST):
        entries = [entry for folder in folders for entry in _entries(folder)]
        if len(entries) > _MANY or not entries or not all(entry.is_dir() for entry in entries):
            entries = [entry for entry in entries if plain_name(entry).endswith(endings)]
            return sorted((e for e in entries if e.is_file()), key=lambda entry: entry.name)
        folders = entries
    return []


def _entries(folder: Place) -> list[Place]:
    """Return what lies in a folder, but for what is hidden or only tells of the data."""
    return [
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith((".", "__")) and not is_about(entry)
    ]


def is_about(file: Place) -> bool:
    """Tell whether a file is named as those that only tell of the data, such as a README."""
    return _BESIDE.fullmatch(file.name.casefold()) is not None


def beginning(file: Place, size: int = 1 << 16) -> str:
    """Return the beginning of a file as text, up to its last whole line; "" where it is none."""
    try:
        with file.open("rb") as packed:
            if file.suffix.casefold() == ".gz":
                with gzip.open(packed) as unpacked:
                    found = unpacked.read(size)
            else:
                found = packed.read(size)
    except (OSError, EOFError, zlib.error, DataError):
        return ""
    if found.startswith(_UTF16):
        text = found.decode("utf-16", errors="replace")
        return text if len(found) < size else text[: text.rfind("\n") + 1] or text
    found = found if len(found) < size else found[: found.rfind(b"\n") + 1] or found
    return "" if b"\0" in found else found.decode("utf-8-sig", errors="replace")


def part_of(file: Place) -> int | None:
    """Return the place in PARTS of the part that a file's name tells of, or None."""
    parts = [_ALIASES.get(word.casefold()) for word in _WORDS.findall(file.name)]
    return next((PARTS.index(part) for part in reversed(parts) if part), None)


def parted(
    source: Source, files: Sequence[Place], test: str | None
) -> list[tuple[Place, int | None]]:
    """Return files with the part of each, train first; None for all if no name tells of one.

    test: a file or folder beside them, the test part. Where some names tell of a part, files whose
    names do not are left out, and named in `skipped`. Raises DataError when there is no such test
    part.
    """
    told = len(files) > 1
    found: list[tuple[Place, int | None]] = [
        (file, part_of(file) if told else None) for file in files
    ]
    if any(part is not None for _, part in found):
        mute = [file.name for file, part in found if part is None]
        source.skipped += [
            (file, "its name tells of no part: train, valid or test") for file in mute
        ]
        found = [(file, part) for place in range(3) for file, part in found if part == place]
    if test is None:
        return found
    if any(part == 2 for _, part in found):
        raise DataError(f"{source.name}: it has a test part already; leave out --test")
    path = Path(test).expanduser()
    if not path.exists():
        raise DataError(f"{source.name}: --test {test} is no file or folder; check the path")
    beside = shelf(placed(path))
    return [*((file, part or 0) for file, part in found), *((file, 2) for file in beside)]


def lines(file: Place, source: Source) -> list[str]:
    """Return the lines of a text file, without their ends; nothing but a line feed ends one.

    What is not UTF-8 is read as Windows-1252, which `source.findings` says. Raises DataError where
    it is no text.
    """
    found = content(file)
    if found.startswith(_UTF16):
        text = found.decode("utf-16", errors="replace")
    elif b"\0" in found:
        raise DataError(f"{file.name}: holds NUL bytes, so it is no text; leave it out")
    else:
        text = _decoded(found, file, source)
    return text.removesuffix("\n").replace("\r\n", "\n").split("\n") if text else []


def parts_of(parts: Sequence[int | None]) -> Tensor | None:
    """Return the part of each example (N,), uint8, or None where the source has no parts."""
    known = [part for part in parts if part is not None]
    return torch.tensor(known, dtype=torch.uint8) if len(known) == len(parts) else None


def check_train(source: Source, parts: Sequence[int | None]) -> None:
    """Raise DataError where there are no examples, or parts without one to train on."""
    if not parts:
        why = "; ".join(f"{file}: {reason}" for file, reason in source.skipped[-1:])
        raise DataError(
            f"{source.name}: expected one example or more, got none; "
            f"{why or 'its files are empty, fill them'}"
        )
    if None not in parts and 0 not in parts:
        came = ", ".join(PARTS[part] for part in sorted({p for p in parts if p is not None}))
        raise DataError(
            f"{source.name}: expected a train part beside {came}, got none; add a file with train"
            " in its name"
        )


def few(names: Sequence[str], most: int = 5) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def _decoded(found: bytes, file: Place, source: Source) -> str:
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        where = (file.name, f"line {line}", f"byte 0x{found[error.start]:02X}")
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
        return found.decode("cp1252", errors="replace")
