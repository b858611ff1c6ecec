"""The only module that writes: temporary name, fsync of file and folder, rename.

`new_folder` makes a folder that must be whole or absent (a checkpoint, a model), with a manifest of
sizes and SHA-256; `damage` compares a folder with its manifest.
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

from brique.errors import UsageError, disk_error
from brique.reader import MANIFEST, SEALED_FORMAT, checksum
from brique.reader import damage as damage
from brique.reader import manifest_entries as manifest_entries
from brique.reader import sha256 as sha256

if TYPE_CHECKING:
    import torch

LOCK = ".lock"
Fault = Literal["fail", "short", "kill"]

_schedule: dict[int, Fault] = {}
_calls = 0
_TEMPORARY_NAME = re.compile(r"\..+\.\d+\.(part|old)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON strings may hold it as \ud83d


@contextmanager
def faults(schedule: Mapping[int, Fault]) -> Iterator[Callable[[], int]]:
    """Make the n-th operation on the disk (from 1) fail, write half and fail, or kill the process.

    schedule: operation number -> "fail" (no space left), "short" (half is written, then no space
        left) or "kill" (SIGKILL to this process).
    Yields a function that returns how many operations there have been.
    """
    global _calls
    previous = (dict(_schedule), _calls)
    _schedule.clear()
    _schedule.update(schedule)
    _calls = 0
    try:
        yield lambda: _calls
    finally:
        _schedule.clear()
        _schedule.update(previous[0])
        _calls = previous[1]


def write(path: Path | str, content: bytes | str) -> None:
    """Write `content` to `path` atomically; parent folders are created.

    Raises StoreError when the disk refuses; what stood at `path` before still stands then.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    new_folders = missing_folders(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_synced(temporary, data)
        _count_operation("rename")
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        undo([temporary, *new_folders])
        raise disk_error("write", path, error) from error


def check_not_input(output: Path | str, *sources: Path | str) -> None:
    """Raise UsageError when an output file is one of the input files.

    sources: input files, and folders of input files; missing ones are ignored.
    """
    path = Path(output)
    for source in map(Path, sources):
        if not path.exists() or not source.exists():
            continue
        if path.samefile(source):
            raise UsageError(f"{path}: is an input, and would be lost; name another file.")
        if source.is_dir() and path.resolve().is_relative_to(source.resolve()):
            raise UsageError(
                f"{path}: is in the input {source}, and would be replaced; name a file elsewhere,"
                " or remove it."
            )


def write_json(path: Path | str, value: object) -> None:
    """Write `value` to `path` as indented JSON. Raises StoreError, or ValueError on NaN."""
    write(path, to_json(value))


def to_json(value: object) -> str:
    """Return `value` as indented JSON, lone surrogates escaped. Raises ValueError on NaN."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return _SURROGATE.sub(lambda surrogate: ascii(surrogate[0])[1:-1], text)


def write_sealed(path: Path | str, value: Mapping[str, Any]) -> None:
    """Write a record for `reader.read_sealed`. Raises StoreError, or ValueError on NaN."""
    write(path, to_sealed_json(value))


def to_sealed_json(value: Mapping[str, Any]) -> str:
    """Return a record as JSON with its own checksum. Raises ValueError on NaN."""
    record = dict(value) | {"format": SEALED_FORMAT}
    return to_json(record | {"checksum": checksum(json.loads(json.dumps(record)))})


def append(path: Path | str, text: str) -> None:
    """Append `text` to an existing file. Raises StoreError."""
    try:
        with _open_to_append(path) as file:
            _write_all(file.write, text.encode())
    except OSError as error:
        raise disk_error("append to", path, error) from error


def truncate(path: Path | str, size: int) -> None:
    """Truncate the file at `path` to `size` bytes, durably. Raises StoreError."""
    try:
        _count_operation("cut")
        with _open_to_append(path) as file:
            file.truncate(size)
            os.fsync(file.fileno())
    except OSError as error:
        raise disk_error("cut", path, error) from error


def sync(path: Path | str) -> int:
    """Flush the file at `path` to disk; return its size in bytes. Raises StoreError."""
    try:
        _count_operation("sync")
        with _open_to_append(path) as file:
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        raise disk_error("sync", path, error) from error


@contextmanager
def new_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder to fill; it appears at `path`, with its manifest, when the block ends.

    Raises StoreError when the disk refuses. If the block fails, nothing appears. A folder that
    stood at `path` before is replaced.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    previous = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        names = [
            file.relative_to(temporary).as_posix()
            for file in sorted(temporary.rglob("*"))
            if file.is_file()
        ]
        manifest = (
            json.dumps({"format": 1, "files": manifest_entries(temporary, names)}, indent=1) + "\n"
        )
        _write_synced(temporary / MANIFEST, manifest.encode())
        _sync_folder(temporary)
        _count_operation("rename")
        if path.exists():
            path.rename(previous)
        temporary.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        if previous.exists() and not path.exists():
            previous.rename(path)
        raise disk_error("write", path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            shutil.rmtree(previous, ignore_errors=True)


def make_folder(folder: Path | str, *, new: bool = False) -> bool:
    """Make a folder and its parents; False if `new` and it exists already. Raises StoreError."""
    new_folders = missing_folders(folder)
    try:
        _count_operation("make")
        Path(folder).mkdir(parents=True, exist_ok=not new)
    except FileExistsError as error:
        if new:
            return False
        raise disk_error("make", folder, error) from error
    except OSError as error:
        undo(new_folders)
        raise disk_error("make", folder, error) from error
    return True


def folder_names(folder: Path | str) -> list[str]:
    """Return the names in a folder, without its lock and leftovers of interrupted writes."""
    names = sorted(os.listdir(folder))
    return [name for name in names if name != LOCK and not _is_leftover(name)]


def leftovers(folder: Path | str) -> list[Path]:
    """Return leftovers of interrupted writes in a folder and below, except in runs in it."""
    paths: list[Path] = []
    for parent, folders, names in os.walk(folder):
        paths += [Path(parent, name) for name in [*folders, *names] if _is_leftover(name)]
        subfolders = [name for name in folders if not _is_leftover(name)]
        folders[:] = [name for name in subfolders if not Path(parent, name, LOCK).exists()]
    return paths


def remove_leftovers(folder: Path | str) -> None:
    """Remove leftovers of interrupted writes; see `leftovers`. Raises StoreError."""
    for path in leftovers(folder):
        remove(path)


def _is_leftover(name: str) -> bool:
    return _TEMPORARY_NAME.fullmatch(name) is not None


def missing_folders(folder: Path | str) -> list[Path]:
    """Return those of a folder and its parents that do not exist, the lowest first."""
    return [path for path in (Path(folder), *Path(folder).parents) if not os.path.lexists(path)]


def undo(paths: Iterable[Path]) -> None:
    """Remove files that were just written, and their new folders, if empty."""
    for path in paths:
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def remove(path: Path | str) -> None:
    """Remove a file, or a folder with its content, if it exists. Raises StoreError."""
    try:
        _count_operation("remove")
        if Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path)
        else:
            Path(path).unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise disk_error("remove", path, error) from error


def write_tensors(path: Path | str, tensors: Mapping[str, "torch.Tensor"]) -> None:
    """Write tensors to `path` as safetensors. Raises StoreError."""
    from safetensors.torch import save

    stored_tensors: dict[str, torch.Tensor] = {}
    storages: set[int] = set()
    for name, tensor in tensors.items():
        value = tensor.detach().contiguous().cpu()
        storage = value.untyped_storage()
        if storage.data_ptr() in storages or storage.nbytes() != value.nbytes:
            value = value.clone()  # the format takes no two views of one memory, nor a part of one
        storages.add(value.untyped_storage().data_ptr())
        stored_tensors[name] = value
    write(path, save(stored_tensors))


class Lock:
    """An exclusive claim on a folder, held until `release`, the end of a `with` or the process."""

    def __init__(self, folder: Path | str) -> None:
        self._path = Path(folder) / LOCK
        self._file: int | None = None

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> bool:
        """Claim the folder; False if another process holds it. Raises StoreError."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise disk_error("lock", self._path.parent, error) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def pack(tree: object) -> tuple[Any, dict[str, "torch.Tensor"]]:
    """Turn nested dicts, lists, tuples, numbers, strings and tensors into JSON and named tensors.

    A tensor that occurs twice is kept once. Returns (JSON value, tensors by name), what `unpack`
    takes. Raises TypeError on anything else.
    """
    tensors: dict[str, torch.Tensor] = {}
    names: dict[int, str] = {}
    return _pack(tree, tensors, names), tensors


def unpack(value: Any, tensors: Mapping[str, "torch.Tensor"]) -> Any:  # noqa: ANN401 - any tree
    """Return the value that `pack` split; its tensors are those in `tensors`, not copied."""
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


def _pack(tree: object, tensors: dict[str, "torch.Tensor"], names: dict[int, str]) -> object:
    import torch

    if tree is None or isinstance(tree, bool | int | str):
        return tree
    if isinstance(tree, float):
        return tree if tree - tree == 0 else {"float": repr(tree)}
    if isinstance(tree, torch.Tensor):
        if id(tree) not in names:
            names[id(tree)] = str(len(tensors))
            tensors[names[id(tree)]] = tree
        return {"tensor": names[id(tree)]}
    if isinstance(tree, dict):
        pairs = [[_pack(k, tensors, names), _pack(v, tensors, names)] for k, v in tree.items()]
        return {"dict": pairs}
    if isinstance(tree, list | tuple):
        items = [_pack(item, tensors, names) for item in tree]
        return {"tuple" if isinstance(tree, tuple) else "list": items}
    raise TypeError(f"cannot store a {type(tree).__name__}")


def _count_operation(operation: str) -> None:
    """Count one operation on the disk, and inject its fault if one is scheduled."""
    global _calls
    _calls += 1
    fault = _schedule.get(_calls)
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault is not None and operation != "write":
        raise OSError(28, "No space left on device")


def _write_all(writer: Callable[[memoryview], int | None], data: bytes) -> None:
    _count_operation("write")
    fault = _schedule.get(_calls)
    if fault == "short":
        writer(memoryview(data)[: len(data) // 2])
    if fault is not None:
        raise OSError(28, "No space left on device")
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[writer(remaining) or 0 :]


def _open_to_append(path: Path | str) -> FileIO:
    """Open an existing file for appending."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    return os.fdopen(descriptor, "ab", buffering=0)


def _write_synced(path: Path, data: bytes) -> None:
    _count_operation("open")
    with path.open("wb", buffering=0) as file:
        _write_all(file.write, data)
        _count_operation("fsync")
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    _count_operation("fsync")
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
