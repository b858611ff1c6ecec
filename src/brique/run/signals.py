"""Ctrl-C and SIGTERM: the first stops the run after its turn, the second at once."""

import signal
import threading
from types import FrameType


class Stopper:
    """Notes, while it is set up, that the process was asked to stop."""

    def __init__(self) -> None:
        self.asked: bool = False
        self._before: dict[int, signal._HANDLER] = {}

    def set_up(self) -> None:
        """Take the signals over; outside the main thread they stay as they are."""
        if threading.current_thread() is threading.main_thread() and not self._before:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)

    def put_back(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            self.put_back()
            raise KeyboardInterrupt
        self.asked = True
