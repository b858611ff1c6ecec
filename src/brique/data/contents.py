"""Contents: what the files of a data set hold, so that a later look can name what has changed."""

import hashlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from brique.data.place import Place, files, placed, relative
from brique.errors import DataError

Stamp = tuple[int, int, str]
"""Size in bytes, time of the last change in ns (0 in an archive), SHA-256 in hexadecimal."""
_UNREADABLE = "unreadable"  # where the SHA-256 would stand
_NAMED = 3  # files of each sort that a sentence names


def contents(root: Path) -> dict[str, Stamp]:
    """Return the stamp of each file of a folder, archive or file by its path below it.

    Raises DataError where it cannot be read.
    """
    place = placed(root)
    return {_name(file, place): _stamp(file) for file in files(place)}


@dataclass(frozen=True)
class Changes:
    """How the files of a data set differ from what they were.

    renamed: pairs of names of one content.
    """

    renamed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.renamed or self.removed or self.added or self.changed)

    def __str__(self) -> str:
        pairs = [f"{old} to {new}" for old, new in self.renamed]
        sorts = (("renamed", pairs), ("removed", self.removed), ("added", self.added),
                 ("changed", self.changed))  # fmt: skip
        return "; ".join(f"{len(some):,} {sort} ({_few(some)})" for sort, some in sorts if some)


def changes(before: Mapping[str, Stamp], root: Path) -> Changes:
    """Return how the files below a root differ from stamps; sizes and times are looked at first.

    Raises DataError where it cannot be read.
    """
    place = placed(root)
    now = {_name(file, place): file for file in files(place)}
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    changed = [n for n, stamp in before.items() if n in now and _is_other(now[n], stamp)]
    sizes = {before[name][0] for name in gone}
    sums = {_stamp(now[name])[2]: name for name in new if _may_be_of(now[name], sizes)}
    renamed = [(name, sums.pop(before[name][2])) for name in gone if before[name][2] in sums]
    was, became = {old for old, _ in renamed}, {late for _, late in renamed}
    return Changes(
        tuple(renamed),
        tuple(name for name in gone if name not in was),
        tuple(name for name in new if name not in became),
        tuple(changed),
    )


def _name(file: Place, place: Place) -> str:
    return relative(file, place) if place.is_dir() else file.name


def _about(file: Path) -> tuple[int, int]:
    about = file.stat()
    if not stat.S_ISREG(about.st_mode):
        raise OSError(f"{file} is no regular file")
    return about.st_size, about.st_mtime_ns


def _may_be_of(file: Place, sizes: set[int]) -> bool:
    """Tell whether a file has one of some sizes; one in an archive is read to know that."""
    try:
        return not isinstance(file, Path) or _about(file)[0] in sizes
    except OSError:
        return False


def _stamp(file: Place) -> Stamp:
    try:
        if not isinstance(file, Path):
            content = file.read_bytes()
            return len(content), 0, hashlib.sha256(content).hexdigest()
        about = _about(file)
        with file.open("rb") as stream:
            return (*about, hashlib.file_digest(stream, "sha256").hexdigest())
    except (OSError, DataError) as error:
        return 0, 0, f"{_UNREADABLE}: {getattr(error, 'strerror', None) or error}"


def _is_other(file: Place, stamp: Stamp) -> bool:
    if isinstance(file, Path) and not stamp[2].startswith(_UNREADABLE):
        try:
            size, changed = _about(file)
        except OSError:
            return True
        if (size, changed) == stamp[:2] or size != stamp[0]:
            return size != stamp[0]
    return _stamp(file)[2] != stamp[2]


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
