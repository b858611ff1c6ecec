"""Archive: the files in a .zip or .tar, read without extracting them."""

import lzma
import re
import stat
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from brique.errors import DataError

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MAX_BYTES = 8 << 30  # bytes of one file, and of all files of a compressed tar
_ALWAYS_ALLOWED = 256 << 20  # bytes that any file may have, whatever its compression ratio
_MAX_RATIO = 200  # compression ratio of larger files: zip bombs are refused
_DAMAGE_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)

Parts = tuple[str, ...]


class Archive:
    """The content of an archive: files by path, folders with their names.

    skipped: (name, reason) of files that are not read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[Parts, object] = {}
        self.folders: dict[Parts, set[str]] = {(): set()}
        self.skipped: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._read_entry: Callable[[object], bytes] = self._open()

    def content(self, parts: Parts) -> bytes:
        """Return the bytes of a file. Raises DataError if they are damaged."""
        try:
            return self._read_entry(self.files[parts])
        except _DAMAGE_ERRORS as error:
            raise DataError(
                f"{self.path.name}: {'/'.join(parts)} cannot be read ({_reason(error)}); replace it"
            ) from error

    def _open(self) -> Callable[[object], bytes]:
        """List the files, and return a function that reads one."""
        try:
            if self.path.name.casefold().endswith(".zip"):
                return self._open_zip()
            return self._open_tar()
        except DataError:
            raise
        except _DAMAGE_ERRORS as error:
            raise DataError(
                f"{self.path.name}: cannot be opened as an archive ({_reason(error)}); fetch it"
                " again"
            ) from error

    def _open_zip(self) -> Callable[[object], bytes]:
        archive = zipfile.ZipFile(self.path)
        for entry in archive.infolist():
            if entry.is_dir() or _is_hidden(_path_parts(_zip_name(entry))):
                _check_unread_entry(archive, entry)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        encrypted = [entry for entry in entries if entry.flag_bits & 1]
        if encrypted:
            raise DataError(
                f"{self.path.name}: is locked with a password ({_zip_name(encrypted[0])} of"
                f" {len(encrypted):,} such files); unpack it and give the folder"
            )
        for entry in entries:
            name = _zip_name(entry)
            if stat.S_ISLNK(entry.external_attr >> 16):
                self.skipped.append((name, "is a link, which is not followed in an archive"))
            elif is_bomb(entry.file_size, entry.compress_size):
                self.skipped.append((name, _too_large(entry.file_size)))
            else:
                self._add(name, entry)

        def read(entry: object) -> bytes:
            assert isinstance(entry, zipfile.ZipInfo)
            with self._lock:
                return archive.read(entry)

        return read

    def _open_tar(self) -> Callable[[object], bytes]:
        """List a tar. A compressed one can only be read from its start, so its files are kept."""
        is_packed = not self.path.name.casefold().endswith(".tar")
        total, packed = 0, self.path.stat().st_size
        with tarfile.open(self.path, "r:*" if is_packed else "r:") as archive:
            for entry in archive:
                name = _printable(entry.name)
                if entry.issym() or entry.islnk():
                    self.skipped.append((name, "is a link, which is not followed in an archive"))
                elif entry.isdev() or entry.issparse():
                    self.skipped.append((name, "is no plain file"))
                elif entry.isfile():
                    total += entry.size if is_packed else 0
                    if entry.size > MAX_BYTES or is_bomb(total, packed):
                        raise DataError(f"{self.path.name}: {_too_large(max(total, entry.size))}")
                    file = archive.extractfile(entry) if is_packed else None
                    data = file.read() if file else (entry.offset_data, entry.size)
                    if isinstance(data, bytes) and len(data) != entry.size:
                        raise EOFError("its end is missing")
                    self._add(name, data)
            _check_end(archive, packed if is_packed else None)
        return self._read_tar_entry

    def _read_tar_entry(self, entry: object) -> bytes:
        if isinstance(entry, bytes):
            return entry
        assert isinstance(entry, tuple)
        start, size = entry
        with self.path.open("rb") as file:
            file.seek(start)
            content = file.read(size)
        if len(content) != size:
            raise EOFError("its end is missing")
        return content

    def _add(self, name: str, entry: object) -> None:
        """Add a file, unless it is hidden or its name leads out of the archive."""
        parts = _path_parts(name)
        if ".." in parts:
            self.skipped.append((name, "has a name that leads out of the archive"))
            return
        if not parts or _is_hidden(parts):
            return
        parents = [parts[:depth] for depth in range(len(parts))]
        if parts in self.folders or any(folder in self.files for folder in parents):
            self.skipped.append((name, "has the name of a folder or file beside it"))
            return
        self.files[parts] = entry
        for folder in parents:
            self.folders.setdefault(folder, set()).add(parts[len(folder)])


def is_bomb(size: int, packed: int) -> bool:
    """Return whether a file is too large, by its size and compressed size."""
    return size > MAX_BYTES or (size > _ALWAYS_ALLOWED and size > _MAX_RATIO * packed)


def _path_parts(name: str) -> Parts:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _is_hidden(parts: Parts) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def _check_unread_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Raise BadZipFile if an unread entry shows a damaged directory."""
    if entry.is_dir() and entry.file_size:
        raise zipfile.BadZipFile(f"the folder {entry.filename} holds bytes")
    if not entry.flag_bits & 1:
        archive.open(entry).close()  # compares its name with the local header


def _check_end(archive: tarfile.TarFile, packed: int | None) -> None:
    """Read a tar to its end: to the checksum of its compression, or to its end marker.

    packed: compressed size, if any. Raises ReadError, or an error of decompression.
    """
    stream = archive.fileobj
    assert stream is not None
    while packed is not None and stream.read(1 << 20):
        if is_bomb(stream.tell(), packed):
            raise tarfile.ReadError("it unpacks to more than its files")
    if packed is not None:
        return
    stream.seek(archive.offset)
    block = stream.read(tarfile.BLOCKSIZE)
    if len(block) < tarfile.BLOCKSIZE:
        raise tarfile.ReadError("its end is missing")
    if block.count(0) < len(block):
        raise tarfile.ReadError("the head of a file in it is damaged")


def _reason(error: Exception) -> str:
    message = str(error).split("\n")[0].rstrip(".: ") or type(error).__name__
    return re.sub(r" 0x[0-9a-f]+ != 0x[0-9a-f]+", "", message)


def _too_large(size: int) -> str:
    return f"unpacks to {size / (1 << 30):.1f} GiB or more; unpack it and give the folder"


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Return a name as UTF-8, which most programs write without the flag."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _printable(name: str) -> str:
    """Return a name in UTF-8 or Latin-1 as valid text."""
    raw = name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
