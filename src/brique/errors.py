"""Every exception of brique; this module imports nothing of ours.

A message has four parts in one or two sentences: where, what was expected, what came, what to do.
"""

import difflib
import errno
import resource
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
    said, remedy: the sentence without what to do, and what to do where the place stays the same.
    """

    state: str = ""
    said: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """Return the sentence alone (OSError would print the tuple of its arguments)."""
        return str(self.args[0]) if self.args else ""

    def going_on(self, way: str) -> "StoreError":
        """Return what is said of work that is kept in its place; way: the command to go on.

        What is damaged is said as it was.
        """
        if not self.state:
            return self
        return unwritten(self.said, self.state, self.remedy, "", f", then go on with: {way}")

    def starting(self) -> "StoreError":
        """Return what is said before anything is kept: another place may do as well."""
        more = " with --out" if str(self).endswith(_ELSEWHERE) else ""
        return unwritten(str(self), self.state, "", "", more)


_ELSEWHERE, _NOT = "choose another folder", "not permitted"
_REASONS = {  # errno: the state of a run, what is so, what to do there, and what else
    errno.ENOSPC: ("disk full", "No space left on device", "free some space", _ELSEWHERE),
    errno.EDQUOT: (
        "quota used up", "your share of the disk (quota) is used up",
        "remove files of yours there", _ELSEWHERE,
    ),
    errno.EFBIG: (
        "file too large", "the file system takes no file so large",
        "move the folder to another one", _ELSEWHERE,
    ),
    errno.EROFS: (
        "read-only", "the file system is read-only", "make it writable", _ELSEWHERE,
    ),
    errno.EACCES: (
        _NOT, "it may not be written by you", "change who may write there", _ELSEWHERE,
    ),
    errno.ENOENT: ("folder gone", "the folder is gone", "put it back", _ELSEWHERE),
    errno.EISDIR: (
        _NOT, "there is a folder of that name", "move that away", "choose another name",
    ),
    errno.ENAMETOOLONG: ("name too long", "the name is too long", "choose a shorter one", ""),
    errno.EMFILE: (
        "too many open files", "this process may open no more files",
        "raise the limit ('ulimit -n' shows it)", "",
    ),
    errno.EIO: ("disk fails", "the disk failed (Input/output error)", "mend it", _ELSEWHERE),
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
    place = f"cannot {verb} {path}"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        places = (Path(path), *Path(path).parents)
        file = next((one for one in places if one.is_file()), path)
        said = f"{place}: {file} is a file and no folder"
        return unwritten(said, _NOT, "move it away", _ELSEWHERE)
    if error.errno == errno.EFBIG and is_limited():
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        said = (
            f"{place}: file too large: the limit on the size of files (ulimit -f) is {_size(most)}"
        )
        return unwritten(said, "file too large", "raise it ('ulimit -f unlimited')", "")
    other = ("cannot be written", error.strerror or str(error), "mend that", _ELSEWHERE)
    state, reason, remedy, elsewhere = _REASONS.get(error.errno or 0, other)
    return unwritten(f"{place}: {reason}", state, remedy, elsewhere)


def is_limited() -> bool:
    """Tell whether files of this process have a largest size."""
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def unwritten(said: str, state: str, remedy: str, elsewhere: str, more: str = "") -> StoreError:
    """Return the error of what could not be written.

    elsewhere: what to do instead of the remedy, where the place need not stay. more: the end.
    """
    ways = " or ".join(way for way in (remedy, elsewhere) if way)
    error = StoreError(f"{said}{'; ' if ways else ''}{ways}{more}")
    error.said, error.state, error.remedy = said, state, remedy
    return error


def _size(size: int) -> str:
    return f"{size // 1024:,} kB" if size >= 1024 else f"{size} bytes"


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
