"""Preparation of new examples, as in training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor

from brique.data.core.batch import Batch, Values
from brique.data.core.ragged import Ragged
from brique.data.sources.layout.text_files import format_names
from brique.errors import DataError, did_you_mean
from brique.schema import MISSING, Category, Field, Number, Picture, Schema, Signal, Text
from brique.schema.missing import is_missing

PreparedInputs = dict[str, Any]  # Any: what the `prepare` of a field returns


def prepare_inputs(schema: Schema, example: object) -> PreparedInputs:
    """Return the inputs of one example by name, each prepared by its field.

    example: the value of the only input (a path, a picture, a text, an array); or a mapping of all
        inputs by name. A missing value (None, NaN, "" ...) becomes the median of the training part
        for numbers and timestamps, "missing" for classes, and is an error for texts. Inputs with
        missing values in the training data may be left out.
    Raises DataError, with the name of the field, if one is missing or cannot be read.
    """
    names = list(schema.inputs)
    if not isinstance(example, Mapping):
        if len(names) > 1:
            raise DataError(
                f"predict: expected the inputs {', '.join(names[:8])} by name, got"
                f" {type(example).__name__}; pass a mapping, or a row of a table"
            )
        return {names[0]: schema[names[0]].prepare(example)}
    row = cast("Mapping[str, object]", example)
    inputs: PreparedInputs = {}
    for name in names:
        kind = schema[name]
        if name not in row and not may_be_missing(kind):
            raise DataError(
                f"predict: expected a value of '{name}', got {', '.join(list(row)[:8]) or 'none'}"
                f"{did_you_mean(name, row) or '; add it'}"
            )
        try:
            value = row.get(name)
            inputs[name] = kind.prepare(
                "" if isinstance(kind, Text) and is_missing(value) else value
            )
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
    return inputs


def collate(schema: Schema, examples: Sequence[PreparedInputs]) -> Batch:
    """Return prepared examples as a batch, pictures in [0, 1]."""
    values: dict[str, Values] = {}
    for name in schema.inputs:
        kind, column = schema[name], [example[name] for example in examples]
        if isinstance(kind, Picture):
            values[name] = torch.stack([kind.to_float(entry) for entry in column])
        elif isinstance(kind, Text | Signal) or (isinstance(kind, Number) and kind.is_sequence):
            values[name] = Ragged.of(cast("list[Tensor]", column))
        else:
            values[name] = torch.stack([torch.as_tensor(entry) for entry in column])
    return Batch(values)


def may_be_missing(kind: Field) -> bool:
    """Return whether an input may be left out: values were missing in the training data."""
    has_missing_class = isinstance(kind, Category) and MISSING in kind.names
    return has_missing_class or getattr(kind, "optional", False)


@dataclass(frozen=True)
class Substitutions:
    """Values of an example that were replaced.

    missing: inputs that have no value. unseen: by input, a class that the training part has not.
    """

    missing: tuple[str, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        messages: list[str] = []
        if self.missing:
            names = format_names([f"'{name}'" for name in self.missing])
            messages.append(
                f"{names} {'are' if self.missing[1:] else 'is'} missing, filled from training"
            )
        if self.unknown:
            pairs = format_names([f"'{value}' in '{name}'" for name, value in self.unknown.items()])
            messages.append(f"{pairs} never occurred in training, taken as 'other'")
        return "; ".join(messages)


def substitutions(schema: Schema, example: object) -> Substitutions:
    """Return the values of an example that preparation replaces.

    example: all inputs by name; other examples have none.
    """
    if not isinstance(example, Mapping):
        return Substitutions()
    row = cast("Mapping[str, object]", example)
    missing: list[str] = []
    unknown: dict[str, str] = {}
    for name in schema.inputs:
        kind, value = schema[name], row.get(name)
        is_class = isinstance(kind, Category) and str(value) in kind.names  # such as one called NA
        is_missing_mark = isinstance(kind, Number) and str(value).strip() in kind.na_values
        if is_missing_mark or (is_missing(value) and not is_class):
            missing.append(name)
        elif (
            isinstance(kind, Category) and kind.has_other and kind.prepare(value) == len(kind.names)
        ):
            unknown[name] = str(value)
    return Substitutions(tuple(missing), unknown)
