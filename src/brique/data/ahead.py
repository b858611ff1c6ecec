"""Batches made ahead of their turn, in threads."""

import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from brique.data.batch import Batch

_EACH = 2  # batches that are ahead, a thread


class Ahead:
    """Batches `start` to `stop`, made in threads and taken in order.

    make: function of a batch's number alone; it is called from several threads at once, and what
        it raises is raised by `take`.
    The threads end when all is taken, or when nobody holds this object any more.
    """

    def __init__(self, make: Callable[[int], Batch], start: int, stop: int, workers: int) -> None:
        self._make, self._next, self._stop = make, start, stop
        self._depth = _EACH * workers
        self._made: deque[Future[Batch]] = deque()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="brique-batches")
        self._end = weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)

    def take(self) -> Batch:
        """Return the next batch, and have those after it made."""
        while self._next < self._stop and len(self._made) <= self._depth:
            self._made.append(self._pool.submit(self._make, self._next))
            self._next += 1
        try:
            return self._made.popleft().result()
        finally:
            if not self._made and self._next >= self._stop:
                self._end()
