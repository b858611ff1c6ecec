"""Split: one part of a data set, and the stream of batches that it gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from brique import keys
from brique.data.batch import Batch, Clock, Nothing, Values
from brique.data.journal import Entry
from brique.data.ragged import Ragged
from brique.errors import DataError, nearest
from brique.schema import Mask, Picture, Schema

Augment = Callable[[Batch], Batch]
_ORDER = keys.word("order")
_BUCKETS = keys.word("buckets")
_DRAWS = keys.word("draws of an augmentation")
_POOL = 50  # batches whose samples are sorted by length together


class Store:
    """All examples of a source, resident; splits are lists of places in it.

    fields: tensors (N, ...) and Raggeds of N sequences, pictures uint8 or float32.
    names: what a person calls each example; "example 17" where there are none.
    """

    def __init__(
        self, fields: Mapping[str, Values], schema: Schema, names: Sequence[str] = ()
    ) -> None:
        self.fields: dict[str, Values] = dict(fields)
        self.schema = schema
        self.names: tuple[str, ...] = tuple(names)
        self._copies: dict[torch.device, dict[str, Values]] = {}

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def on(self, device: torch.device) -> dict[str, Values]:
        """Return the fields on `device`, copied there once."""
        if device.type == "cpu":
            return self.fields
        if device not in self._copies:
            self._copies[device] = {name: v.to(device) for name, v in self.fields.items()}
        return self._copies[device]


class Split:
    """A part of a data set, a list of examples of one source.

    `split[i]` is one example: a dict of its fields as in a batch, without the first axis.
    `split["image"]` is one field of all examples as it is stored: pictures uint8, or float32.
    `split.ids` (N,), int64, on the CPU: their numbers in the whole source.
    """

    def __init__(
        self, store: Store, ids: Tensor, entry: Entry | None = None, *, is_test: bool = False
    ) -> None:
        self.ids = ids
        self._entry, self._is_test = entry, is_test
        self._store = store
        self._fields: dict[str, Values] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Split({len(self)}: {', '.join(self.schema.fields)})"

    @property
    def schema(self) -> Schema:
        """Fields and their kinds, with what was fitted on the training part."""
        return self._store.schema

    def __getitem__(self, key: int | str) -> "dict[str, Values] | Values":
        if isinstance(key, str):
            return self._field(key)
        if not -len(self) <= key < len(self):
            raise IndexError(f"split: no example {key} among {len(self)}")
        rows = self.ids[key % len(self)].view(1)
        fields = gather(self._store.fields, self.schema, rows)
        return {name: value[0] for name, value in fields.items()}

    def __iter__(self) -> Iterator[dict[str, Values]]:
        for i in range(len(self)):
            yield self[i]  # pyright: ignore[reportReturnType] - an int gives an example

    def name(self, id: int) -> str:
        """Return what a person calls an example: its file in the source's folder, or "example 17".

        id: its number in the whole source, from `ids`. Raises DataError when there is none such.
        """
        if not 0 <= id < len(self._store):
            raise DataError(
                f"split: no example {id} among {len(self._store)}; pass a number from its .ids"
            )
        return self._store.names[id] if self._store.names else f"example {int(id)}"

    def select(self, ids: Tensor) -> "Split":
        """Return a part of this split.

        ids: (M,), int64, numbers of examples in the source, or (N,), bool, true for those kept.
        Raises DataError when an id is not in this split.
        """
        if ids.dtype == torch.bool:
            if ids.shape != self.ids.shape:
                raise DataError(
                    f"split: a mask must have shape ({len(self)},), got {tuple(ids.shape)}; "
                    "pass one truth per example"
                )
            return self._part(self.ids[ids.cpu()])
        ids = ids.to("cpu", torch.int64)
        strange = ids[~torch.isin(ids, self.ids)]
        if len(strange):
            raise DataError(
                f"split: example {int(strange[0])} is not in this part of {len(self)}; "
                "pass numbers from its .ids"
            )
        return self._part(ids)

    def batches(
        self,
        batch_size: int,
        *,
        turns: int | None = None,
        epochs: int | None = None,
        seed: int = 0,
        augment: Augment | None = None,
        bucket: bool = False,
        shuffle: bool = True,
    ) -> "Stream":
        """Return a stream of batches: with `turns` or `epochs` for training, else one pass.

        batch_size: examples a batch.
        turns: batches in all.
        epochs: passes in all, instead of turns; each leaves out an uneven last batch, unless it
            is the only one. Without both: one pass in order, its last batch may be smaller.
        seed: decides the order of each epoch, together with the epoch's number alone.
        augment: function of a batch that returns a batch, applied to each.
        bucket: sequences of like lengths come together, padded to a multiple of 8.
        shuffle: whether turns and epochs draw an order.
        Raises DataError when a number is out of range, or the split is empty.
        """
        _check_batches(len(self), batch_size, turns, epochs)
        if self._entry is not None:
            self._entry.visit(is_test=self._is_test)
        training = turns is not None or epochs is not None
        per_epoch = max(1, len(self) // batch_size) if training else -(-len(self) // batch_size)
        total = turns if turns is not None else per_epoch * (1 if epochs is None else epochs)
        plan = _Plan(self, batch_size, total, per_epoch)
        plan.augment = augment
        plan.seed = seed if training and shuffle else None
        plan.lengths = _lengths(self) if bucket else None
        if bucket and plan.seed is None:
            raise DataError(
                "batches: bucket=True shuffles, so it needs turns= or epochs=, and shuffle=True; "
                "leave it out for a pass in order"
            )
        return Stream(plan, 0, torch.device("cpu"))

    def reopened(self, entry: Entry) -> "Split":
        """Return the same part, entered anew into the journal of what was opened."""
        return Split(self._store, self.ids, entry, is_test=self._is_test)

    def _part(self, ids: Tensor) -> "Split":
        return Split(self._store, ids, self._entry, is_test=self._is_test)

    def _field(self, name: str) -> Values:
        if name not in self._store.fields:
            known = self._store.fields
            raise DataError(
                f"split: no field '{name}' among {', '.join(known)}{nearest(name, known)}"
            )
        if name not in self._fields:
            self._fields[name] = _rows(self._store.fields[name], self.ids)
        return self._fields[name]


class Stream:
    """Batches in an order that is a function of (seed, epoch) alone.

    `turns`, `per_epoch` (turns an epoch) and `batch_size` are numbers. `for batch in stream` starts
    where the stream stands and leaves it there; `next(stream)` moves it.
    """

    def __init__(self, plan: "_Plan", position: int, device: torch.device) -> None:
        self._plan = plan
        self._position = position
        self.device = device
        self.turns: int = plan.turns
        self.per_epoch: int = plan.per_epoch
        self.batch_size: int = plan.batch_size

    def __len__(self) -> int:
        return self.turns

    def __repr__(self) -> str:
        return f"Stream(turn {self._position} of {self.turns}, {self.batch_size} a turn)"

    def __iter__(self) -> "Stream":
        return Stream(self._plan, self._position, self.device)

    def __next__(self) -> Batch:
        index = self._position
        if index >= self.turns:
            raise StopIteration
        self._position = index + 1
        return self._plan.batch(index, self.device)

    def seek(self, turn: int) -> "Stream":
        """Return the same stream, standing before `turn`. Raises DataError beyond the end."""
        if not 0 <= turn <= self.turns:
            raise DataError(f"stream: no turn {turn}; seek from 0 to {self.turns}")
        return Stream(self._plan, turn, self.device)

    def on(self, device: torch.device | str) -> "Stream":
        """Return the same stream, whose batches lie on `device`; the data are copied there once."""
        return Stream(self._plan, self._position, torch.device(device))


class Pulse:
    """A stream of empty batches: the stream of a game without data."""

    batch_size = 0

    def __init__(self, turns: int, position: int, device: torch.device) -> None:
        self.turns = turns
        self.per_epoch: int = max(1, turns)
        self.device = device
        self._position = position

    def __len__(self) -> int:
        return self.turns

    def __iter__(self) -> "Pulse":
        return Pulse(self.turns, self._position, self.device)

    def __next__(self) -> Nothing:
        if self._position >= self.turns:
            raise StopIteration
        self._position += 1
        return Nothing(Clock(self._position - 1, self.turns, self.device))

    def seek(self, turn: int) -> "Pulse":
        """Return the same stream, standing before `turn`. Raises DataError beyond the end."""
        if not 0 <= turn <= self.turns:
            raise DataError(f"stream: no turn {turn}; seek from 0 to {self.turns}")
        return Pulse(self.turns, turn, self.device)

    def on(self, device: torch.device | str) -> "Pulse":
        """Return the same stream, whose batches lie on `device`."""
        return Pulse(self.turns, self._position, torch.device(device))


def nothing(turns: int) -> Pulse:
    """Return a stream of `turns` empty batches, for a game without data. Raises DataError."""
    if turns < 0:
        raise DataError(f"nothing: turns must be 0 or more, got {turns}; pass how many to play")
    return Pulse(turns, 0, torch.device("cpu"))


def gather(fields: Mapping[str, Values], schema: Schema, rows: Tensor) -> dict[str, Values]:
    """Return the examples at `rows` (N,), int64, on their device; pictures float32 in [0, 1].

    Masks come as int64, (N, H, W).
    """
    values = {name: _rows(value, rows) for name, value in fields.items()}
    for name, field in schema.fields.items():
        if type(field) is Picture:
            values[name] = Picture.to_float(values[name])  # pyright: ignore[reportArgumentType]
        elif type(field) is Mask:
            values[name] = values[name].long()  # pyright: ignore[reportAttributeAccessIssue]
    return values


class _Plan:
    """What the copies of one stream share: settings, and the order of the epoch last asked for."""

    augment: Augment | None = None
    seed: int | None = None
    lengths: Tensor | None = None

    def __init__(self, split: Split, batch_size: int, turns: int, per_epoch: int) -> None:
        self.split = split
        self.batch_size = batch_size
        self.turns = turns
        self.per_epoch = per_epoch
        self._order: tuple[int, torch.device, Tensor] | None = None

    def batch(self, index: int, device: torch.device) -> Batch:
        epoch, step = divmod(index, self.per_epoch)
        start = step * self.batch_size
        rows = self.order(epoch, device)[start : start + self.batch_size]
        store = self.split._store  # pyright: ignore[reportPrivateUsage]
        values = gather(store.on(device), store.schema, rows)
        if self.lengths is not None:
            for name, value in values.items():
                values[name] = value.rounded(8) if isinstance(value, Ragged) else value
        key = keys.mix(self.seed or 0, _DRAWS, epoch)
        batch = Batch(values, rows, Clock(index, self.turns, device, key))
        return batch if self.augment is None else self.augment(batch)

    def order(self, epoch: int, device: torch.device) -> Tensor:
        """Ids in the order of `epoch`, on `device`: (n,), int64."""
        if self._order is None or self._order[:2] != (epoch, device):
            self._order = (epoch, device, self._drawn(epoch).to(device))
        return self._order[2]

    def _drawn(self, epoch: int) -> Tensor:
        ids = self.split.ids
        if self.seed is None:
            return ids
        drawn = keys.generator(keys.mix(self.seed, _ORDER, epoch))
        places = torch.randperm(len(ids), generator=drawn)
        if self.lengths is not None and self.per_epoch > 1:
            places = self._bucketed(places, epoch)
        return ids.index_select(0, places)

    def _bucketed(self, places: Tensor, epoch: int) -> Tensor:
        """Sort pools of 50 batches by length, then draw the order of the batches."""
        assert self.lengths is not None
        assert self.seed is not None
        places = places[: self.per_epoch * self.batch_size]
        pools = [
            pool[torch.argsort(self.lengths[pool], stable=True)]
            for pool in places.split(_POOL * self.batch_size)
        ]
        drawn = keys.generator(keys.mix(self.seed, _BUCKETS, epoch))
        turns = torch.randperm(self.per_epoch, generator=drawn)
        return torch.cat(pools).view(self.per_epoch, self.batch_size)[turns].flatten()


def _rows(value: Values, rows: Tensor) -> Values:
    return value.select(rows) if isinstance(value, Ragged) else value.index_select(0, rows)


def _lengths(split: Split) -> Tensor:
    ragged = [split[name] for name in split.schema.fields]
    lengths = [value.lengths for value in ragged if isinstance(value, Ragged)]
    if not lengths:
        raise DataError(
            "batches: bucket=True needs a field of varying length, got "
            f"{', '.join(split.schema.fields)}; leave it out"
        )
    return torch.stack(lengths).sum(0)


def _check_batches(n: int, batch_size: int, turns: int | None, epochs: int | None) -> None:
    if turns is not None and epochs is not None:
        raise DataError(f"batches: got turns={turns} and epochs={epochs}; pass one of them")
    if batch_size < 1:
        raise DataError(
            f"batches: batch_size must be 1 or more, got {batch_size}; pass how many a turn"
        )
    for name, value in (("turns", turns), ("epochs", epochs)):
        if value is not None and value < 0:
            raise DataError(
                f"batches: {name} must be 0 or more, got {value}; pass how many to play"
            )
    if not n:
        raise DataError("batches: this part holds no examples; take another part, or more data")
