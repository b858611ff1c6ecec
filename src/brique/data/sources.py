"""Opening a data set by name or path."""

import os
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor

from brique.data import folders, layouts
from brique.data.parts import Data, Source, again, all_digests, build
from brique.errors import DataError, nearest
from brique.schema import Picture

_held: WeakValueDictionary[tuple[object, ...], Data] = WeakValueDictionary()
"""Data sets that are in use: one that is opened again, unchanged, is not read again."""

_TABLES = frozenset(
    [
        ".csv",
        ".tsv",
        ".txt",
        ".json",
        ".jsonl",
        ".parquet",
        ".xlsx",
        ".xls",
        ".npz",
        ".npy",
        ".arrow",
    ]
)
_ARCHIVES = frozenset([".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"])
_PICKLES = frozenset([".pkl", ".pickle", ".pt", ".pth", ".joblib"])


def open(
    source: str | Path,
    *,
    target: str | None = None,
    kind: str | None = None,
    header: bool = True,
    test: str | Path | None = None,
    size: int | None = None,
    channels: int | None = None,
) -> Data:
    """Return a data set: its schema and its parts train, valid and test.

    source: "digits", which is built in; a path; or the name of a folder under BRIQUE_DATA (case,
        - and _ do not count). A folder holds MNIST's idx files, CIFAR-10's binaries, or pictures
        by class (photos/cat/1.jpg, or photos/train/cat/1.jpg with valid and test beside train).
    target, kind, header: for tables; an error with pictures.
    test: folder of pictures by class, the test part of a folder without one.
    size: height and width in pixels; by default the pictures' own. Folders whose pictures differ
        in size, or have more than 128 pixels a side, are fitted to 64 x 64.
    channels: 1 (grey) or 3 (red, green, blue); by default 1 if all pictures are grey.
    The parts of the source are obeyed; else test is 20%, and valid a tenth of the rest, by a fixed
    draw on their content: classes keep their shares, equal examples stay together.
    Raises DataError when there is no such source, or it cannot be a data set.
    """
    _check_size(size, channels)
    name, path = _found(source)
    for option, given in (("target", target), ("kind", kind), ("header", None if header else 0)):
        if given is not None:
            raise DataError(
                f"{name}: {option}= is for tables, and this holds pictures; leave it out"
            )
    if path is not None and path.is_file():
        raise _not_a_folder(path)
    key = (name, path, size, channels, test, _stamp(path), _stamp(test))
    known = _held.get(key)
    if known is not None:
        return again(known)
    opened = _held[key] = _opened(name, path, size=size, channels=channels, test=test)
    return opened


def _opened(
    name: str, path: Path | None, *, size: int | None, channels: int | None, test: str | Path | None
) -> Data:
    raw = None if path is None else layouts.cifar_folder(path) or layouts.idx_folder(path)
    if path is not None and raw is None:
        beside = None if test is None else Path(test)
        return build(folders.pictures(path, name, size=size, channels=channels, test=beside))
    if test is not None:
        raise DataError(f"{name}: it has a test part of its own, or draws one; leave out test=")
    if raw is None:
        return build(_fitted(layouts.digits(), size, channels))
    is_cifar = (raw / "data_batch_1.bin").is_file()
    return build(_fitted((layouts.cifar if is_cifar else layouts.idx)(raw, name), size, channels))


def _stamp(path: str | Path | None) -> int:
    """Return a number that changes when a file below `path` does, by sizes and times."""
    if path is None:
        return 0
    found: list[tuple[str, str, int, int]] = []
    for folder, _, _ in os.walk(path):
        for entry in os.scandir(folder):
            there = os.path.exists(entry.path)  # a link may lead nowhere
            about = entry.stat(follow_symlinks=there)
            found.append((folder, entry.name, about.st_size, about.st_mtime_ns))
    return hash(tuple(sorted(found)))


def _check_size(size: int | None, channels: int | None) -> None:
    if size is not None and size < 1:
        raise DataError(f"data: size must be 1 or more pixels, got {size}; leave it out, or choose")
    if channels not in (None, 1, 3):
        raise DataError(
            f"data: channels must be 1 (grey) or 3 (color), got {channels}; pass either"
        )


def _found(source: str | Path) -> tuple[str, Path | None]:
    """Return the name and place of a source, None if it is built in. Raises DataError."""
    if source == "digits":
        return "digits", None
    if not str(source):
        raise DataError("data: got an empty name; pass 'digits', a path, or a name in BRIQUE_DATA")
    path = Path(source).expanduser()
    if path.exists():
        return path.resolve().name or str(path), path
    shelves = [
        Path(shelf) for shelf in os.environ.get("BRIQUE_DATA", "").split(os.pathsep) if shelf
    ]
    entries = [entry for shelf in shelves if shelf.is_dir() for entry in sorted(shelf.iterdir())]
    if len(path.parts) == 1:
        wanted = _plain(path.name)
        for ending in ("", "batchesbin", "batchespy"):  # cifar-10 is shipped as such a folder
            for entry in entries:
                if _plain(entry.name) == wanted + ending:
                    return path.name, entry
    known = ["digits", *(entry.name.casefold() for entry in entries)]
    if path.parent.is_dir():
        known += [str(path.parent / entry.name) for entry in path.parent.iterdir()]
    looked = f"in BRIQUE_DATA ({os.pathsep.join(map(str, shelves))})" if shelves else ""
    raise DataError(
        f"data: no '{source}': it is not built in (digits), no such path exists, and it is not "
        f"{looked or 'found by name, as BRIQUE_DATA is not set'}"
        f"{nearest(str(source), known) or '; check the name'}"
    )


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")


def _not_a_folder(path: Path) -> DataError:
    """Say why a file is not a data set."""
    suffix = path.suffix.casefold()
    if suffix in _PICKLES or path.name == "data_batch_1":
        return layouts.pickled(path.parent.name, path.name)
    if suffix in _TABLES:
        return DataError(
            f"{path.name}: tables and texts are not read by this version of brique; "
            "give a folder of pictures by class"
        )
    if suffix in _ARCHIVES:
        return DataError(f"{path.name}: is an archive; unpack it and give the folder")
    return DataError(
        f"{path.name}: is one file, not a data set; give the folder that holds a folder of "
        "pictures for each class"
    )


def _fitted(source: Source, size: int | None, channels: int | None) -> Source:
    """Fit pictures in memory to a size and channels, as `Picture.prepare` does."""
    pictures = source.fields["image"]
    assert isinstance(pictures, Tensor)
    own, height, width = pictures.shape[1:]
    picture = Picture((channels or own, size or height, size or width))
    if picture.shape != (own, height, width):
        source.digests = all_digests(source, np.arange(len(pictures)))
        fitted = torch.empty(len(pictures), *picture.shape, dtype=torch.uint8)
        for place, pixels in enumerate(pictures.numpy()):
            fitted[place] = picture.prepare(pixels)
        source.fields["image"] = fitted
        source.kinds["image"] = picture
    return source
