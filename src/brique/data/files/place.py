"""Place: a file or folder, on disk or in an archive."""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from brique.data.files.archive import ENDINGS, Archive, Parts, is_bomb
from brique.errors import DataError

_BLOCK_BYTES = 16 << 20  # of bytes to uncompress
_NOTE_SUFFIXES = (".md", ".rst", ".names", ".nfo", ".pdf", ".bib")
_NOTE_WORDS = frozenset([
    "readme", "license", "licence", "copying", "copyright", "citation", "notice", "changelog",
    "changes", "authors", "about", "notes", "info", "description", "sha256sums", "md5sums",
    "checksums",
])  # fmt: skip
_SYSTEM_FILES = frozenset(
    ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "picasa.ini"]
)  # of systems
_PART_NAMES = frozenset(
    ["train", "training", "valid", "val", "validation", "dev", "test", "testing"]
)


class Member:
    """A file or folder in an archive, with the methods of `pathlib.Path` for reading.

    path: its parts below the archive's root. size: in bytes, of a file.
    """

    def __init__(self, archive: Archive, parts: Parts) -> None:
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

    def __truediv__(self, relative: str) -> "Member":
        parts = tuple(part for part in relative.split("/") if part not in ("", "."))
        return Member(self._archive, self._parts + parts)

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
    def skipped(self) -> list[tuple[str, str]]:
        """Files in the archive that are not read: names and reasons."""
        return self._archive.skipped

    @property
    def parent(self) -> "Member":
        """The folder that holds it."""
        return Member(self._archive, self._parts[:-1])

    def exists(self) -> bool:
        """Return whether it exists."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Return whether it is a file."""
        return self._parts in self._archive.files

    def is_dir(self) -> bool:
        """Return whether it is a folder."""
        return self._parts in self._archive.folders

    def iterdir(self) -> Iterator["Member"]:
        """Yield the content of a folder, sorted."""
        for name in sorted(self._archive.folders.get(self._parts, ())):
            yield Member(self._archive, (*self._parts, name))

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Return its content as a binary file."""
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

    def relative_to(self, root: "Member") -> str:
        """Return its path below another member of the same archive."""
        return "/".join(self._parts[len(root._parts) :])


Place = Path | Member


def resolve_place(path: Path) -> Place:
    """Return a path, or the root of the files in an archive, if it is one or holds only one.

    Notes such as README do not count. In an archive, a single top folder is skipped, unless it is
    named train, valid or test.
    Raises DataError if the archive cannot be read, or holds only another archive.
    """
    if path.is_dir():
        path = _only_archive(path) or path
    if not _is_archive(path.name) or not path.is_file():
        return path
    root = Member(Archive(path), ())
    while True:
        inner = [entry for entry in root.iterdir() if not _is_note(entry.name)]
        if len(inner) != 1:
            return root
        if _is_archive(inner[0].name) and inner[0].is_file():
            raise DataError(
                f"{path.name}: holds nothing but another archive ({inner[0].name}); unpack it, and"
                " give what was in it"
            )
        if not inner[0].is_dir() or inner[0].name.casefold() in _PART_NAMES:
            return root
        root = inner[0]


def skipped_files(place: Place) -> Sequence[tuple[str, str]]:
    """Return the name and reason of each file of an archive that is not read; none of a folder."""
    return place.skipped if isinstance(place, Member) else ()


def _only_archive(folder: Path) -> Path | None:
    """Return the only archive of a folder that holds only notes besides."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "__"))]
    archives = [entry for entry in entries if _is_archive(entry.name) and entry.is_file()]
    if len(archives) != 1:
        return None
    stem = archives[0].name.casefold().split(".")[0]
    others = [entry for entry in entries if entry != archives[0]]
    are_notes = all(_is_note(entry.name, stem) and entry.is_file() for entry in others)
    return archives[0] if are_notes else None


def _is_archive(name: str) -> bool:
    return name.casefold().endswith(ENDINGS)


def _is_note(name: str, stem: str = "readme") -> bool:
    """Return whether a file is a note: by its name, or a text named as the archive."""
    plain = name.casefold()
    base, _, suffix = plain.partition(".")
    words = set(base.replace("-", "_").split("_"))
    is_named = bool(words & _NOTE_WORDS) or base == stem
    return plain.endswith(_NOTE_SUFFIXES) or (is_named and suffix in ("", "txt", "html"))


def read_content(place: Place) -> bytes:
    """Return the content of a file, uncompressed if its name ends in .gz. Raises DataError."""
    try:
        if isinstance(place, Path) and place.exists() and not (place.is_file() or place.is_dir()):
            raise OSError("it is a pipe or device, no file")
        packed = place.read_bytes()
        return _gunzip(packed, place.name) if place.suffix.casefold() == ".gz" else packed
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise DataError(f"{place.name}: cannot be read ({reason}); replace it") from error


def _gunzip(packed: bytes, name: str) -> bytes:
    """Return the content of a gzip file. Raises DataError if it is far too large."""
    unpacked = io.BytesIO()
    with gzip.open(io.BytesIO(packed)) as file:
        while block := file.read(_BLOCK_BYTES):
            unpacked.write(block)
            if is_bomb(unpacked.tell(), len(packed)):
                raise DataError(
                    f"{name}: unpacks to {unpacked.tell() / (1 << 30):.1f} GiB or more; unpack it"
                    " first"
                )
    return unpacked.getvalue()


def plain_name(place: Place) -> str:
    """Return the name of a file in lowercase without .gz."""
    return place.name.casefold().removesuffix(".gz")


def list_files(place: Place, parents: tuple[Path, ...] = ()) -> list[Place]:
    """Return all files below a folder, sorted, without hidden and system files; or the file itself.

    Circular links are left out; an empty folder with the name of a file counts as an unreadable
    file. Raises DataError if a folder cannot be listed.
    """
    if not place.is_dir():
        return [place]
    parents = (*parents, place.resolve()) if isinstance(place, Path) else ()
    try:
        entries = sorted(place.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"{place}: the folder cannot be read ({error.strerror}); change who may read it"
        ) from error
    found: list[Place] = []
    for entry in entries:
        if not is_hidden(entry) and not _is_circular_link(entry, parents):
            found += list_files(entry, parents) or ([entry] if entry.suffix else [])
    return found


def is_hidden(place: Place) -> bool:
    """Return whether a file or folder is hidden, or left by an operating system."""
    name = place.name.casefold()
    return (
        name.startswith(".") or name in _SYSTEM_FILES or (name.startswith("__") and place.is_dir())
    )


def _is_circular_link(place: Place, parents: tuple[Path, ...]) -> bool:
    """Return whether a link leads to a folder above it. above: the folders entered."""
    if isinstance(place, Member) or not place.is_symlink():
        return False
    try:
        target = place.resolve()
        return target in parents or place.parent.resolve().is_relative_to(target)
    except (OSError, RuntimeError):  # circular links
        return False


def relative(place: Place, root: Place) -> str:
    """Return the path of a file relative to a folder, with "/"; otherwise its full path."""
    if isinstance(place, Member) and isinstance(root, Member):
        return place.relative_to(root)
    if isinstance(place, Path) and isinstance(root, Path) and place.is_relative_to(root):
        return place.relative_to(root).as_posix()
    return str(place)
