"""Every exception of brique; this module imports nothing of ours.

A message has four parts in one or two sentences: where, what was expected, what came, what to do.
"""

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path


class BriqueError(Exception):
    """Something that the user can mend; its text says how. The command line exits with 2."""


class DataError(BriqueError, ValueError):
    """A data source, field or batch that is not what it should be."""


class ShapeError(BriqueError, ValueError):
    """Tensors whose shapes do not fit each other."""


class PlayError(BriqueError, ValueError):
    """A game that cannot be played: ownership, losses, optimizers, numbers that are not finite."""


class StoreError(BriqueError, OSError):
    """A file or folder that could not be written, or is damaged.

    state: why it could not be written, in a few words for the state of a run.
    """

    state: str = ""

    def __str__(self) -> str:
        """Return the sentence alone (OSError would print the tuple of its arguments)."""
        return str(self.args[0]) if self.args else ""


_ELSEWHERE, _NOT = "choose another folder", "not permitted"
_REASONS = {  # errno: the state of a run, what is so, what to do
    errno.ENOSPC: ("disk full", "No space left on device", f"free some space or {_ELSEWHERE}"),
    errno.EDQUOT: (
        "quota used up", "your share of the disk (quota) is used up",
        f"remove files of yours there or {_ELSEWHERE}",
    ),
    errno.EFBIG: (
        "file too large", "files may not become so large here",
        f"raise the limit ('ulimit -f' shows it) or {_ELSEWHERE}",
    ),
    errno.EROFS: ("read-only", "the file system is read-only", _ELSEWHERE),
    errno.EACCES: (
        _NOT, "it may not be written by you",
        f"change who may write there or {_ELSEWHERE}",
    ),
    errno.ENOENT: ("folder gone", "the folder is gone", f"put it back or {_ELSEWHERE}"),
    errno.EISDIR: (_NOT, "there is a folder of that name", "choose another name"),
    errno.ENAMETOOLONG: ("name too long", "the name is too long", "choose a shorter one"),
    errno.EMFILE: (
        "too many open files", "this process may open no more files",
        "raise the limit ('ulimit -n' shows it)",
    ),
    errno.EIO: ("disk fails", "the disk failed (Input/output error)", f"mend it or {_ELSEWHERE}"),
}  # fmt: skip
_REASONS[errno.EPERM] = _REASONS[errno.EACCES]
_REASONS[errno.ESTALE] = _REASONS[errno.ENOENT]


def refused(verb: str, path: Path | str, error: OSError) -> StoreError:
    """Return the error that the disk refuses to `verb` a path: one reason, and its remedy.

    error: of the system, or a StoreError that stands for one.
    """
    while isinstance(error, StoreError) and isinstance(error.__cause__, OSError):
        error = error.__cause__
    if isinstance(error, StoreError):
        return error
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        places = (Path(path), *Path(path).parents)
        file = next((place for place in places if place.is_file()), path)
        return _made(f"cannot {verb} {path}: {file} is a file and no folder; {_ELSEWHERE}", _NOT)
    other = ("cannot be written", error.strerror or str(error), _ELSEWHERE)
    state, reason, remedy = _REASONS.get(error.errno or 0, other)
    return _made(f"cannot {verb} {path}: {reason}; {remedy}", state)


def _made(sentence: str, state: str) -> StoreError:
    error = StoreError(sentence)
    error.state = state
    return error


class RunError(BriqueError):
    """A run folder that is not one, is in use, or does not fit what is asked of it."""


class ModelError(BriqueError):
    """A model folder that cannot be loaded, or an input that its net cannot take."""


class UsageError(BriqueError):
    """A command line or setting that does not exist or does not fit."""


class Interrupted(BriqueError):
    """The run was asked to stop and saved itself; its text says how to go on. Exit code 130."""


def several(folder: Path) -> str | None:
    """Return what to name instead of a folder that holds several runs; None if it holds none."""
    if (folder / "folds.json").is_file():
        return f"{folder}: holds a run for each fold; name one, such as {folder / 'fold-1'}."
    if (folder / "tune.json").is_file():
        return f"{folder}: holds the runs of a search; name what it chose, {folder / 'final'}."
    return None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known name, or nothing if none is near."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
