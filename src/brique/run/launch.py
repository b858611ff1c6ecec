"""How a recipe's main is started: what the command line knows and `Run.start` needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brique import interrupts
from brique.files import Lock


@dataclass(kw_only=True)
class Launch:
    """Circumstances of a run that are no settings of its recipe, and the run that it led to.

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
    folder, lock, work: of the run, once `Run.start` has made or found it.
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
    folder: Path | None = field(default=None, init=False)
    lock: Lock | None = field(default=None, init=False)
    work: interrupts.Job = field(default_factory=interrupts.Job, init=False)


_current: ContextVar[Launch | None] = ContextVar("brique_launch", default=None)


@contextmanager
def launched(launch: Launch) -> Iterator[Launch]:
    """Give the next `Run.start` in the block these circumstances; yields them.

    When the block ends, however it does, the run's folder is free for others, and its record says
    what became of it.
    """
    token = _current.set(launch)
    try:
        with interrupts.resumable() as launch.work:
            yield launch
    finally:
        _current.reset(token)
        if launch.lock is not None:
            launch.lock.release()


def current() -> Launch:
    """Return the launch in force; one with every default outside of `launched`."""
    return _current.get() or Launch()
