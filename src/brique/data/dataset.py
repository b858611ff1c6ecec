"""Data sets: split a source into train, valid and test, and fit its fields on train."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.core.record import DataRecord
from brique.data.core.split import Split
from brique.data.core.store import Store
from brique.data.raw.column import Column
from brique.data.raw.deep_pictures import DeepPictures
from brique.data.raw.source import PARTS, Source
from brique.data.splits.assignment import (
    assign_parts,
    fold_numbers,
    fold_part,
    hold_out,
    in_second_half,
)
from brique.errors import DataError
from brique.schema import Field, Mask, Number, Picture, Schema, Signal

_PIXELS = 1 << 18  # of a block, which fits into a CPU cache


@dataclass(frozen=True)
class Data:
    """A data set: its schema and its three parts.

    name: of the source.
    train, valid, test: the parts; valid or test of a tiny set may be empty.
    fingerprint: SHA-256 of all examples, class names and the split, in hexadecimal.
    skipped: (file, reason) of every picture that could not be read.
    notes: decisions made while reading, in sentences.
    training_data: for evaluation on other data: the data set that train and valid come from.
    record: what a run writes down of it.
    """

    name: str
    schema: Schema
    train: Split
    valid: Split
    test: Split
    fingerprint: str
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    source: Source | None = field(default=None, compare=False)
    store: Store | None = field(default=None, compare=False)
    training_data: "Data | None" = field(default=None, compare=False)
    record: DataRecord | None = field(default=None, compare=False)

    def folds(self, count: int = 5) -> list["Data"]:
        """Return cross-validation folds: one data set per fold, each with another test part.

        Each example is in the test part of one fold, by a fixed split: stratified by class, with
        equal examples and groups together. A tenth of the others is for valid. Everything is
        fitted anew on the training part of each fold. A test part of the source is left out.
        Raises DataError if count is below 2 or above the number of examples, or if a class or group
        would be on one side only.
        """
        numbers = self._fold_numbers(count)
        return [self._make_fold(numbers, number, count) for number in range(1, count + 1)]

    def fold(self, number: int, count: int) -> "Data":
        """Return one of the `folds`, from 1. Raises DataError as `folds`, or if there is none."""
        numbers = self._fold_numbers(count)
        if not 1 <= number <= count:
            raise DataError(
                f"{self.name}: there is no fold {number} of {count}; pass a number from 1 to"
                f" {count}"
            )
        return self._make_fold(numbers, number, count)

    def halves(self) -> list["Data"]:
        """Return two data sets with halves of the training part as train and valid, and swapped.

        The halves are stratified by class, with equal examples and groups together. The schema, as
        fitted on all of the training part, and the test part stay.
        """
        assert self.source is not None
        second = torch.from_numpy(in_second_half(self.source, self.train.ids.numpy()))
        first, second_half = self.train.select(~second), self.train.select(second)
        return [
            replace(self, train=first, valid=second_half),
            replace(self, train=second_half, valid=first),
        ]

    def for_selection(self, draw: int = 0) -> "Data":
        """Return the data set without its test part, to select settings on.

        Valid becomes test, and a tenth of train becomes valid, the last tenth for data in time;
        everything is fitted on the rest of train.
        draw: a number above 0 takes as many other examples of train and valid as test, except for
            data in time, or if groups do not allow it.
        Raises DataError if there is no valid part, or train is too small.
        """
        assert self.source is not None
        if not len(self.valid) or len(self.train) < 10:
            raise DataError(
                f"{self.name}: has {len(self.valid)} examples to select settings on and"
                f" {len(self.train)} to learn from; add some"
            )
        numbers = np.full(len(self.source), -1)
        numbers[self.train.ids.numpy()], numbers[self.valid.ids.numpy()] = 1, 0
        if draw and self.source.times is None:
            rows = np.flatnonzero(numbers >= 0)
            with suppress(DataError):  # groups, or classes of few, allow no other
                numbers[rows] = hold_out(self.source, rows, len(self.valid) / len(rows), draw)
        source = replace(self.source, name=f"{self.name} without test")
        part = fold_part(source, numbers, 0)
        if self.source.times is not None:
            ids = self.train.ids[torch.from_numpy(self.source.times)[self.train.ids].argsort()]
            part[self.train.ids] = 0
            part[ids[-(len(ids) // 10) :]] = 1
        return build(source, part)

    def _fold_numbers(self, count: int) -> np.ndarray:
        assert self.source is not None
        return fold_numbers(self.source, count)

    def _make_fold(self, numbers: np.ndarray, number: int, count: int) -> "Data":
        assert self.source is not None
        source = replace(self.source, name=f"{self.name}, fold {number} of {count}")
        return build(source, fold_part(source, numbers, number - 1))

    def __repr__(self) -> str:
        parts = ", ".join(f"{part} {len(getattr(self, part))}" for part in PARTS)  # fixed names
        return f"Data({self.name}: {', '.join(self.schema.fields)}; {parts})"


def build(source: Source, part: Tensor | None = None) -> Data:
    """Split the examples, fit the fields on train, and return the data set.

    part: (N,), uint8, index in PARTS of each example, another number for none; by default the parts
        of the source, or a fixed split.
    Raises DataError if no example is left for training.
    """
    part = assign_parts(source) if part is None else part
    train = (part == 0).nonzero().flatten()  # ids
    if not len(train):
        raise DataError(
            f"{source.name}: no example is left for training, of {len(source)}; add examples"
        )
    fitted = {name: _fit_field(source, name, train) for name in source.fields}
    schema = Schema({name: kind for name, (kind, _) in fitted.items()}, source.targets)
    groups = None if source.groups is None else torch.as_tensor(source.groups)
    values = {name: value for name, (_, value) in fitted.items()}
    store = Store(values, schema, source.names, groups)
    part_ids = [(part == part_number).nonzero().flatten() for part_number in range(3)]
    return _make_data(source, store, part_ids, _fingerprint(store, part))


def with_fields(data: Data, fields: Mapping[str, Values], schema: Schema) -> Data:
    """Return a data set with other values of its fields; parts and fingerprint stay.

    fields: (N, ...) of all examples of the source. schema: of these fields.
    """
    assert data.source is not None
    assert data.store is not None
    store = Store(fields, schema, data.store.names, data.store.groups)
    ids = [data.train.ids, data.valid.ids, data.test.ids]
    return _make_data(data.source, store, ids, data.fingerprint)


def for_evaluation(
    data: Data, part: str, fold: tuple[int, int] | None, training_data: Data | None
) -> Data:
    """Return a data set whose test part is all of its examples, or one of the source's parts.

    part: "all", or one of PARTS. fold: number and count, to take the test part of a fold.
    training_data: gives train and valid, to fit baselines on; by default they are empty.
    """
    assert data.source is not None
    assert data.store is not None
    part_of = torch.full((len(data.store),), PARTS.index("test"), dtype=torch.uint8)
    if fold is not None:
        part_of = fold_part(data.source, fold_numbers(data.source, fold[1]), fold[0] - 1)
    elif part != "all":
        part_of = assign_parts(data.source)
    test_ids = (part_of == PARTS.index("test" if part == "all" else part)).nonzero().flatten()
    no_ids = torch.empty(0, dtype=torch.int64)
    evaluated = _make_data(data.source, data.store, [no_ids, no_ids, test_ids], data.fingerprint)
    evaluated = replace(evaluated, notes=data.notes)
    if training_data is None:
        return evaluated
    return replace(
        evaluated, train=training_data.train, valid=training_data.valid, training_data=training_data
    )


def _make_data(source: Source, store: Store, ids: Sequence[Tensor], fingerprint: str) -> Data:
    """Return a data set of three parts."""
    skipped, notes = tuple(source.skipped), tuple(source.notes)
    record = DataRecord(source.name, store.schema, fingerprint, notes, skipped, source.roots)
    train, valid, test = (
        Split(store, part_ids, record, is_test=part_number == 2)
        for part_number, part_ids in enumerate(ids)
    )
    return Data(
        source.name, store.schema, train, valid, test, fingerprint, skipped, notes, source, store,
        record=record,
    )  # fmt: skip


def _fit_field(source: Source, name: str, train: Tensor) -> tuple[Field, Values]:
    """Return the kind of a field, fitted on the training examples, and its values."""
    value = source.fields[name]
    if isinstance(value, DeepPictures):
        kind, values = value.fit(train.numpy(), f"{source.name}: {name}")
        return _fit_statistics(kind, values, train), values
    if isinstance(value, Column):
        return value.fit(train.numpy(), f"{source.name}: {name}")
    return _fit_statistics(source.kinds[name], value, train), value


def _fit_statistics(kind: Field, value: Values, train: Tensor) -> Field:
    """Return the kind with mean and std of the training examples."""
    if isinstance(kind, Picture):
        assert isinstance(value, Tensor)
        mean, std = _mean_and_std(value, train)
        return replace(kind, mean=mean, std=std)
    if not isinstance(kind, Number | Signal) or (isinstance(kind, Number) and kind.is_integer):
        return kind
    values = value.select(train).values if isinstance(value, Ragged) else value[train]
    shape = (kind.channels,) if isinstance(kind, Signal) else kind.shape
    columns = values.reshape(-1, shape[-1] if shape else 1)
    if not len(columns):
        return kind
    means, stds = columns.double().mean(0).tolist(), columns.double().std(0, False).tolist()
    if shape:
        return replace(kind, mean=tuple(means), std=tuple(stds))
    return replace(cast("Number", kind), mean=means[0], std=stds[0])


def _mean_and_std(pictures: Tensor, rows: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel, of brightness in [0, 1].

    Sums of uint8 are exact in float64, whatever the number of threads.
    """
    channels = pictures.shape[1]
    total = torch.zeros(channels, dtype=torch.float64)
    squares = torch.zeros(channels, dtype=torch.float64)
    for block in rows.split(max(1, _PIXELS // pictures[0].numel())):
        pixels = pictures.index_select(0, block).to(torch.float64).flatten(2)
        total += pixels.sum((0, 2))
        squares += (pixels * pixels).sum((0, 2))
    n = len(rows) * pictures[0, 0].numel()
    white = 255 if pictures.dtype == torch.uint8 else 1
    mean = total / n
    std = (squares / n - mean * mean).clamp(min=0).sqrt()
    return tuple((mean / white).tolist()), tuple((std / white).tolist())


def _fingerprint(store: Store, part: Tensor) -> str:
    """Return the SHA-256 of fields, schema and split, without the formats of the files."""
    schema_json = store.schema.to_json()
    for field_json in schema_json[
        "fields"
    ].values():  # how files lead to classes, which the masks hold
        codes = ("codes", "is_colored") if field_json["kind"] == Mask.kind else ()
        for key in ("time_index", "has_offset", *codes):
            field_json.pop(key, None)
    digest = hashlib.sha256(json.dumps(schema_json, sort_keys=True).encode())
    digest.update(part.numpy().tobytes())
    for name, value in sorted(store.fields.items()):
        ragged = (value.values, value.offsets, value.parent) if isinstance(value, Ragged) else ()
        for tensor in ragged or (value,):
            if isinstance(tensor, Tensor):
                shape = f"{name} {tensor.dtype} {tuple(tensor.shape)}"
                digest.update(shape.encode())
                digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()
