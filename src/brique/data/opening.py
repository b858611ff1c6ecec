"""Open a data set by name or path."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch

from brique.data import worlds
from brique.data.dataset import Data, build
from brique.data.files.place import resolve_place, skipped_files
from brique.data.raw.source import Source
from brique.data.sources import read
from brique.data.sources.memory import objects
from brique.data.sources.pictures import binary_files
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import Field

_redirects: ContextVar[Mapping[str, Path] | None] = ContextVar("brique_redirects", default=None)


@contextmanager
def redirect_roots(roots: Mapping[str, Path]) -> Iterator[None]:
    """Context in which sources open at their recorded roots, whatever the working directory.

    roots: as in `Source`; their keys are relative to the folder in which a run was started.
    """
    token = _redirects.set(roots)
    try:
        yield
    finally:
        _redirects.reset(token)


def open(
    source: object,
    options: Options | None = None,
    *,
    needs: Mapping[str, type[Field]] | None = None,
    **more: Any,  # noqa: ANN401 - each has the type that its field of Options has
) -> Data:
    """Return a data set: its schema and its parts train, valid and test.

    source: "digits", which is built in; "world:scenes" or another of `brique.data.worlds`; the
        path of a file, folder or archive; or a name in BRIQUE_DATA (ignoring case, - and _).
        docs/data.md lists the formats. Or an object: a data set of Hugging Face or torchvision, a
        data frame, a dict of arrays by field, or several, as {"train": ..., "test": ...} or (train,
        test).
    options: how to read the source; `more` overrides its fields by name: target="price".
    needs: required fields by name and kind, such as {"image": Picture, "label": Category}.
    The source's own parts are kept; otherwise test is 20%, and valid a tenth of the rest, by a
    fixed split on content: it is stratified by class, and equal examples stay together.
    Raises DataError when there is no such source, it is not a data set or lacks a required field;
        on an unknown option, and on one that does not apply to this source.
    """
    name, path = _find_source(source) if isinstance(source, str | Path) else ("", None)
    chosen = (options or Options()).replace(**more)
    chosen = chosen.replace(test=_resolve_test(chosen.test, path))
    data = _open_with_fields((source, name, path), chosen, needs or {})
    data = data if chosen.fold is None else data.fold(*chosen.fold)
    return data if chosen.selection is None else data.for_selection(chosen.selection)


def _open_with_fields(
    location: tuple[object, str, Path | None],
    options: Options,
    needs: Mapping[str, type[Field]],
) -> Data:
    """Return a data set with the required fields. Raises DataError."""
    try:
        data = _open_source(*location, options)
    except DataError:
        if needs and options.given():  # which may not apply to another kind of data
            data = _open_source(*location, Options(kind=options.kind, whole=options.whole))
            data.schema.require(data.name, needs)
        raise
    data.schema.require(data.name, needs)
    return data


def _open_source(source: object, name: str, path: Path | None, options: Options) -> Data:
    if not isinstance(source, str | Path):
        return _build_data(_source_of_object(source, options), options)
    if path is None and name.startswith("world:"):
        data = worlds.open_world(name, options)
        return _build_data(data.source, options) if options.whole and data.source else data
    test_exists = options.test is not None and os.path.exists(options.test)
    test_path = (
        _check_readable(options.test, Path(options.test)) if options.test and test_exists else None
    )
    pairs = ((source, path), (options.test, test_path))
    roots = {
        str(typed): Path(location).absolute() for typed, location in pairs if location is not None
    }
    return _build_data(_read_source(name, path, options, roots), options)


def _build_data(source: Source, options: Options) -> Data:
    """Return the data set of a source, split into parts, or all in train."""
    return build(source, torch.zeros(len(source), dtype=torch.uint8) if options.whole else None)


def _read_source(name: str, path: Path | None, options: Options, roots: dict[str, Path]) -> Source:
    if path is None:
        if options.kind is not None:
            raise DataError(f"{name}: is built in and its kind is known, got --kind; leave it out")
        options.check(name, binary_files.KIND, binary_files.USES)
        return binary_files.built_in(options)
    place = resolve_place(path)
    source = read(name, place, options)
    source.skipped[:0] = skipped_files(place)
    source.roots = roots
    return source


def _source_of_object(data: object, options: Options) -> Source:
    if options.kind is not None:
        raise DataError(
            f"data: kind='{options.kind}' is for files, but a {type(data).__name__} has its own"
            " types; leave it out, or correct single fields with types="
        )
    return objects.make_source(data, options)


def _resolve_test(test: str | None, path: Path | None) -> str | None:
    """Return the option `test`, resolved if it is a file beside the source."""
    roots = _redirects.get() or {}
    if test is None or test in roots:
        return None if test is None else str(roots[test])
    if path is not None and (roots or not os.path.exists(test)):
        sibling = path.parent / test
        return str(sibling) if os.path.exists(sibling) else test
    return test


def _find_source(source: str | Path) -> tuple[str, Path | None]:
    """Return the name and path of a source, None if it is built in. Raises DataError."""
    if source == "digits":
        return "digits", None
    if str(source).startswith("world:"):
        return str(source), None
    if not str(source):
        raise DataError("data: got an empty name; pass 'digits', a path, or a name in BRIQUE_DATA")
    path = Path(source).expanduser()
    path = (_redirects.get() or {}).get(str(source), path)
    if os.path.exists(path):  # False if the name is too long
        return path.resolve().name or str(path), _check_readable(source, path)
    folders = [
        Path(folder) for folder in os.environ.get("BRIQUE_DATA", "").split(os.pathsep) if folder
    ]
    entries = [entry for folder in folders if folder.is_dir() for entry in sorted(folder.iterdir())]
    plain_name = _plain_name(path.parts[0])
    for ending in ("", "batchesbin", "batchespy"):  # folder names of CIFAR-10
        for entry in entries:
            candidate = entry.joinpath(*path.parts[1:])
            if _plain_name(entry.name) == plain_name + ending and os.path.exists(candidate):
                return path.name, candidate
    known_names = ["digits", *(entry.name.casefold() for entry in entries)]
    if os.path.isdir(path.parent):
        known_names += [str(path.parent / entry.name) for entry in path.parent.iterdir()]
    place_note = f"in BRIQUE_DATA ({os.pathsep.join(map(str, folders))})" if folders else ""
    raise DataError(
        f"data: no '{source}': it is not built in (digits), no such path exists, and it is not "
        f"{place_note or 'found by name, as BRIQUE_DATA is not set'}"
        f"{did_you_mean(str(source), known_names) or '; check the name'}"
    )


def _check_readable(source: str | Path, path: Path) -> Path:
    """Return the path of a file or folder; a pipe or device may never end. Raises DataError."""
    if path.is_file() or path.is_dir():
        return path
    raise DataError(
        f"data: '{source}' is a pipe or device, which cannot be read twice; write its content to a"
        " file and pass that"
    )


def _plain_name(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")
