"""Stop requests, by Ctrl-C, SIGTERM or a closed terminal, and their messages.

`resumable` wraps work that can be resumed: it says how, and writes the state into the run's record.
`handling_signals` wraps a command line, `StopRequest` the turns of a game.
"""

import os
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from brique.console import escape, notify
from brique.errors import BriqueError, Interrupted, StoreError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MAX_REASON = 80  # characters of a reason in a state


@dataclass
class Job:
    """Work in progress that can be resumed.

    folder: to resume from, once it exists.
    flags: of the command to resume.
    write_state: writes a state into its record. save: saves what would be lost.
    """

    folder: Path | None = None
    flags: str = ""
    write_state: Callable[[str], None] | None = None
    save: Callable[[], None] | None = None

    def set_up(
        self, folder: Path, write_state: Callable[[str], None], save: Callable[[], None]
    ) -> None:
        """Set the folder to resume from, and the callbacks."""
        self.folder, self.write_state, self.save = folder, write_state, save

    def try_write_state(self, state: str) -> None:
        """Write a state into the record, if possible."""
        if self.write_state is not None:
            with suppress(StoreError):  # the disk may be the reason of the failure
                self.write_state(state)


_jobs: ContextVar[tuple[Job, ...]] = ContextVar("brique_jobs", default=())
_received: list[int] = []  # signals of the current command line
_listeners: list[Callable[[int, FrameType | None], None]] = []
_stop_requests: list["StopRequest"] = []


@contextmanager
def resumable(folder: Path | None = None, flags: str = "") -> Iterator[Job]:
    """Say how to resume when the block is stopped or a write fails; yields its job.

    flags: of the command to resume, after the folder.
    Of nested blocks, the outermost with a folder is the one to resume.
    Raises Interrupted for KeyboardInterrupt.
    """
    job = Job(folder, flags)
    token = _jobs.set((*_jobs.get(), job))
    try:
        yield job
    except Interrupted:
        raise
    except KeyboardInterrupt as interrupt:
        if job.save is not None:
            try:
                job.save()
            except StoreError as error:
                notify(f"{error.problem}; {error.remedy}" if error.state else error)
        job.try_write_state("stopped")
        if (command := current_resume_command()) is None:
            raise
        raise Interrupted(f"stopped; go on with: {command}") from interrupt
    except StoreError as error:
        job.try_write_state(f"failed: {error.state or _reason(error)}")
        command = current_resume_command()
        if command is None or not error.state or str(error).endswith(command):
            raise
        raise error.with_resume_command(command) from error
    except Exception as error:
        job.try_write_state(f"failed: {_reason(error)}")
        raise
    finally:
        _jobs.reset(token)


def current_resume_command() -> str | None:
    """Return the command that resumes the current job, or None."""
    resumable_jobs = ((job.folder, job.flags) for job in _jobs.get() if job.folder is not None)
    folder, flags = next(resumable_jobs, (None, ""))
    return None if folder is None else f"{resume_command(folder)}{flags}"


def stopped_error(when: str, folder: Path) -> Interrupted:
    """Return the error of a run that stopped after it was saved."""
    return Interrupted(
        f"stopped {when}; go on with: {current_resume_command() or resume_command(folder)}"
    )


def resume_command(folder: Path) -> str:
    """Return the command that resumes the run in a folder."""
    name = str(folder)
    return f"brique resume {shlex.quote(f'./{name}' if name.startswith('-') else name)}"


class StopRequest:
    """A request to stop the process, noted between `set_up` and `restore`."""

    def __init__(self) -> None:
        self.is_requested: bool = False
        self._previous: dict[int, signal._HANDLER] = {}

    def set_up(self) -> None:
        """Install the signal handlers; outside the main thread they stay."""
        _stop_requests.append(self)
        if not _listeners:
            self._previous = _install_handler(self._handle)

    def restore(self) -> None:
        """Restore the previous signal handlers."""
        if self in _stop_requests:
            _stop_requests.remove(self)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_requested and number != signal.SIGHUP:  # a closed terminal sends SIGHUP twice
            self.restore()
            raise KeyboardInterrupt
        self.is_requested = True


@contextmanager
def handling_signals() -> Iterator[None]:
    """Let the first signal stop the command line in the block, and a second end it at once.

    In the turns of a game the first one is noted; elsewhere it raises KeyboardInterrupt.
    """
    _received.clear()
    _listeners.append(_handle_signal)
    previous = _install_handler(_handle_signal)
    try:
        yield
    finally:
        _listeners.pop()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _install_handler(
    handler: Callable[[int, FrameType | None], None],
) -> dict[int, "signal._HANDLER"]:
    """Install a handler and return the previous ones; an ignored SIGHUP (nohup) stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {
        number: signal.signal(number, handler)
        for number in SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }


def _handle_signal(number: int, frame: FrameType | None) -> None:
    earlier = list(_received)
    _received.append(number)
    if not earlier:
        if not _stop_requests:
            raise KeyboardInterrupt
        _stop_requests[-1].is_requested = True
    elif number != signal.SIGHUP and any(
        signal_number != signal.SIGHUP for signal_number in earlier
    ):
        _exit_now()


def _exit_now() -> None:
    """End the process at once, as safely as a kill, and say how to resume."""
    for job in reversed(_jobs.get()):
        job.try_write_state("stopped")
    command = current_resume_command()
    notify("interrupted." if command is None else f"stopped at once; go on with: {command}")
    os._exit(130)


def _reason(error: Exception) -> str:
    """Return the reason of a failure in a few words."""
    if isinstance(error, MemoryError):
        return "out of memory"
    message = (
        str(error).partition(";")[0] if isinstance(error, BriqueError) else type(error).__name__
    )
    text = escape(message)
    return text if len(text) <= _MAX_REASON else f"{text[: _MAX_REASON - 3]}..."
