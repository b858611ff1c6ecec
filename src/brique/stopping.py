"""Being asked to stop, by Ctrl-C, SIGTERM or a terminal that is closed, and what is said then.

`work` stands around what can be gone on with: it says how, and lets the record of a run tell what
became of it. `listening` stands around a command line, `Stopper` around the turns of a game.
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

from brique.errors import BriqueError, Interrupted, StoreError
from brique.voice import plain, tell

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LONGEST = 80  # letters of a reason in a state


@dataclass
class Work:
    """What is under way.

    folder: where it can be gone on with, once there is something.
    flags: that the command must say beside it.
    mark: writes a state into its record. keep: writes what would be lost.
    """

    folder: Path | None = None
    flags: str = ""
    mark: Callable[[str], None] | None = None
    keep: Callable[[], None] | None = None

    def begin(self, folder: Path, mark: Callable[[str], None], keep: Callable[[], None]) -> None:
        """Take note of where it can be gone on with from now on."""
        self.folder, self.mark, self.keep = folder, mark, keep

    def marked(self, state: str) -> None:
        """Write a state into the record, where that is possible."""
        if self.mark is not None:
            with suppress(StoreError):  # of the disk that made it fail
                self.mark(state)


_works: ContextVar[tuple[Work, ...]] = ContextVar("brique_works", default=())
_heard: list[int] = []  # signals, of a command line that listens
_listeners: list[Callable[[int, FrameType | None], None]] = []
_stoppers: list["Stopper"] = []


@contextmanager
def work(folder: Path | None = None, flags: str = "") -> Iterator[Work]:
    """Say how to go on where the block is stopped, or the disk refuses; yields what it is known by.

    flags: that the command to go on must say beside the folder.
    Of blocks within each other the outermost with a folder is the one to go on with.
    Raises Interrupted for KeyboardInterrupt.
    """
    one = Work(folder, flags)
    token = _works.set((*_works.get(), one))
    try:
        yield one
    except Interrupted:
        raise
    except KeyboardInterrupt as stop:
        if one.keep is not None:
            try:
                one.keep()
            except StoreError as error:
                tell(f"{error.said}; {error.remedy}" if error.state else error)
        one.marked("stopped")
        if (way := how()) is None:
            raise
        raise Interrupted(f"stopped; go on with: {way}") from stop
    except StoreError as error:
        one.marked(f"failed: {error.state or _reason(error)}")
        way = how()
        if way is None or not error.state or str(error).endswith(way):
            raise
        raise error.going_on(way) from error
    except Exception as error:
        one.marked(f"failed: {_reason(error)}")
        raise
    finally:
        _works.reset(token)


def how() -> str | None:
    """Return the command that goes on with what is under way, or None."""
    found = ((one.folder, one.flags) for one in _works.get() if one.folder is not None)
    folder, flags = next(found, (None, ""))
    return None if folder is None else f"{resuming(folder)}{flags}"


def stopped(when: str, folder: Path) -> Interrupted:
    """Return the sentence of a run that stopped and saved itself."""
    return Interrupted(f"stopped {when}; go on with: {how() or resuming(folder)}")


def resuming(folder: Path) -> str:
    """Return the command that goes on with what is in a folder."""
    name = str(folder)
    return f"brique resume {shlex.quote(f'./{name}' if name.startswith('-') else name)}"


class Stopper:
    """Notes, while it is set up, that the process was asked to stop."""

    def __init__(self) -> None:
        self.asked: bool = False
        self._before: dict[int, signal._HANDLER] = {}

    def set_up(self) -> None:
        """Take the signals over; outside the main thread they stay as they are."""
        _stoppers.append(self)
        if not _listeners:
            self._before = _taken(self._note)

    def put_back(self) -> None:
        """Give the signals back."""
        if self in _stoppers:
            _stoppers.remove(self)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number != signal.SIGHUP:  # a terminal that is closed sends it twice
            self.put_back()
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def listening() -> Iterator[None]:
    """While a command line is at work, let the first signal stop it, and a second end it at once.

    In the turns of a game the first is noted; elsewhere it raises KeyboardInterrupt.
    """
    _heard.clear()
    _listeners.append(_hear)
    before = _taken(_hear)
    try:
        yield
    finally:
        _listeners.pop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _taken(handler: Callable[[int, FrameType | None], None]) -> dict[int, "signal._HANDLER"]:
    """Take the signals over and return who had them; an ignored SIGHUP (nohup) stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {
        number: signal.signal(number, handler)
        for number in SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }


def _hear(number: int, frame: FrameType | None) -> None:
    before = list(_heard)
    _heard.append(number)
    if not before:
        if not _stoppers:
            raise KeyboardInterrupt
        _stoppers[-1].asked = True
    elif number != signal.SIGHUP and any(one != signal.SIGHUP for one in before):
        _end()


def _end() -> None:
    """End the process at once, as safely as a kill, and say how to go on."""
    for one in reversed(_works.get()):
        one.marked("stopped")
    way = how()
    tell("interrupted." if way is None else f"stopped at once; go on with: {way}")
    os._exit(130)


def _reason(error: Exception) -> str:
    """Return in a few words why a run failed."""
    if isinstance(error, MemoryError):
        return "out of memory"
    said = str(error).partition(";")[0] if isinstance(error, BriqueError) else type(error).__name__
    text = plain(said)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
