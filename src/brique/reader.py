"""Reading of files of runs, which may come from anyone: only regular files of limited size.

Every file is checked before it is read: a named pipe, a device, a link that leads out of the folder
or a file that is too large is rejected at once.
"""

import hashlib
import json
import math
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from brique.errors import StoreError

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST = "manifest.json"
MIB = 1 << 20
LIMITS = {".json": 32 * MIB, ".jsonl": 512 * MIB, ".py": 4 * MIB, ".png": 64 * MIB}
"""Maximum bytes of a file, by its suffix."""
MANIFEST_LIMITS = {".json": 128 * MIB}
"""Maximum bytes of a file with a manifest entry."""
SEALED_FORMAT = 2
"""The first format of records with their own checksum."""
_KINDS = {
    stat.S_IFIFO: "a named pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder",
}  # fmt: skip


def unreadable_reason(
    path: Path, folder: Path | None = None, *, limit: int | None = None, size: int | None = None
) -> str | None:
    """Return the reason why a file must not be read, or None; the file is not read.

    folder: must contain it, links followed. limit: maximum bytes; by default by its suffix.
    size: expected bytes.
    """
    try:
        if folder is not None and not is_inside(path, folder):
            return "lies outside the folder"
        status = path.stat()
    except FileNotFoundError:
        return "is missing"
    except (OSError, ValueError, RuntimeError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"
    if not stat.S_ISREG(status.st_mode):
        return f"is {_KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}, not a file"
    if size is not None and status.st_size != size:
        return f"has {status.st_size} bytes, not {size}"
    max_bytes = LIMITS.get(path.suffix) if limit is None else limit
    if max_bytes is not None and status.st_size > max_bytes:
        return f"has {status.st_size:,} bytes, more than the {max_bytes:,} that are read"
    return None


def read(path: Path | str, folder: Path | None = None, *, limit: int | None = None) -> bytes:
    """Return the content of a regular file; arguments as in `unreadable_reason`.

    Raises StoreError.
    """
    path = Path(path)
    if (reason := unreadable_reason(path, folder, limit=limit)) is not None:
        raise StoreError(f"{path}: {reason}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_text(path: Path | str, folder: Path | None = None) -> str:
    """Return the text of a UTF-8 file. Raises StoreError."""
    try:
        return read(path, folder).decode("utf-8")
    except UnicodeDecodeError as error:
        raise StoreError(f"{path}: is no UTF-8 (byte {error.start:,})") from error


def read_json(
    path: Path | str, folder: Path | None = None, *, limit: int | None = None
) -> dict[str, Any]:
    """Return the object in a JSON file with finite numbers. Raises StoreError."""
    content = read(path, folder, limit=limit)
    try:
        value = parse_json(content.decode("utf-8"))
    except RecursionError as error:
        raise StoreError(f"{path}: is nested too deeply") from error
    except ValueError as error:
        raise StoreError(f"{path}: is no JSON ({str(error).splitlines()[0]})") from error
    if not isinstance(value, dict):
        raise StoreError(f"{path}: holds a {type(value).__name__}, not an object")
    return cast("dict[str, Any]", value)


def parse_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return JSON as a value. Raises ValueError, also on NaN, infinity and invalid Unicode."""
    value = json.loads(text, parse_constant=_reject_constant, parse_float=_parse_finite)
    if "\\ud" in text or "\\uD" in text:
        # a lone surrogate raises, except in a file name that is not UTF-8
        json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
    return value


def read_sealed(
    path: Path | str, *, allow_newer: bool = False, limit: int | None = None
) -> dict[str, Any]:
    """Return a record that `files.write_sealed` wrote. Raises StoreError when it has changed.

    allow_newer: return a record of a newer format, unchecked. limit: maximum bytes.
    """
    value = read_json(path, Path(path).parent, limit=limit)
    version = value.get("format")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise StoreError(f"{path}: names no format")
    if version > SEALED_FORMAT and not allow_newer:
        raise StoreError(f"{path}: has format {version}, this brique reads up to {SEALED_FORMAT}")
    if version == SEALED_FORMAT and value.get("checksum") != checksum(value):
        raise StoreError(f"{path}: has changed since it was written (its checksum does not fit)")
    return value


def checksum(value: Mapping[str, Any]) -> str:
    """Return the checksum of a record, without its entry "checksum"."""
    content = {key: item for key, item in value.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def read_tensors(
    path: Path | str, folder: Path | None = None, *, limit: int | None = None
) -> "dict[str, Tensor]":
    """Return the tensors of a file by name. Raises StoreError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = Path(path)
    if (reason := unreadable_reason(path, folder, limit=limit)) is not None:
        raise StoreError(f"{path}: {reason}")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise StoreError(f"{path}: cannot be read ({error})") from error


def read_shapes(path: Path | str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors in a file by name, without their data.

    Raises StoreError.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if (reason := unreadable_reason(path)) is not None:
        raise StoreError(f"{path}: {reason}")
    try:
        with safe_open(path, "pt") as file:
            names = list(file.keys())
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError) as error:
        raise StoreError(f"{path}: cannot be read as safetensors ({error})") from error


def sha256(path: Path | str) -> str:
    """Return the hexadecimal SHA-256 of a file. Raises StoreError."""
    return _digest(Path(path), None)


def prefix_sha256(path: Path, size: int) -> str:
    """Return the SHA-256 of the first bytes of a file. Raises StoreError."""
    return _digest(path, size)


def is_inside(path: Path, folder: Path) -> bool:
    """Tell whether `path`, links followed, is in `folder`."""
    return path.resolve().is_relative_to(folder.resolve())


def manifest_entries(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of files of a folder by name, for a manifest. Raises StoreError."""
    return {
        name: {"size": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in names
    }


def file_difference(
    folder: Path, name: str, entry: object, *, limit: int | None = None
) -> str | None:
    """Return how a file differs from its entry in a manifest, or None."""
    path = folder / name
    size, digest = _entry(entry)
    if limit is None:
        limit = MANIFEST_LIMITS.get(path.suffix)
    if (reason := unreadable_reason(path, folder, limit=limit, size=size)) is not None:
        return f"{name} {reason}"
    return None if sha256(path) == digest else f"{name} has changed"


def damage(
    folder: Path | str, needs: Iterable[str] = (), *, limit: int | None = None
) -> str | None:
    """Return how `folder` differs from its manifest, or None if it is whole.

    needs: files that its manifest must list. limit: maximum bytes of all its files together.
    """
    folder = Path(folder)
    try:
        entries = read_json(folder / MANIFEST, folder)["files"]
        missing = [name for name in needs if name not in entries]
        if missing or not entries:
            return f"its manifest does not list {missing[0] if missing else 'a file'}"
        total = sum(_entry(entry)[0] for entry in entries.values())
        if limit is not None and total > limit:
            return (
                f"it holds {total / 1e9:,.1f} GB, more than the {limit / 1e9:,.1f} GB that are"
                " read; raise that by --memory GB"
            )
        differences = (
            file_difference(folder, name, entry, limit=total) for name, entry in entries.items()
        )
        return next((difference for difference in differences if difference is not None), None)
    except (StoreError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "it has no readable manifest"


def missing_entry(folder: Path, name: str) -> str | None:
    """Return an error text if a folder's manifest does not list a file. Raises StoreError."""
    entries = read_json(folder / MANIFEST, folder).get("files", {})
    return None if name in entries else f"its manifest does not list {name}"


def _entry(entry: Any) -> tuple[int, str]:  # noqa: ANN401 - JSON
    size, digest = entry["size"], entry["sha256"]
    if type(size) is not int or type(digest) is not str or size < 0:
        raise TypeError("no entry of a manifest")
    return size, digest


def _digest(path: Path, size: int | None) -> str:
    if (reason := unreadable_reason(path, limit=1 << 60)) is not None:
        raise StoreError(f"{path}: {reason}")
    try:
        with path.open("rb") as file:
            if size is None:
                return hashlib.file_digest(file, "sha256").hexdigest()
            digest = hashlib.sha256()
            while size > 0 and (block := file.read(min(size, MIB))):
                digest.update(block)
                size -= len(block)
            return digest.hexdigest()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror or error})") from error


def _parse_finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no finite number")
    return value


def _reject_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
