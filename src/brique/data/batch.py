"""Batch: some examples at once, their fields by name."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from brique import keys
from brique.data.ragged import Ragged
from brique.errors import DataError, nearest

Values = Tensor | Ragged


class Clock:
    """Which turn of how many a batch belongs to; its tensors are made when first asked for."""

    __slots__ = ("_progress", "_turn", "device", "index", "key", "turns")

    def __init__(self, index: int, turns: int, device: torch.device, key: int = 0) -> None:
        self.index: int = index
        self.turns: int = turns
        self.device: torch.device = device
        self.key: int = key  # of (seed, epoch), where the stream knows them
        self._turn: Tensor | None = None
        self._progress: Tensor | None = None

    @property
    def turn(self) -> Tensor:
        """Number of the turn, from 0: int64, ()."""
        if self._turn is None:
            self._turn = torch.full((), self.index, dtype=torch.int64, device=self.device)
        return self._turn

    @property
    def progress(self) -> Tensor:
        """Share of the turns that lie behind, in [0, 1): float32, ()."""
        if self._progress is None:
            share = self.index / max(self.turns, 1)
            self._progress = torch.full((), share, dtype=torch.float32, device=self.device)
        return self._progress


class Batch:
    """N examples: each field a tensor (N, ...) or a Ragged of N sequences.

    A field is batch["name"], whatever its name, and batch.name where that is not of the batch's own
    (ids, turn, progress, fields, and what it does) and does not begin with "_".

    values: the fields by name.
    ids: (N,), int64, numbers of the examples in their source; 0 to N - 1 if not given.
    clock: where in the training it stands, read as `turn` and `progress`.

    >>> batch = Batch({"image": torch.zeros(4, 1, 8, 8)})
    >>> len(batch[1:3]), batch.image.shape[1:]
    (2, torch.Size([1, 8, 8]))
    """

    __slots__ = ("_clock", "_values", "ids")

    ids: Tensor

    def __init__(
        self, values: Mapping[str, Values], ids: Tensor | None = None, clock: Clock | None = None
    ) -> None:
        self._values = dict(values)
        if ids is None:
            first = next(iter(self._values.values()))
            device = first.device if isinstance(first, Tensor) else first.values.device
            ids = torch.arange(len(first), device=device)
        self.ids = ids
        self._clock = clock if clock is not None else Clock(0, 1, ids.device)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the reader knows the kind
        if name.startswith("_"):  # a copy in the making has no fields yet
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"batch: {_missing(name, self._values)}") from None

    def __getitem__(self, key: str | slice) -> "Values | Batch":
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step != 1:
                raise DataError(f"batch: a slice must have step 1, got {step}; cut it as [a:b]")
            return self.cut(start, max(start, stop))
        if key in self._values:
            return self._values[key]
        raise DataError(f"batch: {_missing(key, self._values)}")

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return self.ids.shape[0]

    def __repr__(self) -> str:
        return f"Batch({len(self)}: {', '.join(self._values)})"

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields."""
        return tuple(self._values)

    @property
    def turn(self) -> Tensor:
        """Number of the turn, from 0: int64, (), on the batch's device."""
        return self._clock.turn

    @property
    def progress(self) -> Tensor:
        """Turn / turns, in [0, 1): float32, (), on the batch's device."""
        return self._clock.progress

    def uniform(self, name: str, columns: int) -> Tensor:
        """Return numbers in [0, 1), (N, columns), float32: what an augmentation draws.

        Each row is a function of the stream's seed, the epoch, the example and `name`, whatever the
        batch size and whoever stands beside it.
        """
        return keys.uniform(keys.mix(self._clock.key, keys.word(name)), self.ids, columns)

    def at(self, turn: int, turns: int) -> "Batch":
        """Return the batch as that of a turn, of so many: for streams of one's own."""
        clock = Clock(turn, turns, self.ids.device, self._clock.key)
        return Batch(self._values, self.ids, clock)

    def cut(self, start: int, stop: int) -> "Batch":
        """Return examples start to stop, as views, of the same turn."""
        values = {
            name: value.cut(start, stop) if isinstance(value, Ragged) else value[start:stop]
            for name, value in self._values.items()
        }
        return Batch(values, self.ids[start:stop], self._clock)

    def among(self, ids: Tensor) -> "Batch":
        """Return those of its examples whose numbers in the source are among `ids` (M,), int64."""
        rows = torch.isin(self.ids, ids.to(self.ids.device)).nonzero().flatten()
        values = {
            name: value.select(rows) if isinstance(value, Ragged) else value[rows]
            for name, value in self._values.items()
        }
        return Batch(values, self.ids[rows], self._clock)

    def replace(self, /, **values: Values) -> "Batch":
        """Return the batch with some fields replaced or added."""
        return Batch(self._values | values, self.ids, self._clock)

    def to(self, device: torch.device | str) -> "Batch":
        """Return the batch on `device`."""
        old = self._clock
        clock = Clock(old.index, old.turns, torch.device(device), old.key)
        values = {name: value.to(device) for name, value in self._values.items()}
        return Batch(values, self.ids.to(device), clock)


class Nothing:
    """A batch without examples, for games without data: a turn, a progress, length 0, no `cut`."""

    __slots__ = ("_clock", "ids")

    fields: tuple[str, ...] = ()

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ids: Tensor = torch.empty(0, dtype=torch.int64, device=clock.device)

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "Nothing()"

    @property
    def turn(self) -> Tensor:
        """Number of the turn, from 0: int64, ()."""
        return self._clock.turn

    @property
    def progress(self) -> Tensor:
        """Turn / turns, in [0, 1): float32, ()."""
        return self._clock.progress

    def to(self, device: torch.device | str) -> "Nothing":
        """Return the batch on `device`."""
        return Nothing(Clock(self._clock.index, self._clock.turns, torch.device(device)))


def _missing(name: str, known: Iterable[str]) -> str:
    return f"no field '{name}' among {', '.join(known) or 'none'}{nearest(name, known)}"
