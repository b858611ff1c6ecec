"""data.json: checksums of the files of a run's data, to detect changes on resume."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brique import files, reader
from brique.console import notify
from brique.data import Data
from brique.data.core.record import DataRecord
from brique.data.files.checksums import Stamp, changes, file_stamps
from brique.errors import RunError
from brique.interrupts import resume_command

FILE = "data.json"
_MAX_BYTES = 1 << 29
_VERBS_WITH_CHANGED = ("resume", "evaluate")  # verbs with the flag --changed


def write_data_of_entries(folder: Path, records: Sequence[DataRecord]) -> None:
    """Write the files of a run's data sets into data.json. Raises StoreError, DataError."""
    roots = {name: root for record in records for name, root in record.roots.items()}
    digests = [record.fingerprint for record in records]
    _write(folder, dict(zip(unique_names(records), digests, strict=True)), roots)


def unique_names(records: Sequence[DataRecord]) -> list[str]:
    """Return the names of data sets, numbered where a name repeats: "arrays", "arrays 2"."""
    names: list[str] = []
    for number, record in enumerate(records):
        count = sum(other.name == record.name for other in records[:number])
        names.append(f"{record.name} {count + 1}" if count else record.name)
    return names


def write_data(folder: Path, dataset: Data) -> None:
    """Write the files of the data of several runs into data.json. Raises StoreError, DataError."""
    roots = {} if dataset.source is None else dataset.source.roots
    _write(folder, {dataset.name: dataset.fingerprint}, roots)


def _write(folder: Path, digests: dict[str, str], roots: Mapping[str, Path]) -> None:
    root_entries = [
        {"name": name, "path": str(root), "files": file_stamps(root)}
        for name, root in roots.items()
    ]
    files.write_sealed(folder / FILE, {"fingerprints": digests, "roots": root_entries})


def fingerprints(folder: Path) -> dict[str, str] | None:
    """Return the fingerprints of a run's data sets by name; None without data.json."""
    if not (folder / FILE).exists():
        return None
    try:
        value = reader.read_sealed(folder / FILE, limit=_MAX_BYTES)
        return {str(name): str(digest) for name, digest in value["fingerprints"].items()}
    except (OSError, KeyError, AttributeError) as error:
        raise _damaged_error(folder, error) from error


def data_paths(folder: Path) -> dict[str, Path]:
    """Return the paths of a run's data by name. Raises RunError."""
    return {name: path for name, path, _ in _read(folder)} if (folder / FILE).exists() else {}


def report_paths(paths: Mapping[str, Path]) -> None:
    """Report the paths of data that were read from data.json."""
    for path in paths.values():
        notify(f"the data are read from {path}.")


def compare_data_files(
    folder: Path, verb: str, *, changed: bool
) -> tuple[dict[str, Path], list[str]]:
    """Return the paths of a run's data by name, and the differences of their files, in words.

    verb: of the command, for errors. changed: whether the files may differ.
    A run without data.json, on built-in or generated data, has neither.
    Raises RunError when data are missing, or differ without `changed`.
    """
    if not (folder / FILE).exists():
        return {}, []
    paths: dict[str, Path] = {}
    differences: list[str] = []
    for name, path, stamps in _read(folder):
        if not os.path.exists(path):  # also for a name that is too long
            raise RunError(
                f"{verb}: the data of {folder} were at {path}, where nothing is now; put them back."
            )
        paths[name] = path
        if difference := changes(stamps, path):
            differences.append(f"{path}: {difference}")
    if differences and not changed:
        remedy = (
            "--changed" if verb in _VERBS_WITH_CHANGED else f"'{resume_command(folder)} --changed'"
        )
        raise RunError(
            f"{verb}: the data of {folder} have changed since it began: {'; '.join(differences)};"
            f" put them back, or take them as they are now with {remedy}."
        )
    return paths, differences


def _read(folder: Path) -> list[tuple[str, Path, dict[str, Stamp]]]:
    try:
        value: Any = reader.read_sealed(folder / FILE, limit=_MAX_BYTES)
        return [
            (
                str(root["name"]),
                _absolute(root["path"]),
                {str(name): (int(a), int(b), str(c)) for name, (a, b, c) in root["files"].items()},
            )
            for root in value["roots"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged_error(folder, error) from error


def _absolute(path: str) -> Path:
    """Return an absolute path. Raises ValueError for a relative path or a URL."""
    if not Path(path).is_absolute():
        raise ValueError(f"{path} is not an absolute path")
    return Path(path)


def _damaged_error(folder: Path, error: Exception) -> RunError:
    reason = str(error) if isinstance(error, OSError) else type(error).__name__
    return RunError(
        f"{folder / FILE}: cannot be read ({reason}); remove it to resume without a check of the"
        " data."
    )
