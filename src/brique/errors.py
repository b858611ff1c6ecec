"""Every exception of brique; this module imports nothing of ours.

A message has four parts in one or two sentences: where, what was expected, what came, what to do.
"""

import difflib
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
    """A file or folder that could not be written, or is damaged."""

    def __str__(self) -> str:
        """Return the sentence alone (OSError would print the tuple of its arguments)."""
        return str(self.args[0]) if self.args else ""


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
