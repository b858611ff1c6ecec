"""What simple methods learn from where a run is judged on other data: its own training part."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from brique.data import Data, Ragged, Split
from brique.data.batch import Values
from brique.data.column import Texts
from brique.data.opening import elsewhere
from brique.data.splitting import digest
from brique.data.store import Store
from brique.errors import DataError
from brique.run import Record
from brique.run.inputs import places
from brique.schema import Category, Field, Mask, Number, Schema, Tags, Text
from brique.workbench.opened import of_run


def own_data(record: Record, schema: Schema) -> Data | None:
    """Return the data of a run as it had them; None where they are gone or have changed."""
    source = record.settings.get("data")
    if not isinstance(source, str):
        return None
    try:
        with elsewhere(places(record.folder)):
            found = of_run(source, record.settings, schema)
    except (DataError, OSError):
        return None
    before = [entry["fingerprint"] for entry in record.json["data"]]
    return found if found.fingerprint in before else None


def seen(own: Data, other: Split, told: Data) -> Tensor:
    """Return which examples have the inputs of one that the run has learned from (N,), bool.

    own: the data of the run; its train and valid count. other: a part of `told`, in its fields.
    """
    known = set(_contents(own, torch.cat([own.train.ids, own.valid.ids])))
    return torch.tensor([one in known for one in _contents(told, other.ids)], dtype=torch.bool)


def _contents(found: Data, ids: Tensor) -> list[int]:
    """Return a number for the inputs of each example, equal for equal ones."""
    assert found.store is not None
    assert found.source is not None
    columns: list[Any] = []
    for name in found.schema.inputs:
        raw, values = found.source.fields.get(name), found.store.fields[name]
        columns.append(raw if isinstance(raw, Texts) else values)
    return [digest(b"\0".join(_content(column, row) for column in columns)) for row in ids.tolist()]


def _content(column: Values | Texts, row: int) -> bytes:
    if isinstance(column, Texts):
        return column.content(row)
    value = column[row]
    assert isinstance(value, Tensor)
    return value.contiguous().numpy().tobytes()


def stand_in(record: Record, schema: Schema, found: Data) -> Data:
    """Return data of one example whose targets are what the run's record has as the usual ones.

    So always answering the commonest class, or the mean, is known where the run's data are gone.
    found: the data to be judged, whose first example lends its inputs.
    Raises DataError where the record does not say what is usual.
    """
    assert found.store is not None
    entry = record.result.get("baseline", {}).get("majority", {})
    fields: dict[str, Values] = {}
    for name in schema.fields:
        if name in schema.targets:
            fields[name] = _usual(schema[name], name, entry, record)
        elif name in found.store.fields:
            fields[name] = _one(found.store.fields[name], schema[name])
    kinds = {name: found.schema[name] for name in fields}
    goals = tuple(name for name in schema.targets if name in fields)
    store = Store(fields, Schema(kinds, goals))
    first, none = torch.zeros(1, dtype=torch.int64), torch.empty(0, dtype=torch.int64)
    return replace(
        found, train=Split(store, first), valid=Split(store, none), test=Split(store, none),
        source=None, store=store,
    )  # fmt: skip


def _one(values: Values, kind: Field) -> Values:
    """Return a field of one example; a text of one word, as one tag stands beside it."""
    if isinstance(values, Ragged):
        length = 1 if isinstance(kind, Text) else len(values[0])
        return Ragged(values.values[:length], torch.tensor([0, length]))
    return values[:1]


def _usual(kind: Field, name: str, entry: dict[str, Any], record: Record) -> Values:
    """Return the usual value of a target as a field of one example."""
    answer = entry.get("answer")
    answer = answer.get(name) if isinstance(answer, dict) else answer
    if isinstance(kind, Number) and kind.mean is not None:
        return torch.tensor(kind.mean).expand(kind.shape)[None].float()
    if isinstance(kind, Text):
        return Ragged(torch.zeros(1, dtype=torch.int64), torch.tensor([0, 1]))
    if isinstance(kind, Category | Mask) and answer in kind.names:
        place = kind.names.index(str(answer))
        if isinstance(kind, Mask):
            return torch.full((1, *kind.shape), place, dtype=torch.uint8)
        return torch.tensor([place])
    if isinstance(kind, Tags) and answer in kind.names:
        return Ragged(torch.tensor([kind.names.index(str(answer))]), torch.tensor([0, 1]))
    raise DataError(
        f"evaluate: the data that {record.folder} learned from are gone or have changed, and its"
        f" record does not say what '{name}' usually is; put the data back"
    )
