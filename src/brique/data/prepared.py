"""Examples from outside, prepared as those of the training were: the one way in for `predict`."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from brique.data.batch import Batch, Values
from brique.data.ragged import Ragged
from brique.errors import DataError, nearest
from brique.schema import Field, Number, Picture, Schema, Signal, Text

Inputs = dict[str, Any]  # Any: what the `prepare` of a field returns


def prepared(schema: Schema, given: object) -> Inputs:
    """Return the inputs of one example by name, each as its field prepares it.

    given: the value of the only input (a path, a picture, a text, an array); or a mapping of all
        inputs by name. A number or a moment that may be missing may be left out.
    Raises DataError, which names the field, when one is missing or cannot be read.
    """
    names = list(schema.inputs)
    if not isinstance(given, Mapping):
        if len(names) > 1:
            raise DataError(
                f"predict: expected the inputs {', '.join(names[:8])} by name, got"
                f" {type(given).__name__}; pass a mapping, or a row of a table"
            )
        return {names[0]: schema[names[0]].prepare(given)}
    row = cast("Mapping[str, object]", given)
    found: Inputs = {}
    for name in names:
        kind = schema[name]
        if name not in row and not may_lack(kind):
            raise DataError(
                f"predict: expected a value of '{name}', got {', '.join(list(row)[:8]) or 'none'}"
                f"{nearest(name, row) or '; add it'}"
            )
        try:
            found[name] = kind.prepare(row.get(name))
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
    return found


def together(schema: Schema, examples: Sequence[Inputs]) -> Batch:
    """Return prepared examples as a batch, pictures in [0, 1]."""
    values: dict[str, Values] = {}
    for name in schema.inputs:
        kind, column = schema[name], [example[name] for example in examples]
        if isinstance(kind, Picture):
            values[name] = torch.stack([kind.to_float(one) for one in column])
        elif isinstance(kind, Text | Signal) or (isinstance(kind, Number) and kind.varies):
            values[name] = Ragged.of(cast("list[Tensor]", column))
        else:
            values[name] = torch.stack([torch.as_tensor(one) for one in column])
    return Batch(values)


def may_lack(kind: Field) -> bool:
    """Tell whether a value of a kind may be missing, as a known one stands in for it."""
    return getattr(kind, "fill", None) is not None
