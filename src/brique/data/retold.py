"""A data set in the fields of another's schema: of the one that a model was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor

from brique.data.batch import Values
from brique.data.column import Texts
from brique.data.depths import Depths
from brique.data.parts import Data, rebuilt
from brique.data.prepared import may_lack
from brique.data.ragged import Ragged
from brique.data.sources.shelf import few
from brique.errors import DataError
from brique.schema import Category, Field, Mask, Moment, Number, Picture, Schema, Signal, Tags, Text
from brique.schema.clock import Clock

_FEW = 8  # names that a sentence lists


def retold(
    data: Data, schema: Schema, rename: Mapping[str, str] | None = None, *, free: bool = False
) -> Data:
    """Return a data set with the fields of another schema, in its order, and no others.

    Words and classes get the numbers that they have there; of inputs those that are not known there
    the number of the unknown. Pictures come to the size there. An input that may be missing is
    taken as missing where there is none; one alone is found by its kind. Classes of a target that
    are known there but for case, blanks or dots are joined, with a note; others follow behind the
    known ones.
    rename: classes of targets by name that are to get another. free: whether targets do not count.
    The notes of what comes back say what was changed.
    Raises DataError where a field lacks, or cannot be told so.
    """
    assert data.store is not None
    assert data.source is not None
    notes: list[str] = []
    goals = () if free else schema.targets
    _check_targets(data, schema, goals)
    fields: dict[str, Values] = {}
    kinds: dict[str, Field] = {}
    for name in schema.inputs:
        fields[name] = _input(data, name, schema, notes)
        kinds[name] = schema[name]
    for name in goals:
        fields[name], kinds[name] = _target(data, name, schema[name], rename or {}, notes)
    order = [name for name in schema.fields if name in fields]
    kinds = {name: kinds[name] for name in order}
    made = rebuilt(data, {name: fields[name] for name in order}, Schema(kinds, goals))
    return replace(made, notes=tuple(notes))


def _check_targets(data: Data, schema: Schema, goals: Sequence[str]) -> None:
    """Raise DataError where the data ask for something else than the model answers."""
    known = _listed(schema, goals)
    asked = _listed(data.schema, data.schema.targets if goals else ())
    if sorted(known) != sorted(asked):
        told = [", ".join(f"'{name}' ({kind})" for name, kind in one[:_FEW]) or "nothing"
                for one in (known, asked)]  # fmt: skip
        said = f"{data.name}: the model answers {told[0]}, and these data ask for {told[1]};"
        if not asked:
            raise DataError(f"{said} add it as a column, or ask for answers with 'brique predict'")
        is_there = all(name in data.schema for name in goals)
        end = (
            "say what it answers with --target" if is_there else "call the column that holds it so"
        )
        raise DataError(f"{said} {end}, or choose other data")


def _listed(schema: Schema, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return name and kind of some fields; of a series the names of its columns."""
    found: list[tuple[str, str]] = []
    for name in names:
        kind = schema[name]
        columns = kind.names if isinstance(kind, Number) and kind.names else (name,)
        found += [(column, kind.kind) for column in columns]
    return found


def _input(data: Data, name: str, schema: Schema, notes: list[str]) -> Values:
    """Return the values of an input (N, ...) as another schema has it. Raises DataError."""
    assert data.store is not None
    kind = schema[name]
    own = _named(data, name, kind, alone=len(schema.inputs) == 1)
    if own is not None:
        return data.store.fields[own] if data.schema[own] == kind else _values(data, own, kind)
    held = ", ".join(f"{one} ({field.kind})" for one, field in [*data.schema.fields.items()][:_FEW])
    if not may_lack(kind):
        what = f"{kind.kind}s" if len(schema.inputs) == 1 else f"'{name}' ({kind.kind})"
        raise DataError(
            f"{data.name}: the model takes {what}, and these data hold {held}; choose other data"
        )
    notes.append(f"{data.name}: it has no column '{name}', which counts as missing everywhere.")
    return torch.stack([torch.as_tensor(kind.prepare(None))] * len(data.store))


def _named(data: Data, name: str, kind: Field, *, alone: bool) -> str | None:
    """Return which field of the data is an input; one alone may have another name."""
    if name in data.schema.inputs:
        return name
    like = [one for one in data.schema.inputs if isinstance(data.schema[one], type(kind))]
    return like[0] if alone and len(like) == 1 else None


def _target(
    data: Data, name: str, kind: Field, rename: Mapping[str, str], notes: list[str]
) -> tuple[Values, Field]:
    """Return the values of a target (N, ...), and its kind, with classes that are new behind."""
    assert data.store is not None
    was, values = data.schema[name], data.store.fields[name]
    if isinstance(kind, Category | Tags | Mask) and isinstance(was, Category | Tags | Mask):
        names = [rename.get(one, one) for one in was.names]
        names = [_joined(data, one, kind.names, notes) for one in names]
        new = tuple(dict.fromkeys(one for one in names if one not in kind.names))
        if not set(names) & set(kind.names):
            raise DataError(
                f"{data.name}: '{name}' has the classes {few(names)}, none of which the model"
                f" answers, but {few(kind.names)}; choose other data, or join spellings with"
                f" --rename '{names[0]}={kind.names[0]}'"
            )
        numbers = [[*kind.names, *new].index(one) for one in names]
        return _renumbered(values, numbers), replace(kind, names=(*kind.names, *new))
    units = [one.unit for one in (was, kind) if isinstance(one, Number) and one.unit]
    if len(set(units)) > 1:
        raise DataError(
            f"{data.name}: '{name}' is in {units[0]}, and the model answers in {units[1]}; bring it"
            " to that unit"
        )
    return (values, kind) if was == kind else (_values(data, name, kind), kind)


def _joined(data: Data, name: str, known: Sequence[str], notes: list[str]) -> str:
    """Return the known class that a name is but for case, blanks and dots, or the name itself."""
    same = [] if name in known else [one for one in known if _plain(one) == _plain(name)]
    if len(same) != 1:
        return name
    notes.append(f"{data.name}: the class '{name}' is taken for the model's '{same[0]}'.")
    return same[0]


def _plain(name: str) -> str:
    words = name.casefold().replace("_", " ").replace("-", " ").split()
    return " ".join(words).strip(" .:;,") or name


def _renumbered(values: Values, numbers: list[int]) -> Values:
    """Return numbers of classes as other numbers; what is none of them, as in masks, stays."""
    table = torch.arange(max(256, len(numbers)))
    table[: len(numbers)] = torch.tensor(numbers)
    if isinstance(values, Ragged):
        return Ragged(table[values.values], values.offsets)
    return table[values.long()].to(values.dtype)


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
    if isinstance(kind, Picture) and isinstance(raw, Depths):
        return raw.told(kind)
    if isinstance(kind, Picture) and isinstance(was, Picture):
        return torch.stack([kind.prepare(one) for one in cast("Tensor", values)])
    if (
        isinstance(kind, Signal)
        and isinstance(was, Signal)
        and (kind.rate is None) == (was.rate is None)
    ):
        return Ragged.of([
            kind.prepare(one.numpy() if was.rate is None else (one.numpy(), was.rate))
            for one in cast("Ragged", values)
        ])  # fmt: skip
    _check_written(data.name, kind, was)
    if replace(kind, **_fitted(kind)) == replace(was, **_fitted(was)):
        return values
    wanted, came = (
        f"{one.channels} channels" if isinstance(one, Signal) else one.kind for one in (kind, was)
    )
    raise DataError(
        f"{data.name}: the model takes '{name}' as {wanted}, and it holds {came} of another form;"
        " choose data like those that it was trained on"
    )


def _check_written(name: str, kind: Field, was: Field) -> None:
    """Raise DataError where rows stand at another step, or moments lack their offsets."""
    if isinstance(kind, Number) and isinstance(was, Number):
        wanted, came = kind.clock or Clock(), was.clock or Clock()
        if wanted.seconds and came.seconds and not wanted.is_like(came):
            raise DataError(
                f"{name}: expected rows {wanted.span} apart, as in training, got {came.span}; give"
                " rows at that step"
            )
    if isinstance(kind, Moment) and isinstance(was, Moment) and None not in (
        kind.offset, was.offset) and kind.offset != was.offset:  # fmt: skip
        raise DataError(
            f"{name}: expected moments with{'' if kind.offset else 'out'} their offset from UTC, as"
            " in training; write them so"
        )


def _place(data: Data, kind: Category, name: str) -> int:
    try:
        return kind.prepare(name)
    except DataError as error:
        if not name:  # no value is of it
            return 0
        raise DataError(f"{data.name}: {error}") from error


def _fitted(kind: Field) -> dict[str, Any]:
    """Return what two fields of equal values may differ in, as a field that says none of it."""
    nothing: dict[str, Any] = dict.fromkeys(("mean", "spread", "fill", "unit", "pattern"))
    nothing |= {"optional": False, "decimal": "point", "absent": (), "clock": None, "offset": None}
    return {name: value for name, value in nothing.items() if hasattr(kind, name)}
