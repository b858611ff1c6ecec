"""Split: one part of a data set."""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.core.record import DataRecord
from brique.data.core.store import Store, gather, select_rows
from brique.data.core.stream import BatchFunction, BatchLoader, Stream
from brique.errors import DataError, did_you_mean
from brique.schema import Category, Schema

Balance = Literal["none", "sampler"]


class Split:
    """A part of a data set, a list of examples of one source.

    `split[i]` is one example: a dict of its fields as in a batch, without the first axis.
    `split["image"]` is one field of all examples as it is stored: pictures uint8, or float32.
    `split.ids` (N,), int64, on the CPU: their indices in the source.
    """

    def __init__(
        self, store: Store, ids: Tensor, record: DataRecord | None = None, *, is_test: bool = False
    ) -> None:
        self.ids = ids
        self._record, self._is_test = record, is_test
        self._store = store
        self._fields: dict[str, Values] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Split({len(self)}: {', '.join(self.schema.fields)})"

    @property
    def schema(self) -> Schema:
        """Fields and their kinds, fitted on the training part."""
        return self._store.schema

    @property
    def groups(self) -> Tensor | None:
        """The group of each example by `group=`, (N,), int64, from 0 on; None without groups.

        Examples of one patient, camera or speaker are a group.
        """
        if self._store.groups is None:
            return None
        return self._store.groups[self.ids].unique(return_inverse=True)[1]

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
        """Return the name of an example: its file in the folder of the source, or "example 17".

        id: its index in the source, from `ids`. Raises DataError if there is none.
        """
        if not 0 <= id < len(self._store):
            raise DataError(
                f"split: no example {id} among {len(self._store)}; pass a number from its .ids"
            )
        return self._store.names[id] if self._store.names else f"example {int(id)}"

    def select(self, ids: Tensor) -> "Split":
        """Return a part of this split.

        ids: (M,), int64, indices of examples in the source, or a mask (N,), bool.
        Raises DataError if an id is not in this split.
        """
        if ids.dtype == torch.bool:
            if ids.shape != self.ids.shape:
                raise DataError(
                    f"split: a mask must have shape ({len(self)},), got {tuple(ids.shape)}; "
                    "pass one boolean per example"
                )
            return self._subset(self.ids[ids.cpu()])
        ids = ids.to("cpu", torch.int64)
        unknown = ids[~torch.isin(ids, self.ids)]
        if len(unknown):
            raise DataError(
                f"split: example {int(unknown[0])} is not in this part of {len(self)}; "
                "pass numbers from its .ids"
            )
        return self._subset(ids)

    def batches(
        self,
        batch_size: int,
        *,
        turns: int | None = None,
        epochs: int | None = None,
        seed: int = 0,
        augment: BatchFunction | None = None,
        bucket: bool = False,
        shuffle: bool = True,
        balance: Balance = "none",
        workers: int = 0,
    ) -> Stream:
        """Return a stream of batches: with `turns` or `epochs` for training, else one pass.

        batch_size: examples per batch.
        turns: number of batches (training steps).
        epochs: passes over the data, instead of turns; an incomplete last batch is dropped, unless
            it is the only one. Without both: one pass in order, with a smaller last batch.
        seed: decides, with the number of an epoch, the order of its examples.
        augment: function from batch to batch, applied to each.
        bucket: batch sequences of similar lengths, padded to a multiple of 8.
        shuffle: whether the order of turns and epochs is random.
        balance: "sampler": all classes of the target are equally frequent, in a turn to within two
            examples (exactly, if batch_size is a multiple of their number). Epochs keep their
            length: examples of rare classes repeat, each time with another augmentation, and some
            of common classes are left out. The net learns probabilities for balanced classes.
        workers: threads that prefetch batches, `augment` included; order and bits do not depend on
            their number. Not used for data on an accelerator.
        Raises DataError if a number is out of range, or the split is empty.
        """
        _check_batches(len(self), batch_size, turns, epochs)
        _check_options(balance, workers, bucket=bucket)
        if self._record is not None:
            self._record.test_reads += self._is_test
        is_training = turns is not None or epochs is not None
        per_epoch = max(1, len(self) // batch_size) if is_training else -(-len(self) // batch_size)
        total = turns if turns is not None else per_epoch * (1 if epochs is None else epochs)
        loader = BatchLoader(
            self._store, self.ids, batch_size=batch_size, turns=total, per_epoch=per_epoch
        )
        loader.record = self._record
        loader.augment = augment
        loader.seed = seed if is_training and shuffle else None
        loader.lengths = _lengths(self) if bucket else None
        loader.labels = _labels(self) if balance == "sampler" else None
        loader.workers = workers
        if bucket and loader.seed is None:
            raise DataError(
                "batches: bucket=True shuffles, so it needs turns= or epochs=, and shuffle=True; "
                "leave it out for a pass in order"
            )
        if balance == "sampler" and loader.seed is None:
            raise DataError(
                "batches: balance='sampler' draws, so it needs turns= or epochs=, and shuffle=True;"
                " leave it out for a pass in order"
            )
        return Stream(loader, 0, torch.device("cpu"))

    def _subset(self, ids: Tensor) -> "Split":
        return Split(self._store, ids, self._record, is_test=self._is_test)

    def _field(self, name: str) -> Values:
        if name not in self._store.fields:
            known = self._store.fields
            raise DataError(
                f"split: no field '{name}' among {', '.join(known)}{did_you_mean(name, known)}"
            )
        if name not in self._fields:
            self._fields[name] = select_rows(self._store.fields[name], self.ids)
        return self._fields[name]


def _lengths(split: Split) -> Tensor:
    ragged = [split[name] for name in split.schema.fields]
    lengths = [value.lengths for value in ragged if isinstance(value, Ragged)]
    if not lengths:
        raise DataError(
            "batches: bucket=True needs a field of varying length, got "
            f"{', '.join(split.schema.fields)}; leave it out"
        )
    return torch.stack(lengths).sum(0)


def _labels(split: Split) -> Tensor:
    """Return the classes (n,) of the examples. Raises DataError without classes."""
    for name in split.schema.targets:
        labels = split[name]
        if isinstance(split.schema[name], Category) and isinstance(labels, Tensor):
            return labels
    raise DataError(
        "batches: balance='sampler' needs a target that is a category, got "
        f"{', '.join(split.schema.targets) or 'no target'}; leave it out"
    )


def _check_options(balance: str, workers: int, *, bucket: bool) -> None:
    if balance not in ("none", "sampler"):
        raise DataError(
            f"batches: balance must be 'none' or 'sampler', got '{balance}'"
            f"{did_you_mean(balance, ('none', 'sampler')) or '; choose one'}"
        )
    if bucket and balance == "sampler":
        raise DataError(
            "batches: bucket=True and balance='sampler' both decide the order; leave one out"
        )
    if workers < 0:
        raise DataError(f"batches: workers must be 0 or more, got {workers}; pass how many threads")


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
