"""A data set in the numbers of another's schema: of the one that a model was trained on."""

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from brique.data.batch import Values
from brique.data.column import Texts
from brique.data.parts import Data, rebuilt
from brique.data.ragged import Ragged
from brique.errors import DataError
from brique.schema import Category, Field, Picture, Schema, Signal, Text


def retold(data: Data, schema: Schema) -> Data:
    """Return a data set with its inputs as the fields of another schema have them.

    Words and classes get the numbers that they have there, those that are not known there the
    number of the unknown; pictures come to the size there. Targets stay as they are.
    Raises DataError where an input cannot be told so.
    """
    assert data.store is not None
    fields, kinds = dict(data.store.fields), dict(data.schema.fields)
    for name in schema.inputs:
        kind = schema[name]
        if kinds[name] != kind:
            fields[name] = _values(data, name, kind)
            kinds[name] = kind
    return rebuilt(data, fields, Schema(kinds, data.schema.targets))


def _values(data: Data, name: str, kind: Field) -> Values:
    """Return the values of a field (N, ...) as another kind has them. Raises DataError."""
    assert data.store is not None
    assert data.source is not None
    was, values, raw = data.schema[name], data.store.fields[name], data.source.fields[name]
    if isinstance(kind, Text) and isinstance(raw, Texts):
        return Ragged.of([kind.prepare(text) for text in raw.texts])
    if isinstance(kind, Category) and isinstance(was, Category):
        numbers = torch.tensor([_place(data, kind, one) for one in (*was.names, "")])
        return numbers[cast("Tensor", values).clamp(max=len(was.names))]
    if isinstance(kind, Picture) and isinstance(was, Picture):
        return torch.stack([kind.prepare(one) for one in cast("Tensor", values)])
    same = {"mean": None, "spread": None, "fill": None, "optional": None, "unit": None}
    if replace(kind, **_of(kind, same)) == replace(was, **_of(was, same)):
        return values
    wanted, came = (
        f"{one.channels} channels" if isinstance(one, Signal) else one.kind for one in (kind, was)
    )
    raise DataError(
        f"{data.name}: the model takes '{name}' as {wanted}, and it holds {came} of another form;"
        " choose data like those that it was trained on"
    )


def _place(data: Data, kind: Category, name: str) -> int:
    try:
        return kind.prepare(name)
    except DataError as error:
        if not name:  # no value is of it
            return 0
        raise DataError(f"{data.name}: {error}") from error


def _of(kind: Field, values: dict[str, None]) -> dict[str, None]:
    return {name: value for name, value in values.items() if hasattr(kind, name)}
