"""The only module that writes: temporary name, fsync of file and folder, rename.

A folder that must be whole or absent (a checkpoint, a model) is made by `new_folder`, which closes
it with a manifest of sizes and SHA-256; `damage` tells whether a folder still equals its manifest.
Tests inject faults at the n-th operation on the disk: see `faults`.
"""

import fcntl
import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from brique.errors import UsageError, refused
from brique.reader import MANIFEST, SEALED, seal
from brique.reader import damage as damage
from brique.reader import listed as listed
from brique.reader import sha256 as sha256

if TYPE_CHECKING:
    import torch

LOCK = ".lock"
Fault = Literal["fail", "short", "kill"]

_schedule: dict[int, Fault] = {}
_calls = 0
_REST = re.compile(r"\..+\.\d+\.(part|old)", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")  # in a string of JSON it may be spelled: \ud83d


@contextmanager
def faults(schedule: Mapping[int, Fault]) -> Iterator[Callable[[], int]]:
    """Make the n-th operation on the disk (from 1) fail, write half and fail, or kill the process.

    schedule: operation number -> "fail" (no space left), "short" (half is written, then no space
        left) or "kill" (SIGKILL to this process).
    Yields a function that returns how many operations there have been.
    """
    global _calls
    before = (dict(_schedule), _calls)
    _schedule.clear()
    _schedule.update(schedule)
    _calls = 0
    try:
        yield lambda: _calls
    finally:
        _schedule.clear()
        _schedule.update(before[0])
        _calls = before[1]


def write(path: Path | str, content: bytes | str) -> None:
    """Put `content` at `path`, whole or not at all; folders above are made.

    Raises StoreError when the disk refuses; what stood at `path` before still stands then.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    new = missing(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(part, data)
        _touch("rename")
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        undo([part, *new])
        raise refused("write", path, error) from error


def check_is_other(out: Path | str, *sources: Path | str) -> None:
    """Raise UsageError where a file that is to be written is one of those that are read.

    sources: files, and folders whose files are read; what does not exist is none.
    """
    path = Path(out)
    for source in map(Path, sources):
        if not path.exists() or not source.exists():
            continue
        if path.samefile(source):
            raise UsageError(f"{path}: is what is read, and would be lost; name another file.")
        if source.is_dir() and path.resolve().is_relative_to(source.resolve()):
            raise UsageError(
                f"{path}: lies in {source}, which is read, and would be replaced; name a file"
                " elsewhere, or remove it."
            )


def write_json(path: Path | str, value: object) -> None:
    """Put `value` at `path` as indented JSON. Raises StoreError, or ValueError on NaN."""
    write(path, as_json(value))


def as_json(value: object) -> str:
    """Return `value` as indented JSON, halves of signs spelled out. Raises ValueError on NaN."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return _HALF.sub(lambda half: ascii(half[0])[1:-1], text)


def write_sealed(path: Path | str, value: Mapping[str, Any]) -> None:
    """Put a record at `path`, for `reader.read_sealed`. Raises StoreError, or ValueError on NaN."""
    write(path, as_sealed(value))


def as_sealed(value: Mapping[str, Any]) -> str:
    """Return a record as JSON with its own checksum. Raises ValueError on NaN."""
    whole = dict(value) | {"format": SEALED}
    return as_json(whole | {"checksum": seal(json.loads(json.dumps(whole)))})


def append(path: Path | str, text: str) -> None:
    """Add `text` at the end of a file that is there. Raises StoreError when the disk refuses."""
    try:
        with _extended(path) as file:
            _emit(file.write, text.encode())
    except OSError as error:
        raise refused("append to", path, error) from error


def cut(path: Path | str, size: int) -> None:
    """Cut the file at `path` back to `size` bytes, durably. Raises StoreError."""
    try:
        _touch("cut")
        with _extended(path) as file:
            file.truncate(size)
            os.fsync(file.fileno())
    except OSError as error:
        raise refused("cut", path, error) from error


def sync(path: Path | str) -> int:
    """Make what was appended to `path` durable; returns its size in bytes. Raises StoreError."""
    try:
        _touch("sync")
        with _extended(path) as file:
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        raise refused("sync", path, error) from error


@contextmanager
def new_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder to fill; it appears at `path`, with its manifest, when the block ends.

    Raises StoreError when the disk refuses. If the block fails, nothing appears. A folder that
    stood at `path` before is replaced.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        names = [
            one.relative_to(part).as_posix() for one in sorted(part.rglob("*")) if one.is_file()
        ]
        manifest = json.dumps({"format": 1, "files": listed(part, names)}, indent=1) + "\n"
        _write_synced(part / MANIFEST, manifest.encode())
        _sync_folder(part)
        _touch("rename")
        if path.exists():
            path.rename(old)
        part.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        if old.exists() and not path.exists():
            old.rename(path)
        raise refused("write", path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


def make_folder(folder: Path | str, *, new: bool = False) -> bool:
    """Make a folder and those above it; False where `new` and it is there. Raises StoreError."""
    above = missing(folder)
    try:
        _touch("make")
        Path(folder).mkdir(parents=True, exist_ok=not new)
    except FileExistsError as error:
        if new:
            return False
        raise refused("make", folder, error) from error
    except OSError as error:
        undo(above)
        raise refused("make", folder, error) from error
    return True


def content(folder: Path | str) -> list[str]:
    """Return the names in a folder, but for a lock and what an interrupted write left."""
    names = sorted(os.listdir(folder))
    return [name for name in names if name != LOCK and not _is_rest(name)]


def rests(folder: Path | str) -> list[Path]:
    """Return what interrupted writes left in a folder and below it, but not in runs within it."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        found += [Path(place, name) for name in [*folders, *names] if _is_rest(name)]
        below = [name for name in folders if not _is_rest(name)]
        folders[:] = [name for name in below if not Path(place, name, LOCK).exists()]
    return found


def tidy(folder: Path | str) -> None:
    """Remove what interrupted writes left in a folder; see `rests`. Raises StoreError."""
    for path in rests(folder):
        remove(path)


def _is_rest(name: str) -> bool:
    return _REST.fullmatch(name) is not None


def missing(folder: Path | str) -> list[Path]:
    """Return a folder and those above it, as far as they are not there, the lowest first."""
    return [one for one in (Path(folder), *Path(folder).parents) if not os.path.lexists(one)]


def undo(places: Iterable[Path]) -> None:
    """Remove files that were just written, and folders that were made for them, if empty."""
    for place in places:
        with suppress(OSError):
            place.rmdir() if place.is_dir() else place.unlink()


def remove(folder: Path | str) -> None:
    """Remove a file, or a folder and all in it; none there is no error. Raises StoreError."""
    try:
        _touch("remove")
        if Path(folder).is_dir() and not Path(folder).is_symlink():
            shutil.rmtree(folder)
        else:
            Path(folder).unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise refused("remove", folder, error) from error


def write_tensors(path: Path | str, tensors: Mapping[str, "torch.Tensor"]) -> None:
    """Put tensors at `path` as safetensors. Raises StoreError."""
    from safetensors.torch import save

    flat: dict[str, torch.Tensor] = {}
    stored: set[int] = set()
    for name, tensor in tensors.items():
        value = tensor.detach().contiguous().cpu()
        storage = value.untyped_storage()
        if storage.data_ptr() in stored or storage.nbytes() != value.nbytes:
            value = value.clone()  # the format takes no two views of one memory, nor a part of one
        stored.add(value.untyped_storage().data_ptr())
        flat[name] = value
    write(path, save(flat))


class Lock:
    """An exclusive claim on a folder, held until `release`, the end of a `with` or the process."""

    def __init__(self, folder: Path | str) -> None:
        self._path = Path(folder) / LOCK
        self._file: int | None = None

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self) -> bool:
        """Claim the folder; False if another process holds it. Raises StoreError."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise refused("lock", self._path.parent, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Give the folder back; harmless if it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def pack(tree: object) -> tuple[Any, dict[str, "torch.Tensor"]]:
    """Turn nested dicts, lists, tuples, numbers, strings and tensors into JSON and named tensors.

    A tensor that occurs twice is kept once. Returns (JSON value, tensors by name), what `unpack`
    takes. Raises TypeError on anything else.
    """
    tensors: dict[str, torch.Tensor] = {}
    seen: dict[int, str] = {}
    return _packed(tree, tensors, seen), tensors


def unpack(value: Any, tensors: Mapping[str, "torch.Tensor"]) -> Any:  # noqa: ANN401 - any tree
    """Rebuild what `pack` took apart; tensors come as they lie in `tensors`."""
    if not isinstance(value, dict):
        return value
    kind, content = next(iter(value.items()))
    if kind == "dict":
        return {unpack(key, tensors): unpack(item, tensors) for key, item in content}
    if kind == "tensor":
        return tensors[content]
    if kind == "float":
        return float(content)
    items = [unpack(item, tensors) for item in content]
    return tuple(items) if kind == "tuple" else items


def _packed(tree: object, tensors: dict[str, "torch.Tensor"], seen: dict[int, str]) -> object:
    import torch

    if tree is None or isinstance(tree, bool | int | str):
        return tree
    if isinstance(tree, float):
        return tree if tree - tree == 0 else {"float": repr(tree)}
    if isinstance(tree, torch.Tensor):
        if id(tree) not in seen:
            seen[id(tree)] = str(len(tensors))
            tensors[seen[id(tree)]] = tree
        return {"tensor": seen[id(tree)]}
    if isinstance(tree, dict):
        pairs = [[_packed(k, tensors, seen), _packed(v, tensors, seen)] for k, v in tree.items()]
        return {"dict": pairs}
    if isinstance(tree, list | tuple):
        items = [_packed(item, tensors, seen) for item in tree]
        return {"tuple" if isinstance(tree, tuple) else "list": items}
    raise TypeError(f"cannot store a {type(tree).__name__}")


def _touch(operation: str) -> None:
    """Count one operation on the disk and let the fault schedule strike."""
    global _calls
    _calls += 1
    fault = _schedule.get(_calls)
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault is not None and operation != "write":
        raise OSError(28, "No space left on device")


def _emit(writer: Callable[[memoryview], int | None], data: bytes) -> None:
    _touch("write")
    fault = _schedule.get(_calls)
    if fault == "short":
        writer(memoryview(data)[: len(data) // 2])
    if fault is not None:
        raise OSError(28, "No space left on device")
    rest = memoryview(data)
    while rest:
        rest = rest[writer(rest) or 0 :]


def _extended(path: Path | str) -> FileIO:
    """Open a file that is there, to write at its end."""
    there = os.open(path, os.O_WRONLY | os.O_APPEND)
    return os.fdopen(there, "ab", buffering=0)


def _write_synced(path: Path, data: bytes) -> None:
    _touch("open")
    with path.open("wb", buffering=0) as file:
        _emit(file.write, data)
        _touch("fsync")
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    _touch("fsync")
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
