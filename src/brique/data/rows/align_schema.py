"""Alignment of a data set to the schema that a model was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.dataset import Data, with_fields
from brique.data.raw.column import Texts
from brique.data.raw.deep_pictures import DeepPictures
from brique.data.rows.prepare import may_be_missing
from brique.data.sources.layout.text_files import format_names
from brique.errors import DataError
from brique.options import pair_text
from brique.schema import (
    Category,
    Field,
    Mask,
    Number,
    Picture,
    Schema,
    Signal,
    Tags,
    Text,
    Timestamp,
)
from brique.schema.time_index import TimeIndex

_MAX_NAMES = 8  # names in a message


def align_schema(
    data: Data,
    schema: Schema,
    rename: Mapping[str, str] | None = None,
    *,
    ignore_targets: bool = False,
) -> Data:
    """Return a data set with exactly the fields of another schema, in its order.

    Words and classes get the ids of that schema, or its unknown id in inputs. Pictures are resized.
    An optional input without a column is missing everywhere; a single input is found by its kind.
    Classes of a target that differ only in case, spaces or dots are merged, with a note; new ones
    follow after the known ones.
    rename: new names of target classes, by name. free: whether targets are ignored.
    The notes of the result describe all changes.
    Raises DataError if a field is missing or cannot be converted.
    """
    assert data.store is not None
    assert data.source is not None
    notes: list[str] = []
    targets = () if ignore_targets else schema.targets
    _check_targets(data, schema, targets)
    fields: dict[str, Values] = {}
    kinds: dict[str, Field] = {}
    for name in schema.inputs:
        fields[name] = _align_input(data, name, schema, notes)
        kinds[name] = schema[name]
    for name in targets:
        fields[name], kinds[name] = _align_target(data, name, schema[name], rename or {}, notes)
    field_names = [name for name in schema.fields if name in fields]
    kinds = {name: kinds[name] for name in field_names}
    aligned = with_fields(
        data, {name: fields[name] for name in field_names}, Schema(kinds, targets)
    )
    return replace(aligned, notes=tuple(notes))


def _check_targets(data: Data, schema: Schema, targets: Sequence[str]) -> None:
    """Raise DataError if the targets of the data are not those of the model."""
    model_targets = _target_columns(schema, targets)
    data_targets = _target_columns(data.schema, data.schema.targets if targets else ())
    if sorted(model_targets) != sorted(data_targets):
        answered, requested = (
            ", ".join(f"'{name}' ({kind})" for name, kind in target_list[:_MAX_NAMES]) or "nothing"
            for target_list in (model_targets, data_targets)
        )
        message = f"{data.name}: the model answers {answered}, and these data ask for {requested};"
        if not data_targets:
            raise DataError(
                f"{message} add it as a column, or ask for answers with 'brique predict'"
            )
        has_fields = all(name in data.schema for name in targets)
        advice = (
            "say what it answers with --target"
            if has_fields
            else "call the column that holds it so"
        )
        raise DataError(f"{message} {advice}, or choose other data")


def _target_columns(schema: Schema, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and kinds of fields; for a series the names of its columns."""
    pairs: list[tuple[str, str]] = []
    for name in names:
        kind = schema[name]
        columns = kind.names if isinstance(kind, Number) and kind.names else (name,)
        pairs += [(column, kind.kind) for column in columns]
    return pairs


def _align_input(data: Data, name: str, schema: Schema, notes: list[str]) -> Values:
    """Return the values of an input (N, ...) in another schema. Raises DataError."""
    assert data.store is not None
    kind = schema[name]
    own_name = _matching_field(data, name, kind, is_only=len(schema.inputs) == 1)
    if own_name is not None:
        return (
            data.store.fields[own_name]
            if data.schema[own_name] == kind
            else _align_values(data, own_name, kind)
        )
    own_fields = ", ".join(
        f"{one} ({field.kind})" for one, field in [*data.schema.fields.items()][:_MAX_NAMES]
    )
    if not may_be_missing(kind):
        expected = f"{kind.kind}s" if len(schema.inputs) == 1 else f"'{name}' ({kind.kind})"
        raise DataError(
            f"{data.name}: the model takes {expected}, and these data hold {own_fields}; choose"
            " other data"
        )
    notes.append(f"{data.name}: it has no column '{name}', which counts as missing everywhere.")
    return torch.stack([torch.as_tensor(kind.prepare(None))] * len(data.store))


def _matching_field(data: Data, name: str, kind: Field, *, is_only: bool) -> str | None:
    """Return the field of the data for an input; a single one may have another name."""
    if name in data.schema.inputs:
        return name
    matches = [
        field_name
        for field_name in data.schema.inputs
        if isinstance(data.schema[field_name], type(kind))
    ]
    return matches[0] if is_only and len(matches) == 1 else None


def _align_target(
    data: Data, name: str, kind: Field, rename: Mapping[str, str], notes: list[str]
) -> tuple[Values, Field]:
    """Return the values of a target (N, ...), and its kind, with new classes at the end."""
    assert data.store is not None
    own_kind, values = data.schema[name], data.store.fields[name]
    if isinstance(kind, Category | Tags | Mask) and isinstance(own_kind, Category | Tags | Mask):
        names = [rename.get(class_name, class_name) for class_name in own_kind.names]
        names = [_known_class(data, class_name, kind.names, notes) for class_name in names]
        new = tuple(
            dict.fromkeys(class_name for class_name in names if class_name not in kind.names)
        )
        if not set(names) & set(kind.names):
            raise DataError(
                f"{data.name}: '{name}' has the classes {format_names(names)}, and the model"
                f" answers none of them, but {format_names(kind.names)}; choose other data, or"
                f" merge spellings with --rename '{pair_text(names[0], kind.names[0])}'"
            )
        numbers = [[*kind.names, *new].index(class_name) for class_name in names]
        return _renumber(values, numbers), replace(kind, names=(*kind.names, *new))
    units = [
        class_name.unit
        for class_name in (own_kind, kind)
        if isinstance(class_name, Number) and class_name.unit
    ]
    if len(set(units)) > 1:
        raise DataError(
            f"{data.name}: '{name}' is in {units[0]}, and the model answers in {units[1]}; bring it"
            " to that unit"
        )
    return (values, kind) if own_kind == kind else (_align_values(data, name, kind), kind)


def _known_class(data: Data, name: str, known: Sequence[str], notes: list[str]) -> str:
    """Return the known class that differs only in case, spaces and dots, or the name itself."""
    matches = (
        []
        if name in known
        else [class_name for class_name in known if _plain_name(class_name) == _plain_name(name)]
    )
    if len(matches) != 1:
        return name
    notes.append(f"{data.name}: the class '{name}' is read as '{matches[0]}' of the model.")
    return matches[0]


def _plain_name(name: str) -> str:
    words = name.casefold().replace("_", " ").replace("-", " ").split()
    return " ".join(words).strip(" .:;,") or name


def _renumber(values: Values, numbers: list[int]) -> Values:
    """Return class indices mapped to others; other numbers, as in masks, stay."""
    mapping = torch.arange(max(256, len(numbers)))
    mapping[: len(numbers)] = torch.tensor(numbers)
    if isinstance(values, Ragged):
        return Ragged(mapping[values.values], values.offsets)
    return mapping[values.long()].to(values.dtype)


def _align_values(data: Data, name: str, kind: Field) -> Values:
    """Return the values of a field (N, ...) as another kind. Raises DataError."""
    assert data.store is not None
    assert data.source is not None
    own_kind, values, raw = data.schema[name], data.store.fields[name], data.source.fields[name]
    if isinstance(kind, Text) and isinstance(raw, Texts):
        return Ragged.of([kind.prepare(text) for text in raw.texts])
    if isinstance(kind, Category) and isinstance(own_kind, Category):
        numbers = torch.tensor([_class_number(data, kind, one) for one in (*own_kind.names, "")])
        return numbers[cast("Tensor", values).clamp(max=len(own_kind.names))]
    if isinstance(kind, Picture) and isinstance(raw, DeepPictures):
        return raw.prepare(kind)
    if isinstance(kind, Picture) and isinstance(own_kind, Picture):
        return torch.stack([kind.prepare(one) for one in cast("Tensor", values)])
    if (
        isinstance(kind, Signal)
        and isinstance(own_kind, Signal)
        and (kind.rate is None) == (own_kind.rate is None)
    ):
        return Ragged.of([
            kind.prepare(one.numpy() if own_kind.rate is None else (one.numpy(), own_kind.rate))
            for one in cast("Ragged", values)
        ])  # fmt: skip
    _check_clock(data.name, kind, own_kind)
    if replace(kind, **_fitted_attributes(kind)) == replace(
        own_kind, **_fitted_attributes(own_kind)
    ):
        return values
    expected, found = (
        f"{one.channels} channels" if isinstance(one, Signal) else one.kind
        for one in (kind, own_kind)
    )
    raise DataError(
        f"{data.name}: the model takes '{name}' as {expected}, and it holds {found} of another"
        " form; choose data like the training data"
    )


def _check_clock(name: str, kind: Field, own_kind: Field) -> None:
    """Raise DataError if rows have another time step, or timestamps lack their offsets."""
    if isinstance(kind, Number) and isinstance(own_kind, Number):
        expected, found = kind.time_index or TimeIndex(), own_kind.time_index or TimeIndex()
        if expected.seconds and found.seconds and not expected.has_similar_step(found):
            raise DataError(
                f"{name}: expected rows {expected.step_text} apart, as in training, got"
                f" {found.step_text}; give rows at that step"
            )
    if not isinstance(kind, Timestamp) or not isinstance(own_kind, Timestamp):
        return
    offsets = (kind.has_offset, own_kind.has_offset)
    if None not in offsets and kind.has_offset != own_kind.has_offset:
        raise DataError(
            f"{name}: expected timestamps with{'' if kind.has_offset else 'out'} an offset from"
            " UTC, as in training; write them so"
        )


def _class_number(data: Data, kind: Category, name: str) -> int:
    try:
        return kind.prepare(name)
    except DataError as error:
        if not name:  # no value is of it
            return 0
        raise DataError(f"{data.name}: {error}") from error


def _fitted_attributes(kind: Field) -> dict[str, Any]:
    """Return a field without the settings in which fields of equal values may differ."""
    neutral: dict[str, Any] = dict.fromkeys(("mean", "std", "fill", "unit", "pattern"))
    neutral |= {
        "optional": False,
        "decimal": "point",
        "na_values": (),
        "time_index": None,
        "has_offset": None,
    }
    return {name: value for name, value in neutral.items() if hasattr(kind, name)}
