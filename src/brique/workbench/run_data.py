"""Training part of a run's own data, for the baselines of an evaluation on new data."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from brique.data import Data, Ragged, Split
from brique.data.core.batch import Values
from brique.data.core.store import Store
from brique.data.opening import redirect_roots
from brique.data.raw.column import Texts
from brique.data.raw.digests import content_digest
from brique.errors import DataError
from brique.run import Record
from brique.run.data_files import data_paths
from brique.schema import Category, Field, Mask, Number, Schema, Tags, Text
from brique.workbench.training_data import open_run_data


def open_recorded_data(record: Record, schema: Schema) -> Data | None:
    """Return the data of a run as it had them; None where they are gone or have changed."""
    source = record.settings.get("data")
    if not isinstance(source, str):
        return None
    try:
        with redirect_roots(data_paths(record.folder)):
            dataset = open_run_data(source, record.settings, schema)
    except (DataError, OSError):
        return None
    fingerprints = [entry["fingerprint"] for entry in record.json["data"]]
    return dataset if dataset.fingerprint in fingerprints else None


def find_duplicates(run_data: Data, split: Split, aligned: Data) -> Tensor:
    """Return which examples have the inputs of one that the run has learned from (N,), bool.

    run_data: the data of the run; its train and valid count.
    other: a part of `aligned`, in its fields.
    """
    training_hashes = set(
        _input_hashes(run_data, torch.cat([run_data.train.ids, run_data.valid.ids]))
    )
    return torch.tensor(
        [input_hash in training_hashes for input_hash in _input_hashes(aligned, split.ids)],
        dtype=torch.bool,
    )


def _input_hashes(dataset: Data, ids: Tensor) -> list[int]:
    """Return a number for the inputs of each example, equal for equal ones."""
    assert dataset.store is not None
    assert dataset.source is not None
    columns: list[Any] = []
    for name in dataset.schema.inputs:
        raw, values = dataset.source.fields.get(name), dataset.store.fields[name]
        columns.append(raw if isinstance(raw, Texts) else values)
    return [
        content_digest(b"\0".join(_input_bytes(column, row) for column in columns))
        for row in ids.tolist()
    ]


def _input_bytes(column: Values | Texts, row: int) -> bytes:
    if isinstance(column, Texts):
        return column.content(row)
    value = column[row]
    assert isinstance(value, Tensor)
    return value.contiguous().numpy().tobytes()


def baseline_data(record: Record, schema: Schema, dataset: Data) -> Data:
    """Return data of one example whose targets are what the run's record has as the usual ones.

    So always answering the commonest class, or the mean, is known where the run's data are gone.
    dataset: the data to evaluate on; its first example stands in for inputs.
    Raises DataError where the record does not say what is usual.
    """
    assert dataset.store is not None
    entry = record.result.get("baseline", {}).get("majority", {})
    fields: dict[str, Values] = {}
    for name in schema.fields:
        if name in schema.targets:
            fields[name] = _majority_value(schema[name], name, entry, record)
        elif name in dataset.store.fields:
            fields[name] = _first_example(dataset.store.fields[name], schema[name])
    kinds = {name: dataset.schema[name] for name in fields}
    targets = tuple(name for name in schema.targets if name in fields)
    store = Store(fields, Schema(kinds, targets))
    first, empty = torch.zeros(1, dtype=torch.int64), torch.empty(0, dtype=torch.int64)
    return replace(
        dataset, train=Split(store, first), valid=Split(store, empty), test=Split(store, empty),
        source=None, store=store,
    )  # fmt: skip


def _first_example(values: Values, kind: Field) -> Values:
    """Return a field of one example; a text of one word, as one tag stands beside it."""
    if isinstance(values, Ragged):
        length = 1 if isinstance(kind, Text) else len(values[0])
        return Ragged(values.values[:length], torch.tensor([0, length]))
    return values[:1]


def _majority_value(kind: Field, name: str, entry: dict[str, Any], record: Record) -> Values:
    """Return the usual value of a target as a field of one example."""
    answer = entry.get("answer")
    answer = answer.get(name) if isinstance(answer, dict) else answer
    if isinstance(kind, Number) and kind.mean is not None:
        return torch.tensor(kind.mean).expand(kind.shape)[None].float()
    if isinstance(kind, Text):
        return Ragged(torch.zeros(1, dtype=torch.int64), torch.tensor([0, 1]))
    if isinstance(kind, Category | Mask) and answer in kind.names:
        index = kind.names.index(str(answer))
        if isinstance(kind, Mask):
            return torch.full((1, *kind.shape), index, dtype=torch.uint8)
        return torch.tensor([index])
    if isinstance(kind, Tags) and answer in kind.names:
        return Ragged(torch.tensor([kind.names.index(str(answer))]), torch.tensor([0, 1]))
    raise DataError(
        f"evaluate: the data that {record.folder} learned from are gone or have changed, and its"
        f" record does not say what '{name}' usually is; put the data back"
    )
