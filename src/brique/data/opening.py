"""Opening a data set by name or path."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch

from brique.data import worlds
from brique.data.parts import Data, build
from brique.data.place import left_out, placed
from brique.data.source import Source
from brique.data.sources import objects, packed, read
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import Field

_elsewhere: ContextVar[Mapping[str, Path] | None] = ContextVar("brique_elsewhere", default=None)


@contextmanager
def elsewhere(roots: Mapping[str, Path]) -> Iterator[None]:
    """While it lasts, what has a root is opened there, wherever the process stands.

    roots: as in `Source`: relative paths are those of the folder that a run was started in.
    """
    token = _elsewhere.set(roots)
    try:
        yield
    finally:
        _elsewhere.reset(token)


def open(
    source: object,
    options: Options | None = None,
    *,
    needs: Mapping[str, type[Field]] | None = None,
    **more: Any,  # noqa: ANN401 - each has the type that its field of Options has
) -> Data:
    """Return a data set: its schema and its parts train, valid and test.

    source: "digits", which is built in; "world:scenes" or another of `brique.data.worlds`; a path
        of a file, folder or archive; or the name of one under BRIQUE_DATA (case, - and _ do not
        count). docs/data.md lists what it may hold. Or an object: a data set of Hugging Face or
        torchvision, a data frame, a dict of arrays by field, or several of these, as {"train": ...,
        "test": ...} or (train, test).
    options: what the source does not say by itself; `more` are fields of it by name, such as
        target="price", which stand in place of its own.
    needs: fields by name and kind without which the data are of no use, such as
        {"image": Picture, "label": Category}.
    The parts of the source are obeyed; else test is 20%, and valid a tenth of the rest, by a fixed
    draw on their content: classes keep their shares, equal examples stay together.
    Raises DataError when there is no such source, or it cannot be a data set, or has not what it
        needs; on an unknown option, and on one that means nothing for this source.
    """
    name, path = _found(source) if isinstance(source, str | Path) else ("", None)
    chosen = (options or Options()).replace(**more)
    chosen = chosen.replace(test=_beside(chosen.test, path))
    found = _needed((source, name, path), chosen, needs or {})
    found = found if chosen.fold is None else found.fold(*chosen.fold)
    return found if chosen.selection is None else found.for_selection(chosen.selection)


def _needed(
    place: tuple[object, str, Path | None],
    options: Options,
    needs: Mapping[str, type[Field]],
) -> Data:
    """Return a data set that has the fields that are needed. Raises DataError."""
    try:
        found = _opened(*place, options)
    except DataError:
        if needs and options.given():  # which means nothing for data of another kind
            found = _opened(*place, Options(kind=options.kind, whole=options.whole))
            found.schema.needs(found.name, needs)
        raise
    found.schema.needs(found.name, needs)
    return found


def _opened(source: object, name: str, path: Path | None, options: Options) -> Data:
    if not isinstance(source, str | Path):
        return _built(_of_object(source, options), options)
    if path is None and name.startswith("world:"):
        opened = worlds.opened(name, options)
        return _built(opened.source, options) if options.whole and opened.source else opened
    is_there = options.test is not None and os.path.exists(options.test)
    beside = _readable(options.test, Path(options.test)) if options.test and is_there else None
    pairs = ((source, path), (options.test, beside))
    roots = {str(given): Path(at).absolute() for given, at in pairs if at is not None}
    return _built(_read(name, path, options, roots), options)


def _built(source: Source, options: Options) -> Data:
    """Return the data set of a source, cut into parts, or all of it in train."""
    return build(source, torch.zeros(len(source), dtype=torch.uint8) if options.whole else None)


def _read(name: str, path: Path | None, options: Options, roots: dict[str, Path]) -> Source:
    if path is None:
        if options.kind is not None:
            raise DataError(f"{name}: is built in, its kind is known; leave out --kind")
        options.check(name, packed.KIND, packed.USES)
        return packed.built_in(options)
    place = placed(path)
    source = read(name, place, options)
    source.skipped[:0] = left_out(place)
    source.roots = roots
    return source


def _of_object(given: object, options: Options) -> Source:
    if options.kind is not None:
        raise DataError(
            f"data: kind='{options.kind}' is for files, and a {type(given).__name__} says what it"
            " holds; leave it out, or correct single fields with types="
        )
    return objects.source_of(given, options)


def _beside(test: str | Path | None, path: Path | None) -> str | None:
    """Return what is said of the test part: the whole path of a file beside the source."""
    known = _elsewhere.get() or {}
    if test is None or str(test) in known:
        return None if test is None else str(known[str(test)])
    if path is not None and (known or not os.path.exists(test)):
        near = path.parent / test
        return str(near) if os.path.exists(near) else str(test)
    return str(test)


def _found(source: str | Path) -> tuple[str, Path | None]:
    """Return the name and place of a source, None if it is built in. Raises DataError."""
    if source == "digits":
        return "digits", None
    if str(source).startswith("world:"):
        return str(source), None
    if not str(source):
        raise DataError("data: got an empty name; pass 'digits', a path, or a name in BRIQUE_DATA")
    path = Path(source).expanduser()
    path = (_elsewhere.get() or {}).get(str(source), path)
    if os.path.exists(path):  # also of a name that is too long
        return path.resolve().name or str(path), _readable(source, path)
    shelves = [
        Path(shelf) for shelf in os.environ.get("BRIQUE_DATA", "").split(os.pathsep) if shelf
    ]
    entries = [entry for shelf in shelves if shelf.is_dir() for entry in sorted(shelf.iterdir())]
    wanted = _plain(path.parts[0])
    for ending in ("", "batchesbin", "batchespy"):  # cifar-10 is shipped as such a folder
        for entry in entries:
            below = entry.joinpath(*path.parts[1:])
            if _plain(entry.name) == wanted + ending and os.path.exists(below):
                return path.name, below
    known = ["digits", *(entry.name.casefold() for entry in entries)]
    if os.path.isdir(path.parent):
        known += [str(path.parent / entry.name) for entry in path.parent.iterdir()]
    looked = f"in BRIQUE_DATA ({os.pathsep.join(map(str, shelves))})" if shelves else ""
    raise DataError(
        f"data: no '{source}': it is not built in (digits), no such path exists, and it is not "
        f"{looked or 'found by name, as BRIQUE_DATA is not set'}"
        f"{nearest(str(source), known) or '; check the name'}"
    )


def _readable(source: str | Path, path: Path) -> Path:
    """Return a path that is a file or folder: a pipe or device may never end. Raises DataError."""
    if path.is_file() or path.is_dir():
        return path
    raise DataError(
        f"data: '{source}' is a pipe or device, which cannot be read again; write what it gives"
        " into a file, and name that"
    )


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")
