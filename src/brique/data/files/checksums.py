"""Checksums of the files of a data set, to find later changes."""

import hashlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from brique.data.files.place import Place, list_files, relative, resolve_place
from brique.errors import DataError

Stamp = tuple[int, int, str]
"""Size in bytes, time of the last change in ns (0 in an archive), SHA-256 in hexadecimal."""
_UNREADABLE = "unreadable"  # in place of the SHA-256
_MAX_NAMES = 3  # of each sort, in messages


def file_stamps(root: Path) -> dict[str, Stamp]:
    """Return the stamp of each file of a folder, archive or file, by relative path.

    Raises DataError if it cannot be read.
    """
    place = resolve_place(root)
    return {_name(file, place): _stamp(file) for file in list_files(place)}


@dataclass(frozen=True)
class Changes:
    """Changes of the files of a data set.

    renamed: old and new names of one content.
    """

    renamed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.renamed or self.removed or self.added or self.changed)

    def __str__(self) -> str:
        pairs = [f"{old} to {new}" for old, new in self.renamed]
        groups = (("renamed", pairs), ("removed", self.removed), ("added", self.added),
                 ("changed", self.changed))  # fmt: skip
        return "; ".join(
            f"{len(names):,} {kind} ({_first_names(names)})" for kind, names in groups if names
        )


def changes(before: Mapping[str, Stamp], root: Path) -> Changes:
    """Return how the files below a root differ from stamps; sizes and times are compared first.

    Raises DataError if it cannot be read.
    """
    place = resolve_place(root)
    current = {_name(file, place): file for file in list_files(place)}
    missing = [name for name in before if name not in current]
    new_names = [name for name in current if name not in before]
    changed = [
        file_name
        for file_name, stamp in before.items()
        if file_name in current and _has_changed(current[file_name], stamp)
    ]
    sizes = {before[name][0] for name in missing}
    sums = {
        _stamp(current[name])[2]: name for name in new_names if _may_have_size(current[name], sizes)
    }
    renamed = [(name, sums.pop(before[name][2])) for name in missing if before[name][2] in sums]
    old_names, renamed_to = {old for old, _ in renamed}, {new_name for _, new_name in renamed}
    return Changes(
        tuple(renamed),
        tuple(name for name in missing if name not in old_names),
        tuple(name for name in new_names if name not in renamed_to),
        tuple(changed),
    )


def _name(file: Place, place: Place) -> str:
    return relative(file, place) if place.is_dir() else file.name


def _size_and_time(file: Path) -> tuple[int, int]:
    info = file.stat()
    if not stat.S_ISREG(info.st_mode):
        raise OSError(f"{file} is no regular file")
    return info.st_size, info.st_mtime_ns


def _may_have_size(file: Place, sizes: set[int]) -> bool:
    """Return whether a file has one of some sizes; in an archive it is read for that."""
    try:
        return not isinstance(file, Path) or _size_and_time(file)[0] in sizes
    except OSError:
        return False


def _stamp(file: Place) -> Stamp:
    try:
        if not isinstance(file, Path):
            content = file.read_bytes()
            return len(content), 0, hashlib.sha256(content).hexdigest()
        size_and_time = _size_and_time(file)
        with file.open("rb") as stream:
            return (*size_and_time, hashlib.file_digest(stream, "sha256").hexdigest())
    except (OSError, DataError) as error:
        return 0, 0, f"{_UNREADABLE}: {getattr(error, 'strerror', None) or error}"


def _has_changed(file: Place, stamp: Stamp) -> bool:
    if isinstance(file, Path) and not stamp[2].startswith(_UNREADABLE):
        try:
            size, modified = _size_and_time(file)
        except OSError:
            return True
        if (size, modified) == stamp[:2] or size != stamp[0]:
            return size != stamp[0]
    return _stamp(file)[2] != stamp[2]


def _first_names(names: Iterable[str]) -> str:
    all_names = list(names)
    others = len(all_names) - _MAX_NAMES
    return ", ".join(all_names[:_MAX_NAMES]) + (f" and {others:,} more" if others > 0 else "")
