"""Streams: batches in an order that is a function of (seed, epoch) alone."""

from collections.abc import Callable
from functools import partial
from threading import Lock

import torch
from torch import Tensor

from brique import keys
from brique.data.core import sampler
from brique.data.core.batch import Batch, Nothing, TurnInfo
from brique.data.core.prefetch import Prefetcher
from brique.data.core.ragged import Ragged
from brique.data.core.record import DataRecord
from brique.data.core.store import Store, gather
from brique.errors import DataError

BatchFunction = Callable[[Batch], Batch]
_DRAWS = keys.text_key("draws of an augmentation")


class BatchLoader:
    """What the copies of one stream share: settings, and the orders of recent epochs.

    ids: (n,), int64, indices of the examples in the store.
    lengths, labels: (n,), of the examples, if they decide the order.
    record: of their data set.
    """

    record: DataRecord | None = None
    augment: BatchFunction | None = None
    seed: int | None = None
    lengths: Tensor | None = None
    labels: Tensor | None = None
    workers: int = 0

    def __init__(
        self, store: Store, ids: Tensor, *, batch_size: int, turns: int, per_epoch: int
    ) -> None:
        self.store = store
        self.ids = ids
        self.batch_size = batch_size
        self.turns = turns
        self.per_epoch = per_epoch
        self._order_cache: dict[tuple[int, torch.device], tuple[Tensor, Tensor | None]] = {}
        self._lock = Lock()

    def batch(self, index: int, device: torch.device) -> Batch:
        """Return batch `index`, from 0; several threads may call it at once."""
        epoch, offset = divmod(index, self.per_epoch)
        span = slice(offset * self.batch_size, (offset + 1) * self.batch_size)
        order, repeats = self._order(epoch, device)
        rows = order[span]
        store = self.store
        values = gather(store.on(device), store.schema, rows)
        if self.lengths is not None:
            for name, value in values.items():
                values[name] = value.rounded(8) if isinstance(value, Ragged) else value
        key = keys.mix(self.seed or 0, _DRAWS, epoch)
        clock = TurnInfo(index, self.turns, device, key)
        if self.augment is None:
            return Batch(values, rows, clock)
        if repeats is None:
            return self.augment(Batch(values, rows, clock))
        augmented = self.augment(Batch(values, rows + repeats[span] * len(store), clock))
        augmented.ids = rows  # only for `augment` has each repeat an id of its own
        return augmented

    def _order(self, epoch: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Return ids in the order of `epoch` (n,), int64, and how often each occurred before."""
        with self._lock:
            if (epoch, device) not in self._order_cache:
                indices, repeats = self._indices(epoch)
                ids = self.ids if indices is None else self.ids.index_select(0, indices)
                result = ids.to(device), None if repeats is None else repeats.to(device)
                last_item = list(self._order_cache.items())[-1:]
                self._order_cache = dict(last_item) | {(epoch, device): result}
            return self._order_cache[epoch, device]

    def _indices(self, epoch: int) -> tuple[Tensor | None, Tensor | None]:
        """Return indices in the split (None: in order), and how often each occurred before."""
        if self.seed is None:
            return None, None
        if self.labels is not None:
            return sampler.balanced_sample(self.labels, self.seed, epoch)
        indices = sampler.permutation(len(self.ids), self.seed, epoch)
        if self.lengths is not None and self.per_epoch > 1:
            used = indices[: self.per_epoch * self.batch_size]
            indices = sampler.bucket_by_length(
                used, self.lengths, self.batch_size, self.seed, epoch
            )
        return indices, None


class Stream:
    """Batches in an order that is a function of (seed, epoch) alone.

    `turns`, `per_epoch` (turns an epoch) and `batch_size` are numbers. `for batch in stream` starts
    where the stream stands and leaves it there; `next(stream)` moves it.
    """

    def __init__(self, loader: BatchLoader, position: int, device: torch.device) -> None:
        self._loader = loader
        self._position = position
        self.device = device
        self.turns: int = loader.turns
        self.per_epoch: int = loader.per_epoch
        self.batch_size: int = loader.batch_size
        self._prefetcher: Prefetcher | None = None

    def __len__(self) -> int:
        return self.turns

    def __repr__(self) -> str:
        return f"Stream(turn {self._position} of {self.turns}, {self.batch_size} a turn)"

    def __iter__(self) -> "Stream":
        return Stream(self._loader, self._position, self.device)

    def __next__(self) -> Batch:
        index = self._position
        if index >= self.turns:
            raise StopIteration
        self._position = index + 1
        loader = self._loader
        if not loader.workers or self.device.type != "cpu":
            return loader.batch(index, self.device)
        if self._prefetcher is None:
            make_batch = partial(
                loader.batch, device=self.device
            )  # not self: deleting the stream ends it
            self._prefetcher = Prefetcher(make_batch, index, self.turns, loader.workers)
        return self._prefetcher.take()

    @property
    def record(self) -> DataRecord | None:
        """The record of the data set of these batches."""
        return self._loader.record

    def seek(self, turn: int) -> "Stream":
        """Return the same stream, positioned before `turn`. Raises DataError beyond the end."""
        if not 0 <= turn <= self.turns:
            raise DataError(f"stream: no turn {turn}; seek from 0 to {self.turns}")
        return Stream(self._loader, turn, self.device)

    def on(self, device: torch.device | str) -> "Stream":
        """Return the same stream with batches on `device`; the data are copied there once."""
        return Stream(self._loader, self._position, torch.device(device))


class EmptyStream:
    """A stream of empty batches: the stream of a game without data."""

    batch_size = 0

    def __init__(self, turns: int, position: int, device: torch.device) -> None:
        self.turns = turns
        self.per_epoch: int = max(1, turns)
        self.device = device
        self._position = position

    def __len__(self) -> int:
        return self.turns

    def __iter__(self) -> "EmptyStream":
        return EmptyStream(self.turns, self._position, self.device)

    def __next__(self) -> Nothing:
        if self._position >= self.turns:
            raise StopIteration
        self._position += 1
        return Nothing(TurnInfo(self._position - 1, self.turns, self.device))

    def seek(self, turn: int) -> "EmptyStream":
        """Return the same stream, positioned before `turn`. Raises DataError beyond the end."""
        if not 0 <= turn <= self.turns:
            raise DataError(f"stream: no turn {turn}; seek from 0 to {self.turns}")
        return EmptyStream(self.turns, turn, self.device)

    def on(self, device: torch.device | str) -> "EmptyStream":
        """Return the same stream with batches on `device`."""
        return EmptyStream(self.turns, self._position, torch.device(device))


def nothing(turns: int) -> EmptyStream:
    """Return a stream of `turns` empty batches, for a game without data. Raises DataError."""
    if turns < 0:
        raise DataError(f"nothing: turns must be 0 or more, got {turns}; pass how many to play")
    return EmptyStream(turns, 0, torch.device("cpu"))
