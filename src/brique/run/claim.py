"""Claims on folders: a run locks its folder before it reads or writes in it."""

import itertools
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from brique import files, reader
from brique.console import escape
from brique.errors import RunError, StoreError, store_error
from brique.interrupts import resume_command

RUNS_FOLDER = Path("runs")
"""The parent of new folders."""
_SEPARATOR = re.compile(r"[\\/]")
_MAX_NAME = 60  # characters of a new folder's name, after the date


def check_free(out: Path | None) -> None:
    """Raise RunError when a folder for a new run is not empty; None is a new folder."""
    if out is not None and out.exists() and (not out.is_dir() or files.folder_names(out)):
        raise RunError(
            f"{out}: exists already; go on with '{resume_command(out)}' if it is a run, or name"
            " another folder with --out."
        )


def check_inside(folder: Path) -> Path:
    """Return the folder of a run in a folder of several. Raises RunError when it leads out."""
    if not reader.is_inside(folder, folder.parent):
        raise RunError(
            f"{folder}: is a link that leads out of {folder.parent}; put the run itself there, or"
            " start a new one."
        )
    return folder


def check_exists(folder: Path) -> None:
    """Raise StoreError when the folder of a run no longer exists."""
    if not folder.is_dir():
        problem = f"{folder}: was removed, or moved, while the run wrote it"
        raise store_error(problem, "folder gone", "start a new run, or move it back", "")


def claim(
    out: Path | None, name: str, first_files: Mapping[str, bytes | str]
) -> tuple[Path, files.Lock]:
    """Return a folder for a new run with its first files, and the lock on it.

    out: the folder; None: a new one in runs/, named by the date and `name`.
    first_files: content by name. If one cannot be written, the folder is removed.
    Raises RunError when it is not empty, or another process uses it; StoreError.
    """
    check_free(out)
    new_folders = files.missing_folders(RUNS_FOLDER if out is None else out)
    try:
        folder = _make_folder(name) if out is None else out
        new_folders = [folder] * (out is None) + new_folders
        files.make_folder(folder)
        lock = lock_folder(folder)
    except StoreError as error:
        files.undo(new_folders)
        raise error.with_out_option() from error
    try:
        check_free(folder)  # again, now that nobody else can write
        files.remove_leftovers(folder)
        _write_first_files(folder, first_files, new_folders)
    except BaseException:
        lock.release()
        raise
    return folder, lock


def _write_first_files(
    folder: Path, first_files: Mapping[str, bytes | str], new_folders: Sequence[Path]
) -> None:
    """Write the first files; on failure remove them and the new folders."""
    try:
        for name, content in first_files.items():
            files.write(folder / name, content)
    except BaseException as error:
        files.undo([*(folder / name for name in first_files), folder / files.LOCK, *new_folders])
        if isinstance(error, StoreError):
            raise error.with_out_option() from error
        raise


def lock_folder(folder: Path) -> files.Lock:
    """Return the lock on a folder. Raises RunError when another process has it; StoreError."""
    lock = files.Lock(folder)
    if not lock.acquire():
        raise RunError(
            f"{folder}: another process works on this run; wait for it or stop it first."
        )
    return lock


def reopen(folder: Path) -> files.Lock:
    """Return the lock on the folder of a run that goes on; remove leftovers of interrupted writes.

    Raises RunError when another process has it; StoreError.
    """
    lock = lock_folder(folder)
    try:
        files.remove_leftovers(folder)
    except BaseException:
        lock.release()
        raise
    return lock


def _make_folder(name: str) -> Path:
    """Make a new folder in runs/; a number makes the name unique among processes."""
    label = _SEPARATOR.sub("-", escape(name))[:_MAX_NAME]
    path = RUNS_FOLDER / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{label}"
    for number in itertools.count(1):
        folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
        if files.make_folder(folder, new=True):
            return folder
    raise AssertionError
