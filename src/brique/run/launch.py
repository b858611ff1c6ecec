"""How a recipe's main is started: what the command line knows and `Run.start` needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brique import stopping
from brique.files import Lock


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Circumstances of a run that are no settings of its recipe.

    out: the run's folder; None: a new one under ./runs.
    name: what a new folder is named after, beside the date; None: the recipe.
    quick: the recipe's quick form.
    device: "cpu", "cuda", "cuda:1", "mps"; None: the first of cuda, mps, cpu that there is.
    exact: deterministic operations only, also where they are slower.
    command: as the user typed it.
    facts: JSON values for run.json, known before the run starts: an audit, an estimate.
    resume: the folder holds a run that shall go on.
    finish: end training where the run stands, and judge what there is.
    changed: whether the data may be others than the run began with; how they differ, in words.
    quiet: draw no progress.
    """

    out: Path | None = None
    name: str | None = None
    quick: bool = False
    device: str | None = None
    exact: bool = False
    command: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    resume: bool = False
    finish: bool = False
    changed: tuple[str, ...] | None = None
    quiet: bool = False


class Launched:
    """What a launch led to, told to who launched it."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.folder: Path | None = None  # set by Run.start, as is the lock on it
        self.lock: Lock | None = None
        self.work: stopping.Work = stopping.Work()


_current: ContextVar[Launched | None] = ContextVar("brique_launch", default=None)


@contextmanager
def launched(launch: Launch) -> Iterator[Launched]:
    """Give the next `Run.start` in the block these circumstances; yields what it led to.

    When the block ends, however it does, the run's folder is free for others, and its record says
    what became of it.
    """
    told = Launched(launch)
    token = _current.set(told)
    try:
        with stopping.work() as told.work:
            yield told
    finally:
        _current.reset(token)
        if told.lock is not None:
            told.lock.release()


def current() -> Launched:
    """Return the launch in force; one with every default outside of `launched`."""
    return _current.get() or Launched(Launch())
