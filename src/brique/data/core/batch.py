"""Batch: several examples, their fields by name."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from brique import keys
from brique.data.core.ragged import Ragged
from brique.errors import DataError, did_you_mean

Values = Tensor | Ragged


class TurnInfo:
    """The turn (training step) of a batch and the number of turns; tensors are made on demand."""

    __slots__ = ("_progress", "_turn", "device", "index", "key", "turns")

    def __init__(self, index: int, turns: int, device: torch.device, key: int = 0) -> None:
        self.index: int = index
        self.turns: int = turns
        self.device: torch.device = device
        self.key: int = key  # of (seed, epoch), if the stream has them
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
        """Share of completed turns, in [0, 1): float32, ()."""
        if self._progress is None:
            done = self.index / max(self.turns, 1)
            self._progress = torch.full((), done, dtype=torch.float32, device=self.device)
        return self._progress


class Batch:
    """N examples: each field a tensor (N, ...) or a Ragged of N sequences.

    A field is batch["name"], and batch.name unless the batch has an attribute of that name (ids,
    turn, progress, fields, methods) or it begins with "_".

    values: the fields by name.
    ids: (N,), int64, numbers of the examples in their source; 0 to N - 1 if not given.
    clock: its place in the training, read as `turn` and `progress`.

    >>> batch = Batch({"image": torch.zeros(4, 1, 8, 8)})
    >>> len(batch[1:3]), batch.image.shape[1:]
    (2, torch.Size([1, 8, 8]))
    """

    __slots__ = ("_turn_info", "_values", "ids")

    ids: Tensor

    def __init__(
        self,
        values: Mapping[str, Values],
        ids: Tensor | None = None,
        turn_info: TurnInfo | None = None,
    ) -> None:
        self._values = dict(values)
        if ids is None:
            first = next(iter(self._values.values()))
            device = first.device if isinstance(first, Tensor) else first.values.device
            ids = torch.arange(len(first), device=device)
        self.ids = ids
        self._turn_info = turn_info if turn_info is not None else TurnInfo(0, 1, ids.device)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the reader knows the kind
        if name.startswith("_"):  # during copying there are no fields yet
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"batch: {_missing_field(name, self._values)}") from None

    def __getitem__(self, key: str | slice) -> "Values | Batch":
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step != 1:
                raise DataError(f"batch: a slice must have step 1, got {step}; cut it as [a:b]")
            return self.cut(start, max(start, stop))
        if key in self._values:
            return self._values[key]
        raise DataError(f"batch: {_missing_field(key, self._values)}")

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
        return self._turn_info.turn

    @property
    def progress(self) -> Tensor:
        """Turn / turns, in [0, 1): float32, (), on the batch's device."""
        return self._turn_info.progress

    def uniform(self, name: str, columns: int) -> Tensor:
        """Return random numbers in [0, 1), (N, columns), float32, for augmentation.

        Each row is a function of the seed of the stream, the epoch, the example and `name` alone.
        """
        return keys.uniform(keys.mix(self._turn_info.key, keys.text_key(name)), self.ids, columns)

    def with_turn(self, turn: int, turns: int) -> "Batch":
        """Return the batch with its turn and the number of turns: for custom streams."""
        turn_info = TurnInfo(turn, turns, self.ids.device, self._turn_info.key)
        return Batch(self._values, self.ids, turn_info)

    def cut(self, start: int, stop: int) -> "Batch":
        """Return examples start to stop, as views, of the same turn."""
        values = {
            name: value.cut(start, stop) if isinstance(value, Ragged) else value[start:stop]
            for name, value in self._values.items()
        }
        return Batch(values, self.ids[start:stop], self._turn_info)

    def select_ids(self, ids: Tensor) -> "Batch":
        """Return the examples whose numbers in the source are among `ids` (M,), int64."""
        rows = torch.isin(self.ids, ids.to(self.ids.device)).nonzero().flatten()
        values = {
            name: value.select(rows) if isinstance(value, Ragged) else value[rows]
            for name, value in self._values.items()
        }
        return Batch(values, self.ids[rows], self._turn_info)

    def replace(self, /, **values: Values) -> "Batch":
        """Return the batch with some fields replaced or added."""
        return Batch(self._values | values, self.ids, self._turn_info)

    def to(self, device: torch.device | str) -> "Batch":
        """Return the batch on `device`."""
        before = self._turn_info
        turn_info = TurnInfo(before.index, before.turns, torch.device(device), before.key)
        values = {name: value.to(device) for name, value in self._values.items()}
        return Batch(values, self.ids.to(device), turn_info)


class Nothing:
    """A batch without examples, for games without data: turn, progress, length 0, no `cut`."""

    __slots__ = ("_turn_info", "ids")

    fields: tuple[str, ...] = ()

    def __init__(self, turn_info: TurnInfo) -> None:
        self._turn_info = turn_info
        self.ids: Tensor = torch.empty(0, dtype=torch.int64, device=turn_info.device)

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "Nothing()"

    @property
    def turn(self) -> Tensor:
        """Number of the turn, from 0: int64, ()."""
        return self._turn_info.turn

    @property
    def progress(self) -> Tensor:
        """Turn / turns, in [0, 1): float32, ()."""
        return self._turn_info.progress

    def to(self, device: torch.device | str) -> "Nothing":
        """Return the batch on `device`."""
        return Nothing(TurnInfo(self._turn_info.index, self._turn_info.turns, torch.device(device)))


def _missing_field(name: str, names: Iterable[str]) -> str:
    return f"no field '{name}' among {', '.join(names) or 'none'}{did_you_mean(name, names)}"
