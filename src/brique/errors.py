"""Every exception of brique; this module imports nothing of ours.

A message has four parts in one or two sentences: where, what was expected, what came, what to do.
"""

import difflib
import errno
import resource
from collections.abc import Iterable
from pathlib import Path


class BriqueError(Exception):
    """An error that the user can fix; its text says how. The command line exits with 2."""


class DataError(BriqueError, ValueError):
    """An invalid data source, field or batch."""


class ShapeError(BriqueError, ValueError):
    """Tensors whose shapes do not fit each other."""


class PlayError(BriqueError, ValueError):
    """A game that cannot be played: ownership, losses, optimizers, non-finite numbers."""


class StoreError(BriqueError, OSError):
    """A file or folder that cannot be written, or is damaged.

    state: the reason of a failed write, in a few words for the state of a run.
    problem, remedy: the sentence without the remedy, and the remedy for the same folder.
    """

    state: str = ""
    problem: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """Return the sentence alone (OSError would print the tuple of its arguments)."""
        return str(self.args[0]) if self.args else ""

    def with_resume_command(self, command: str) -> "StoreError":
        """Return the error with the command to resume; the error of a damaged file stays."""
        if not self.state:
            return self
        return store_error(
            self.problem, self.state, self.remedy, "", f", then go on with: {command}"
        )

    def with_out_option(self) -> "StoreError":
        """Return the error of a new run, which may use another folder with --out."""
        suffix = " with --out" if str(self).endswith(_OTHER_FOLDER) else ""
        return store_error(str(self), self.state, "", "", suffix)


_OTHER_FOLDER, _NOT_PERMITTED = "choose another folder", "not permitted"
_REASONS = {  # errno: state of the run, reason, remedy, alternative
    errno.ENOSPC: ("disk full", "No space left on device", "free some space", _OTHER_FOLDER),
    errno.EDQUOT: (
        "quota used up", "your share of the disk (quota) is used up",
        "remove files of yours there", _OTHER_FOLDER,
    ),
    errno.EFBIG: (
        "file too large", "the file system takes no file so large",
        "move the folder to another one", _OTHER_FOLDER,
    ),
    errno.EROFS: (
        "read-only", "the file system is read-only", "make it writable", _OTHER_FOLDER,
    ),
    errno.EACCES: (
        _NOT_PERMITTED, "it may not be written by you", "change who may write there", _OTHER_FOLDER,
    ),
    errno.ENOENT: ("folder gone", "the folder is gone", "put it back", _OTHER_FOLDER),
    errno.EISDIR: (
        _NOT_PERMITTED, "there is a folder of that name", "move that away", "choose another name",
    ),
    errno.ENAMETOOLONG: ("name too long", "the name is too long", "choose a shorter one", ""),
    errno.EMFILE: (
        "too many open files", "this process may open no more files",
        "raise the limit ('ulimit -n' shows it)", "",
    ),
    errno.EIO: ("disk fails", "the disk failed (Input/output error)", "mend it", _OTHER_FOLDER),
}  # fmt: skip
_REASONS[errno.EPERM] = _REASONS[errno.EACCES]
_REASONS[errno.ESTALE] = _REASONS[errno.ENOENT]


def disk_error(verb: str, path: Path | str, error: OSError) -> StoreError:
    """Return the error of a failed write: what `verb` does to a path, the reason, the remedy.

    error: of the system, or a StoreError caused by one.
    """
    while isinstance(error, StoreError) and isinstance(error.__cause__, OSError):
        error = error.__cause__
    if isinstance(error, StoreError):
        return error
    action = f"cannot {verb} {path}"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        candidates = (Path(path), *Path(path).parents)
        file = next((candidate for candidate in candidates if candidate.is_file()), path)
        problem = f"{action}: {file} is a file and no folder"
        return store_error(problem, _NOT_PERMITTED, "move it away", _OTHER_FOLDER)
    if error.errno == errno.EFBIG and has_size_limit():
        limit = _format_size(resource.getrlimit(resource.RLIMIT_FSIZE)[0])
        problem = f"{action}: file too large: the limit on the size of files (ulimit -f) is {limit}"
        return store_error(problem, "file too large", "raise it ('ulimit -f unlimited')", "")
    default = ("cannot be written", error.strerror or str(error), "mend that", _OTHER_FOLDER)
    state, reason, remedy, alternative = _REASONS.get(error.errno or 0, default)
    return store_error(f"{action}: {reason}", state, remedy, alternative)


def has_size_limit() -> bool:
    """Tell whether this process has a limit on the size of files."""
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def store_error(
    problem: str, state: str, remedy: str, alternative: str, suffix: str = ""
) -> StoreError:
    """Return the error of a failed write.

    alternative: what to do instead of the remedy. suffix: the end of the sentence.
    """
    remedies = " or ".join(action for action in (remedy, alternative) if action)
    error = StoreError(f"{problem}{'; ' if remedies else ''}{remedies}{suffix}")
    error.problem, error.state, error.remedy = problem, state, remedy
    return error


def _format_size(size: int) -> str:
    return f"{size // 1024:,} kB" if size >= 1024 else f"{size} bytes"


class RunError(BriqueError):
    """A run folder that is invalid, in use, or does not fit the command."""


class ModelError(BriqueError):
    """A model folder that cannot be loaded, or an input that its net cannot take."""


class UsageError(BriqueError):
    """A command line or setting that does not exist or does not fit."""


class Interrupted(BriqueError):
    """A stop request, after the run was saved; its text says how to go on. Exit code 130."""


def several_runs_hint(folder: Path) -> str | None:
    """Return the error for a folder of several runs, with the one to name; None for others."""
    if (folder / "folds.json").is_file():
        return f"{folder}: holds a run for each fold; name one, such as {folder / 'fold-1'}."
    if (folder / "tune.json").is_file():
        return f"{folder}: holds the runs of a search; name what it chose, {folder / 'final'}."
    return None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known name, or nothing if none is near."""
    matches = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean '{matches[0]}'?" if matches else ""
