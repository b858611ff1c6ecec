"""The launch of a run: options from the command line that `Run.start` needs."""

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
    """Options of a run beside the settings of its recipe, and the run itself.

    out: the run's folder; None: a new one under ./runs.
    name: of a new folder, after the date; None: the recipe.
    quick: whether the settings are the recipe's quick ones.
    device: "cpu", "cuda", "cuda:1", "mps"; None: the first available of cuda, mps, cpu.
    exact: deterministic operations only, also where they are slower.
    command: as the user typed it.
    facts: JSON values for run.json, known before the run starts: an audit, an estimate.
    resume: whether to resume the run in the folder.
    finish: end training at the checkpoint, and evaluate the net as it is.
    changed: how the data differ from the first start, in words; None: they must not differ.
    quiet: no progress output.
    folder, lock, work: of the run, set by `Run.start`.
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
    """Use a launch for the next `Run.start` in the block; yields it.

    When the block ends, the run's folder is unlocked, and its record has the final status.
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
    """Return the current launch; the default one outside of `launched`."""
    return _current.get() or Launch()
