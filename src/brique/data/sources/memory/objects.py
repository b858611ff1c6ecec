"""Data sets that are objects: of Hugging Face, of torchvision, data frames, arrays.

None of these libraries is imported: the methods of an object tell its type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.raw.column import Column, Labels, Numbers, Sequences, Texts
from brique.data.raw.deep_pictures import DeepPictures
from brique.data.raw.source import PARTS, Source
from brique.data.sources.memory import array_data, arrow, map_style, picture_arrays
from brique.data.sources.memory.arrow import RawField
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import Field, Number
from brique.schema.class_names import class_names

KIND: str = "an object"
USES: frozenset[str] = frozenset(
    {"target", "size", "channels", "types", "rename", "group", "time", "unit", "lower"}
)
_PARTS = {
    "train": 0, "training": 0, "valid": 1, "validation": 1, "val": 1, "dev": 1, "test": 2,
}  # fmt: skip
_TARGETS = ("label", "labels", "target", "class", "y")
_TYPES = {"number": "number", "category": "class", "text": "text", "picture": "picture"}
_ACCEPTED = (
    "pass a Hugging Face or torchvision data set, a data frame, a dict of arrays, or a dict or"
    " tuple of them for train and test"
)


def make_source(data: object, options: Options) -> Source:
    """Return the examples of an object.

    data: a Hugging Face `Dataset` or `DatasetDict`; anything with `len` and `[i]` that gives
        tuples or dicts, as torchvision's data sets do; a data frame that Arrow can read; a dict of
        arrays by field; or several of these, as {"train": ..., "test": ...} or (train, test).
    Raises DataError for other objects, and if it cannot be a data set.
    """
    parts, notes = _parts(data)
    name = _source_name(parts[0][1])
    options.check(name, KIND, USES)
    if len(parts) == 1 and isinstance(parts[0][1], dict):
        return _source_of_arrays(cast("dict[str, Any]", parts[0][1]), name, options)
    part_fields = [(part, _raw_fields_of(part_data, name, notes)) for part, part_data in parts]
    _check_same_fields(part_fields, name)
    counts = [next(iter(raw_fields.values())).count for _, raw_fields in part_fields]
    fields = {
        key: RawField.concatenate([raw_fields[key] for _, raw_fields in part_fields])
        for key in part_fields[0][1]
    }
    part = None
    if len(parts) > 1:
        part_indices = torch.tensor([part_index for part_index, _ in parts], dtype=torch.uint8)
        part = torch.repeat_interleave(part_indices, torch.tensor(counts))
    names = [f"{PARTS[part_index]} {i}" for (part_index, _), n in zip(parts, counts, strict=True)
             for i in range(n)] if len(parts) > 1 else []  # fmt: skip
    source = Source(name, {}, part=part, notes=list(dict.fromkeys(notes)), names=names)
    return _fill_source(source, fields, options)


def _parts(data: object) -> tuple[list[tuple[int, object]], list[str]]:
    """Return (index into PARTS, object) of each part, and notes."""
    if isinstance(data, tuple | list):
        entries = cast("Sequence[object]", data)
        if not 1 < len(entries) < 4 or any(
            isinstance(entry, int | float | str) for entry in entries
        ):
            raise DataError(f"data: expected (train, test) or (train, valid, test), got "
                            f"{len(entries)} entries; {_ACCEPTED}")  # fmt: skip
        indices = (0, 2) if len(entries) == 2 else (0, 1, 2)
        return list(zip(indices, entries, strict=True)), []
    if not isinstance(data, Mapping):
        return [(0, data)], []
    mapping = cast("Mapping[str, object]", data)
    known_parts = {
        key: _PARTS[key] for key in mapping if key in _PARTS and _is_dataset(mapping[key])
    }
    if not known_parts:
        return [(0, dict(mapping))], []
    if 0 not in known_parts.values():
        raise DataError(
            f"data: expected a part 'train' beside {', '.join(known_parts)}; name one so"
        )
    unknown = [str(key) for key in mapping if key not in known_parts]
    notes = [f"Left out: {', '.join(unknown)}, neither train, valid nor test."] if unknown else []
    ordered = (
        sorted((index, mapping[key]) for key, index in known_parts.items()) if not unknown else None
    )
    pairs = ordered or [(index, mapping[key]) for key, index in known_parts.items()]
    return sorted(pairs, key=lambda pair: pair[0]), notes


def _is_dataset(value: object) -> bool:
    """Tell whether an object is a data set, in contrast to one column."""
    return not isinstance(value, Tensor | np.ndarray | list | tuple | Ragged)


def _source_name(data: object) -> str:
    """Return the name of an object for messages."""
    info = getattr(getattr(data, "info", None), "dataset_name", None)
    if isinstance(info, str):
        return info
    return "arrays" if isinstance(data, dict) else type(data).__name__.casefold()


def _raw_fields_of(data: object, name: str, notes: list[str]) -> dict[str, RawField]:
    """Return the raw fields of one part."""
    if hasattr(data, "features") and hasattr(data, "__iter__"):
        if not hasattr(data, "__len__"):
            raise DataError(
                f"{name}: a streaming data set has no length and no order to draw from; load it"
                " whole (without streaming=True), or a part: Dataset.from_list(list(it.take(9999)))"
            )
        return arrow.from_hugging_face(data, name, notes)
    if hasattr(data, "__arrow_c_stream__"):
        return arrow.from_table(data, name, notes)
    if isinstance(data, dict):
        return arrow.from_dict(cast("dict[str, Any]", data), name)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return map_style.from_items(data, name, notes)
    raise DataError(f"data: cannot be read from a {type(data).__name__}; {_ACCEPTED}")


def _source_of_arrays(fields: Mapping[str, Any], name: str, options: Options) -> Source:
    """Return the examples of a dict of arrays, as in `arrays`."""
    columns = dict(fields)
    group = _pop_column(columns, options.group, name, "group")
    time = _pop_column(columns, options.time, name, "time")
    types = options.types or {}
    chosen = [key for key in columns if types.get(key) == "category"]
    for key in [key for key in columns if types.get(key) == "leave"]:
        columns.pop(key)
    return array_data.source_of(
        columns, target=options.target, categories=chosen, group=group, time=time, name=name
    )


def _pop_column(columns: dict[str, Any], key: str | None, name: str, option: str) -> Any:  # noqa: ANN401
    if key is None:
        return None
    if key not in columns:
        raise _unknown_field_error(name, option, key, columns)
    return columns.pop(key)


def _check_same_fields(part_fields: list[tuple[int, dict[str, RawField]]], name: str) -> None:
    first = part_fields[0][1]
    for part_index, raw_fields in part_fields:
        if not raw_fields or not next(iter(raw_fields.values())).count:
            raise DataError(f"{name}: {PARTS[part_index]} holds no examples; leave it out")
        if set(raw_fields) != set(first):
            differing = sorted(set(raw_fields) ^ set(first))[0]
            raise DataError(
                f"{name}: train and {PARTS[part_index]} must have the same fields, but"
                f" '{differing}' is in one of them only; leave it out of both"
            )


def _fill_source(source: Source, raw_fields: dict[str, RawField], options: Options) -> Source:
    """Return a source with the fields that the options ask for."""
    name, types = source.name, options.types or {}
    for key in types:
        if key not in raw_fields:
            raise _unknown_field_error(name, "types", key, raw_fields)
    target = _target(raw_fields, options, name)
    source.targets = (target,) if target else ()
    if options.group is not None:
        column = raw_fields.pop(options.group, None) or _raise_unknown(
            name, "group", options.group, raw_fields
        )
        source.groups = array_data.group_numbers(column.texts(), name)
    if options.time is not None:
        column = raw_fields.pop(options.time, None) or _raise_unknown(
            name, "time", options.time, raw_fields
        )
        source.times = array_data.to_seconds(list(column.values()), name)
    raw_fields = {key: entry for key, entry in raw_fields.items() if types.get(key) != "leave"}
    pictures = {key: entry for key, entry in raw_fields.items() if entry.kind == "picture"}
    is_readable = np.ones(next(iter(raw_fields.values())).count, bool)
    fields: dict[str, Values | Column] = {}
    for key, entry in pictures.items():
        images = picture_arrays.read(entry.values, len(is_readable), f"{name}: {key}", options)
        fields[key], source.kinds[key] = images.values(f"{name}: {key}"), images.kind
        is_readable &= images.is_readable
        source.skipped += images.skipped
        source.notes += images.notes
        if set(raw_fields) == {key, *source.targets}:
            source.digests = images.digests
    for key, entry in raw_fields.items():
        if key not in pictures:
            kind = _TYPES.get(types.get(key, ""), "")
            fields[key], kinds = _field(entry, key == target, kind, options, f"{name}: {key}")
            source.kinds |= {key: kinds} if kinds is not None else {}
    source.fields = {key: fields[key] for key in raw_fields}
    return source if is_readable.all() else _select_rows(source, np.flatnonzero(is_readable))


def _target(raw_fields: Mapping[str, RawField], options: Options, name: str) -> str | None:
    """Return the target: by the options, else by its name, else the only field of classes."""
    if options.target is not None:
        if options.target in raw_fields:
            return options.target
        if options.target.isdecimal() and 0 < int(options.target) <= len(raw_fields):
            return list(raw_fields)[int(options.target) - 1]
        raise _unknown_field_error(name, "target", options.target, raw_fields)
    by_name = [key for key in _TARGETS if key in raw_fields]
    classes = [key for key, raw_field in raw_fields.items() if raw_field.kind == "class"]
    return by_name[0] if by_name else classes[0] if len(classes) == 1 else None


def _field(
    raw_field: RawField, is_target: bool, kind: str, options: Options, where: str
) -> tuple[Values | Column, Field | None]:
    """Return a field other than a picture; and its kind, if nothing has to be fitted."""
    kind = kind or raw_field.kind
    if is_target and not raw_field.is_fraction and kind in ("number", "text"):
        kind = "class"
    if kind == "class":
        texts = raw_field.texts()
        names = class_names({text for text in texts if text is not None}, options.rename)
        return Labels([text and names[text] for text in texts], is_target=is_target), None
    if kind == "number":
        return Numbers(raw_field.numbers(where)), None
    if kind == "text":
        unit = cast("Any", options.unit or "words")
        return Texts([text or "" for text in raw_field.texts()], unit, options.lower), None
    if kind == "pieces":
        return Texts(
            [list(text or ()) for text in raw_field.values()], "words", options.lower
        ), None
    if kind == "classes":
        return Sequences([list(text or ()) for text in raw_field.values()]), None
    return _number_field(raw_field, where)


def _number_field(raw_field: RawField, where: str) -> tuple[Values, Field]:
    """Return arrays of numbers: a tensor if all are of one shape, else a Ragged."""
    arrays = [np.asarray(array if array is not None else []) for array in raw_field.values()]
    invalid_dtypes = [array.dtype for array in arrays if array.dtype.kind not in "biuf"]
    if invalid_dtypes:
        raise DataError(
            f"{where}: expected numbers, got {invalid_dtypes[0]}; leave the field out (types)"
        )
    is_integer = all(array.dtype.kind in "iub" for array in arrays if array.size)
    arrays = [array.astype(np.int64 if is_integer else np.float32) for array in arrays]
    if len({array.shape for array in arrays}) == 1:
        stacked = torch.from_numpy(np.stack(arrays))
        return stacked, Number(shape=tuple(stacked.shape[1:]), is_integer=is_integer)
    trailing_shapes = {array.shape[1:] for array in arrays if array.size}
    if len(trailing_shapes) > 1:
        raise DataError(
            f"{where}: arrays may differ in length only, got shapes "
            f"{', '.join(str(array.shape) for array in arrays[:4])}; leave the field out (types)"
        )
    trailing_shape = next(iter(trailing_shapes))
    ragged = Ragged.of([torch.from_numpy(array.reshape(-1, *trailing_shape)) for array in arrays])
    return ragged, Number(shape=trailing_shape, is_sequence=True, is_integer=is_integer)


def _select_rows(source: Source, rows: np.ndarray) -> Source:
    """Return the examples of a source at some rows."""
    index = torch.from_numpy(rows)
    names = source.names or [f"example {row}" for row in range(len(source))]
    return replace(
        source,
        fields={key: _select_values(value, index) for key, value in source.fields.items()},
        part=None if source.part is None else source.part[index],
        digests=None if source.digests is None else source.digests[rows],
        groups=None if source.groups is None else source.groups[rows],
        times=None if source.times is None else source.times[rows],
        names=[names[row] for row in rows.tolist()],
    )


def _select_values(value: Values | Column, rows: Tensor) -> Values | Column:
    if isinstance(value, Ragged):
        return value.select(rows)
    if isinstance(value, Tensor | DeepPictures):
        return value[rows]
    if isinstance(value, Numbers):
        return replace(value, values=value.values[rows.numpy()])
    indices = rows.tolist()
    if isinstance(value, Texts):
        return replace(value, texts=[value.texts[row] for row in indices])
    assert isinstance(value, Labels | Sequences)
    return replace(value, names=[value.names[row] for row in indices])


def _raise_unknown(
    name: str, option: str, key: str, raw_fields: Mapping[str, RawField]
) -> RawField:
    raise _unknown_field_error(name, option, key, raw_fields)


def _unknown_field_error(name: str, option: str, key: str, fields: Mapping[str, Any]) -> DataError:
    names = ", ".join(fields)
    return DataError(
        f"{name}: {option}= names '{key}', which is not among the fields {names}"
        f"{did_you_mean(key, fields) or '; choose one'}"
    )
