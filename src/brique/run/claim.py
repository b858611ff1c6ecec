"""Claims on folders: one is held before anything in it is read or written."""

import itertools
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from brique import files, reader
from brique.errors import RunError, StoreError, unwritten
from brique.stopping import resuming
from brique.voice import plain

HOME = Path("runs")
"""Where new folders are made."""
_ODD = re.compile(r"[\\/]")
_LONGEST = 60  # letters of the name that a folder is made with


def check_free(out: Path | None) -> None:
    """Raise RunError when a folder for a new run holds something; None is one that is made."""
    if out is not None and out.exists() and (not out.is_dir() or files.content(out)):
        raise RunError(
            f"{out}: exists already; go on with '{resuming(out)}' if it is a run, or name another"
            " folder with --out."
        )


def check_inside(part: Path) -> Path:
    """Return the folder of a run in a folder of several. Raises RunError when it is a way out."""
    if not reader.inside(part, part.parent):
        raise RunError(
            f"{part}: is a link that leads out of {part.parent}; put the run itself there, or start"
            " a new one."
        )
    return part


def check_there(folder: Path) -> None:
    """Raise StoreError when the folder of a run is there no more."""
    if not folder.is_dir():
        said = f"{folder}: was removed, or moved, while the run wrote it"
        raise unwritten(said, "folder gone", "start a new run, or move it back", "")


def claim(out: Path | None, name: str, first: Mapping[str, bytes | str]) -> tuple[Path, files.Lock]:
    """Return a folder for new work, with its first files alone, and the lock held on it.

    out: the folder; None: a new one in runs/, called by the date and `name`.
    first: content by name. If one cannot be written, nothing of the folder is left.
    Raises RunError when it holds something, or another process works there; StoreError.
    """
    check_free(out)
    new = files.missing(HOME if out is None else out)
    try:
        folder = _made(name) if out is None else out
        new = [folder] * (out is None) + new
        files.make_folder(folder)
        lock = hold(folder)
    except StoreError as error:
        files.undo(new)
        raise error.starting() from error
    try:
        check_free(folder)  # again, now that nobody else can write
        files.tidy(folder)
        _filled(folder, first, new)
    except BaseException:
        lock.release()
        raise
    return folder, lock


def _filled(folder: Path, first: Mapping[str, bytes | str], new: Sequence[Path]) -> None:
    """Write the first files; where that fails, remove them, and the folders that are new."""
    try:
        for name, content in first.items():
            files.write(folder / name, content)
    except BaseException as error:
        files.undo([*(folder / name for name in first), folder / files.LOCK, *new])
        if isinstance(error, StoreError):
            raise error.starting() from error
        raise


def hold(folder: Path) -> files.Lock:
    """Return the lock on a folder. Raises RunError when another process has it; StoreError."""
    lock = files.Lock(folder)
    if not lock.take():
        raise RunError(
            f"{folder}: another process works on this run; wait for it or stop it first."
        )
    return lock


def take_up(folder: Path) -> files.Lock:
    """Return the lock on a folder in which work goes on, rid of what interrupted writes left.

    Raises RunError when another process has it; StoreError.
    """
    lock = hold(folder)
    try:
        files.tidy(folder)
    except BaseException:
        lock.release()
        raise
    return lock


def _made(name: str) -> Path:
    """Make a new folder in runs/; of two processes that want one name the second gets the next."""
    called = _ODD.sub("-", plain(name))[:_LONGEST]
    first = HOME / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{called}"
    for number in itertools.count(1):
        folder = first if number == 1 else first.with_name(f"{first.name}-{number}")
        if files.make_folder(folder, new=True):
            return folder
    raise AssertionError
