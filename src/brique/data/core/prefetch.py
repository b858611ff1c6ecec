"""Prefetching of batches in threads."""

import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from brique.data.core.batch import Batch

_BATCHES_PER_WORKER = 2  # batches per thread


class Prefetcher:
    """Batches `start` to `stop`, made in threads and taken in order.

    make: function of the number of a batch; several threads call it, and `take` raises its errors.
    The threads end after the last batch, or when this object is deleted.
    """

    def __init__(
        self, make_batch: Callable[[int], Batch], start: int, stop: int, workers: int
    ) -> None:
        self._make_batch, self._next_index, self._stop = make_batch, start, stop
        self._depth = _BATCHES_PER_WORKER * workers
        self._pending: deque[Future[Batch]] = deque()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="brique-batches")
        self._finalizer = weakref.finalize(
            self, self._pool.shutdown, wait=False, cancel_futures=True
        )

    def take(self) -> Batch:
        """Return the next batch, and start making later ones."""
        while self._next_index < self._stop and len(self._pending) <= self._depth:
            self._pending.append(self._pool.submit(self._make_batch, self._next_index))
            self._next_index += 1
        try:
            return self._pending.popleft().result()
        finally:
            if not self._pending and self._next_index >= self._stop:
                self._finalizer()
