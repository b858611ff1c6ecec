"""Place: a file or folder, on the disk or in an archive, read in one way."""

import gzip
import io
import stat
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from brique.errors import DataError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
LIMIT = 8 << 30  # bytes that an archive may hold, or a compressed file: no bomb fills the memory


class Member:
    """A file or folder in an archive: what of `pathlib.Path` reading needs.

    path: its parts below the archive's root. size: in bytes, of a file.
    """

    def __init__(self, archive: "Archive", parts: tuple[str, ...]) -> None:
        self._archive = archive
        self._parts = parts

    def __str__(self) -> str:
        return "/".join([str(self._archive.path), *self._parts])

    def __repr__(self) -> str:
        return f"Member({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __lt__(self, other: "Member") -> bool:
        return str(self) < str(other)

    def __truediv__(self, below: str) -> "Member":
        steps = tuple(step for step in below.split("/") if step not in ("", "."))
        return Member(self._archive, self._parts + steps)

    @property
    def name(self) -> str:
        """Last part of the path; that of the archive at its root."""
        return self._parts[-1] if self._parts else self._archive.path.name

    @property
    def stem(self) -> str:
        """Name without its suffix."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """Ending of the name, with its dot."""
        return Path(self.name).suffix

    @property
    def parent(self) -> "Member":
        """The folder that holds it."""
        return Member(self._archive, self._parts[:-1])

    def exists(self) -> bool:
        """Tell whether it is there."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Tell whether it is a file."""
        return self._parts in self._archive.files

    def is_dir(self) -> bool:
        """Tell whether it is a folder."""
        return self._parts in self._archive.folders

    def iterdir(self) -> Iterator["Member"]:
        """Yield what a folder holds, sorted."""
        for name in sorted(self._archive.folders.get(self._parts, ())):
            yield Member(self._archive, (*self._parts, name))

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Return its content as a file of bytes."""
        if mode != "rb":
            raise ValueError(f"place: a member of an archive is opened as rb, not {mode}")
        return io.BytesIO(self.read_bytes())

    def read_bytes(self) -> bytes:
        """Return its content. Raises FileNotFoundError, and DataError where it is damaged."""
        if self.is_dir():
            raise IsADirectoryError(str(self))
        if not self.is_file():
            raise FileNotFoundError(str(self))
        return self._archive.content(self._parts)

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return its content as text."""
        return self.read_bytes().decode(encoding, errors)

    def below(self, other: "Member") -> str:
        """Return its path below another member of the same archive."""
        return "/".join(self._parts[len(other._parts) :])


Place = Path | Member


class Archive:
    """What lies in an archive: files by their parts, folders with the names that they hold."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[tuple[str, ...], object] = {}
        self.folders: dict[tuple[str, ...], set[str]] = {(): set()}
        self._lock = threading.Lock()
        self._read: Callable[[object], bytes] = self._opened()

    def content(self, parts: tuple[str, ...]) -> bytes:
        """Return the bytes of a file. Raises DataError where they are damaged."""
        try:
            with self._lock:
                return self._read(self.files[parts])
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
            reason = str(error).rstrip(".") or type(error).__name__
            raise DataError(
                f"{self.path.name}: {'/'.join(parts)} cannot be read ({reason}); replace it"
            ) from error

    def _opened(self) -> Callable[[object], bytes]:
        """List the files, and return what reads one."""
        try:
            if self.path.name.casefold().endswith(".zip"):
                return self._zip()
            return self._tar()
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError) as error:
            reason = str(error).rstrip(".") or type(error).__name__
            raise DataError(
                f"{self.path.name}: cannot be opened as an archive ({reason}); fetch it again"
            ) from error

    def _zip(self) -> Callable[[object], bytes]:
        archive = zipfile.ZipFile(self.path)
        for entry in archive.infolist():
            if not entry.is_dir() and not stat.S_ISLNK(entry.external_attr >> 16):
                self._add(entry.filename, entry, entry.file_size)
        return lambda entry: archive.read(entry)  # pyright: ignore[reportArgumentType]

    def _tar(self) -> Callable[[object], bytes]:
        """Keep the files as they come: a compressed tar can only be read from its start."""
        total = 0
        with tarfile.open(self.path) as archive:
            for entry in archive:
                if entry.isfile():
                    total += entry.size
                    self._check(total)
                    found = archive.extractfile(entry)
                    self._add(entry.name, b"" if found is None else found.read(), entry.size)
        return lambda content: content  # pyright: ignore[reportReturnType]

    def _add(self, name: str, entry: object, size: int) -> None:
        """Take note of a file, unless it is hidden or its name leads out of the archive."""
        parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
        if not parts or ".." in parts or any(p.startswith((".", "__MACOSX")) for p in parts):
            return
        self._check(size)
        self.files[parts] = entry
        for depth in range(len(parts)):
            self.folders.setdefault(parts[:depth], set()).add(parts[depth])

    def _check(self, size: int) -> None:
        if size > LIMIT:
            raise DataError(
                f"{self.path.name}: unpacks to more than {LIMIT >> 30} GiB; unpack it and give the"
                " folder"
            )


def placed(path: Path) -> Place:
    """Return a path, or the root of the archive that it is."""
    if path.is_file() and path.name.casefold().endswith(ARCHIVES):
        return Member(Archive(path), ())
    return path


def content(place: Place) -> bytes:
    """Return the bytes of a file, unpacked if its name ends in .gz. Raises DataError."""
    try:
        if place.suffix.casefold() != ".gz":
            return place.read_bytes()
        with place.open("rb") as file, gzip.open(file) as unpacked:
            found = unpacked.read(LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise DataError(f"{place.name}: cannot be read ({reason}); replace it") from error
    if len(found) > LIMIT:
        raise DataError(f"{place.name}: unpacks to more than {LIMIT >> 30} GiB; unpack it first")
    return found


def plain_name(place: Place) -> str:
    """Return a file's name in small letters without .gz."""
    return place.name.casefold().removesuffix(".gz")


def files(place: Place) -> list[Place]:
    """Return all files below a folder, hidden ones left out, by path; a file is its own."""
    if not place.is_dir():
        return [place]
    found: list[Place] = []
    for entry in sorted(place.iterdir(), key=lambda entry: entry.name):
        if not entry.name.startswith((".", "__")):
            found += files(entry)
    return found


def relative(place: Place, root: Place) -> str:
    """Return a file's path below a folder, with "/" between its parts; else its whole path."""
    if isinstance(place, Member) and isinstance(root, Member):
        return place.below(root)
    if isinstance(place, Path) and isinstance(root, Path) and place.is_relative_to(root):
        return place.relative_to(root).as_posix()
    return str(place)
