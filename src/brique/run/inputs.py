"""data.json: what the files of a run's data held when it began, to be compared when it goes on."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brique import files, reader
from brique.data import Data
from brique.data.contents import Stamp, changes, file_stamps
from brique.data.record import DataRecord
from brique.errors import RunError
from brique.stopping import resuming
from brique.voice import tell

FILE = "data.json"
_LIMIT = 1 << 29  # bytes
_TAKES = ("resume", "evaluate")  # verbs with the flag --changed


def write_inputs(folder: Path, records: Sequence[DataRecord]) -> None:
    """Write down the files of the data that a run begins with. Raises StoreError, DataError."""
    roots = {given: root for record in records for given, root in record.roots.items()}
    _write(folder, {record.name: record.fingerprint for record in records}, roots)


def write_data(folder: Path, found: Data) -> None:
    """Write down the files of the data that several runs learn from; raises as `write_inputs`."""
    roots = {} if found.source is None else found.source.roots
    _write(folder, {found.name: found.fingerprint}, roots)


def _write(folder: Path, sums: dict[str, str], roots: Mapping[str, Path]) -> None:
    listed = [
        {"given": given, "path": str(root), "files": file_stamps(root)}
        for given, root in roots.items()
    ]
    files.write_sealed(folder / FILE, {"fingerprints": sums, "roots": listed})


def fingerprints(folder: Path) -> dict[str, str] | None:
    """Return the fingerprints of the data that a run began with by name; None if it says none."""
    if not (folder / FILE).exists():
        return None
    try:
        value = reader.read_sealed(folder / FILE, limit=_LIMIT)
        return {str(name): str(one) for name, one in value["fingerprints"].items()}
    except (OSError, KeyError, AttributeError) as error:
        raise _damaged(folder, error) from error


def places(folder: Path) -> dict[str, Path]:
    """Return where the data of a run lay, by what they were called. Raises RunError."""
    return {given: path for given, path, _ in _read(folder)} if (folder / FILE).exists() else {}


def tell_places(places: Mapping[str, Path]) -> None:
    """Name the data that are opened because a folder says so."""
    for path in places.values():
        tell(f"the data are read from {path}.")


def compare_inputs(folder: Path, verb: str, *, changed: bool) -> tuple[dict[str, Path], list[str]]:
    """Return where the data of a run lie, and how their files differ from when it began, in words.

    verb: for sentences. changed: whether they may differ; else that raises RunError.
    A run without data.json, of data that are built in or made, has neither.
    """
    if not (folder / FILE).exists():
        return {}, []
    places: dict[str, Path] = {}
    said: list[str] = []
    for given, path, stamps in _read(folder):
        if not os.path.exists(path):  # also of a name that is too long
            raise RunError(
                f"{verb}: the data of {folder} lay at {path}, where nothing is now; put them back."
            )
        places[given] = path
        if found := changes(stamps, path):
            said.append(f"{path}: {found}")
    if said and not changed:
        way = "--changed" if verb in _TAKES else f"'{resuming(folder)} --changed'"
        raise RunError(
            f"{verb}: the data of {folder} have changed since it began: {'; '.join(said)}; put them"
            f" back, or take them as they are now with {way}."
        )
    return places, said


def _read(folder: Path) -> list[tuple[str, Path, dict[str, Stamp]]]:
    try:
        value: Any = reader.read_sealed(folder / FILE, limit=_LIMIT)
        return [
            (
                str(one["given"]),
                _absolute(one["path"]),
                {str(name): (int(a), int(b), str(c)) for name, (a, b, c) in one["files"].items()},
            )
            for one in value["roots"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(folder, error) from error


def _absolute(path: str) -> Path:
    """Return a path that means one place, never an address. Raises ValueError."""
    if not Path(path).is_absolute():
        raise ValueError(f"{path} is no whole path")
    return Path(path)


def _damaged(folder: Path, error: Exception) -> RunError:
    said = str(error) if isinstance(error, OSError) else type(error).__name__
    return RunError(
        f"{folder / FILE}: cannot be read ({said}); remove it to go on without a look at the data."
    )
