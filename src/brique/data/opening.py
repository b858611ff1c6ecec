"""Opening a data set by name or path."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from weakref import WeakValueDictionary

import torch

from brique.data import worlds
from brique.data.asked import SIGNS, Asked, Size
from brique.data.parts import Data, again, build
from brique.data.place import left_out, placed
from brique.data.source import Source
from brique.data.sources import objects, packed, read
from brique.errors import DataError, nearest
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


_held: WeakValueDictionary[tuple[object, ...], Data] = WeakValueDictionary()
"""Data sets that are in use: one that is opened again, unchanged, is not read again."""


def open(
    source: object,
    *,
    needs: Mapping[str, type[Field]] | None = None,
    target: str | int | None = None,
    kind: str | None = None,
    header: bool | None = None,
    sheet: str | int | None = None,
    test: str | Path | None = None,
    size: Size | None = None,
    channels: int | None = None,
    types: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
    group: str | None = None,
    time: str | None = None,
    names: str | None = None,
    length: int | None = None,
    ahead: int | None = None,
    unit: str | None = None,
    lower: bool | None = None,
    decimal: str | None = None,
    fold: tuple[int, int] | None = None,
    judged: bool = True,
    draw: int = 0,
    whole: bool = False,
) -> Data:
    """Return a data set: its schema and its parts train, valid and test.

    source: "digits", which is built in; "world:scenes" or another of `brique.data.worlds`; a path
        of a file, folder or archive; or the name of one under BRIQUE_DATA (case, - and _ do not
        count). docs/data.md lists what it may hold. Or an object: a data set of Hugging Face or
        torchvision, a data frame, a dict of arrays by field, or several of these, as {"train": ...,
        "test": ...} or (train, test).
    needs: fields by name and kind without which the data are of no use, such as
        {"image": Picture, "label": Category}.
    target: the field to predict, by name, or by number from 1 in a table; several columns of a
        table or a series as "A,B".
    kind: what the source holds, where its layout cannot say: docs/data.md lists the kinds.
    header: whether the first line of a table names its columns; by default guessed. Without one
        they are named "1", "2", ...
    sheet: of a spreadsheet, the name or number (from 1) of the sheet that is read; by default the
        first that holds a table.
    test: the test part: a file or folder like the source, there or beside it; or
        "COLUMN=VALUE,VALUE", the examples that have one of the values.
    size: height and width in pixels, one number or both; by default the pictures' own. Folders
        whose pictures differ in size, or have more than 128 pixels a side, are fitted to 64 x 64.
    channels: 1 (grey) or 3 (red, green, blue); by default 1 if all pictures are grey.
    types: kinds of columns by name that are not as guessed: "number", "category", "text", "moment",
        "picture", "labels" for a target that lists several such as "comedy|drama", or "leave" for a
        column to be left out.
    rename: classes by name that are to get another: joins two spellings.
    group: the column whose equal values stay in one part; of a series, that names each of several.
    time: the column by which the last examples become test, and those before them valid.
    names: how files are named, such as "{label}_{speaker}_{take}": what stands in braces becomes a
        field.
    length: of a piece of a long text, or of the past that a series is foretold from.
    ahead: how many moments of a series are to be foretold.
    unit: what texts are cut into: "words", "characters" or "subwords".
    lower: whether the letters of texts are made small.
    decimal: the sign before the decimals of a table's numbers, "point" or "comma"; by default seen.
    fold: a number from 1, and of how many: that one of `Data.folds`.
    judged: whether the test part is there; else settings are chosen, by `Data.unjudged`.
    draw: of `Data.unjudged`: another number holds out other examples.
    whole: all examples are in train, whatever the parts, and of one class alone too: to judge a net
        on them, by way of `brique.data.retold`.
    The parts of the source are obeyed; else test is 20%, and valid a tenth of the rest, by a fixed
    draw on their content: classes keep their shares, equal examples stay together.
    Raises DataError when there is no such source, or it cannot be a data set, or has not what it
        needs.
    """
    name, path = _found(source) if isinstance(source, str | Path) else ("", None)
    asked = Asked(
        target=None if target is None else str(target), test=_beside(test, path),
        sheet=None if sheet is None else str(sheet), header=header, size=size, channels=channels,
        types=types, rename=rename, group=group, time=time,
        names=names, length=length, ahead=ahead, unit=unit, lower=lower,
        decimal=decimal, whole=whole,
    )  # fmt: skip
    _check(asked)
    found = _needed((source, name, path, kind), asked, needs or {})
    found = found if fold is None else found.fold(*fold)
    return found if judged else found.unjudged(draw)


def _needed(
    place: tuple[object, str, Path | None, str | None],
    asked: Asked,
    needs: Mapping[str, type[Field]],
) -> Data:
    """Return a data set that has the fields that are needed. Raises DataError."""
    try:
        found = _opened(*place, asked)
    except DataError:
        if needs and asked.given():  # which means nothing for data of another kind
            found = _opened(*place, Asked(whole=asked.whole))
            found.schema.needs(found.name, needs)
        raise
    found.schema.needs(found.name, needs)
    return found


def _opened(source: object, name: str, path: Path | None, kind: str | None, asked: Asked) -> Data:
    if not isinstance(source, str | Path):
        return _built(_of_object(source, kind, asked), asked)
    is_there = asked.test is not None and os.path.exists(asked.test)
    beside = _readable(asked.test, Path(asked.test)) if asked.test and is_there else None
    key = (name, path, kind, repr(asked), _stamp(path), _stamp(beside))
    pairs = ((source, path), (asked.test, beside))
    roots = {str(given): Path(at).absolute() for given, at in pairs if at is not None}
    known = _held.get(key)
    if known is not None:
        return again(known)
    is_world = path is None and name.startswith("world:")
    opened = worlds.opened(name, kind, asked) if is_world else \
        _built(_read(name, path, kind, asked, roots), asked)  # fmt: skip
    if is_world and asked.whole and opened.source is not None:
        opened = _built(opened.source, asked)
    _held[key] = opened
    return opened


def _built(source: Source, asked: Asked) -> Data:
    """Return the data set of a source, cut into parts, or all of it in train."""
    return build(source, torch.zeros(len(source), dtype=torch.uint8) if asked.whole else None)


def _read(
    name: str, path: Path | None, kind: str | None, asked: Asked, roots: dict[str, Path]
) -> Source:
    if path is None:
        if kind is not None:
            raise DataError(f"{name}: is built in, its kind is known; leave out --kind")
        asked.check(name, packed.KIND, packed.USES)
        return packed.built_in(asked)
    place = placed(path)
    source = read(name, place, kind, asked)
    source.skipped[:0] = left_out(place)
    source.roots = roots
    return source


def _of_object(given: object, kind: str | None, asked: Asked) -> Source:
    if kind is not None:
        raise DataError(
            f"data: kind='{kind}' is for files, and a {type(given).__name__} says what it holds;"
            " leave it out, or correct single fields with types="
        )
    return objects.source_of(given, asked)


def _beside(test: str | Path | None, path: Path | None) -> str | None:
    """Return what is said of the test part: the whole path of a file beside the source."""
    known = _elsewhere.get() or {}
    if test is None or str(test) in known:
        return None if test is None else str(known[str(test)])
    if path is not None and (known or not os.path.exists(test)):
        near = path.parent / test
        return str(near) if os.path.exists(near) else str(test)
    return str(test)


def _stamp(path: str | Path | None) -> int:
    """Return a number that changes when a file at or below `path` does, by sizes and times."""
    if path is None:
        return 0
    found = [(str(path), "", os.stat(path).st_size, os.stat(path).st_mtime_ns)]
    for folder, _, _ in os.walk(path):
        for entry in os.scandir(folder):
            there = os.path.exists(entry.path)  # a link may lead nowhere
            about = entry.stat(follow_symlinks=there)
            found.append((folder, entry.name, about.st_size, about.st_mtime_ns))
    return hash(tuple(sorted(found)))


def _check(asked: Asked) -> None:
    size, channels = asked.size, asked.channels
    sides = (size, size) if isinstance(size, int) else size
    if sides is not None and (len(sides) != 2 or min(sides) < 1):
        raise DataError(f"data: size must be 1 or more pixels, got {size}; leave it out, or choose")
    if channels not in (None, 1, 3):
        raise DataError(
            f"data: channels must be 1 (grey) or 3 (color), got {channels}; pass either"
        )
    if asked.decimal not in (None, *SIGNS):
        raise DataError(
            f"data: decimal: expected point or comma, got '{asked.decimal}'; pass one of them"
        )


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
