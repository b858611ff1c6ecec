"""Data sets that are objects already: of Hugging Face, of torchvision, data frames, arrays.

Nothing of these libraries is imported: what an object offers tells what it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from brique.data import memory
from brique.data.batch import Values
from brique.data.column import Column, Labels, Numbers, Sequences, Texts
from brique.data.depths import Depths
from brique.data.ragged import Ragged
from brique.data.source import PARTS, Source
from brique.data.sources import frames, items, pixels
from brique.data.sources.frames import Found
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import Field, Number
from brique.schema.names import class_names

KIND: str = "an object"
USES: frozenset[str] = frozenset(
    {"target", "size", "channels", "types", "rename", "group", "time", "unit", "lower"}
)
_PARTS = {
    "train": 0, "training": 0, "valid": 1, "validation": 1, "val": 1, "dev": 1, "test": 2,
}  # fmt: skip
_TARGETS = ("label", "labels", "target", "class", "y")
_TYPES = {"number": "number", "category": "class", "text": "text", "picture": "picture"}
_GIVES = (
    "give a data set of Hugging Face or torchvision, a data frame, a dict of arrays, or a dict or"
    " tuple of such for train and test"
)


def source_of(given: object, asked: Options) -> Source:
    """Return the examples of an object.

    given: a Hugging Face `Dataset` or `DatasetDict`; anything with `len` and `[i]` that gives
        tuples or dicts, as torchvision's data sets do; a data frame that Arrow can read; a dict of
        arrays by field; or several of these, as {"train": ..., "test": ...} or (train, test).
    Raises DataError when it is none of these, or cannot be a data set.
    """
    parts, notes = _parts(given)
    name = _name(parts[0][1])
    asked.check(name, KIND, USES)
    if len(parts) == 1 and isinstance(parts[0][1], dict):
        return _of_arrays(cast("dict[str, Any]", parts[0][1]), name, asked)
    founds = [(part, _found(each, name, notes)) for part, each in parts]
    _check_alike(founds, name)
    counts = [next(iter(found.values())).count for _, found in founds]
    fields = {key: Found.joined([found[key] for _, found in founds]) for key in founds[0][1]}
    part = None
    if len(parts) > 1:
        places = torch.tensor([place for place, _ in parts], dtype=torch.uint8)
        part = torch.repeat_interleave(places, torch.tensor(counts))
    names = [f"{PARTS[place]} {i}" for (place, _), n in zip(parts, counts, strict=True)
             for i in range(n)] if len(parts) > 1 else []  # fmt: skip
    source = Source(name, {}, part=part, notes=list(dict.fromkeys(notes)), names=names)
    return _filled(source, fields, asked)


def _parts(given: object) -> tuple[list[tuple[int, object]], list[str]]:
    """Return (place in PARTS, object) of each part, and notes."""
    if isinstance(given, tuple | list):
        several = cast("Sequence[object]", given)
        if not 1 < len(several) < 4 or any(isinstance(one, int | float | str) for one in several):
            raise DataError(f"data: expected (train, test) or (train, valid, test), got "
                            f"{len(several)} entries; {_GIVES}")  # fmt: skip
        places = (0, 2) if len(several) == 2 else (0, 1, 2)
        return list(zip(places, several, strict=True)), []
    if not isinstance(given, Mapping):
        return [(0, given)], []
    named = cast("Mapping[str, object]", given)
    known = {key: _PARTS[key] for key in named if key in _PARTS and _is_set(named[key])}
    if not known:
        return [(0, dict(named))], []
    if 0 not in known.values():
        raise DataError(f"data: expected a part 'train' beside {', '.join(known)}; name one so")
    left = [str(key) for key in named if key not in known]
    notes = [f"Left out: {', '.join(left)}, neither train, valid nor test."] if left else []
    found = sorted((place, named[key]) for key, place in known.items()) if not left else None
    pairs = found or [(place, named[key]) for key, place in known.items()]
    return sorted(pairs, key=lambda pair: pair[0]), notes


def _is_set(one: object) -> bool:
    """Tell whether an object is a data set of its own, in contrast to one column."""
    return not isinstance(one, Tensor | np.ndarray | list | tuple | Ragged)


def _name(given: object) -> str:
    """Return what sentences call an object."""
    info = getattr(getattr(given, "info", None), "dataset_name", None)
    if isinstance(info, str):
        return info
    return "arrays" if isinstance(given, dict) else type(given).__name__.casefold()


def _found(given: object, name: str, notes: list[str]) -> dict[str, Found]:
    """Return the fields of one part, as it gives them."""
    if hasattr(given, "features") and hasattr(given, "__iter__"):
        if not hasattr(given, "__len__"):
            raise DataError(
                f"{name}: a data set that streams has no length and no order to draw from; load it"
                " whole (without streaming=True), or a part: Dataset.from_list(list(it.take(9999)))"
            )
        return frames.of_hugging_face(given, name, notes)
    if hasattr(given, "__arrow_c_stream__"):
        return frames.of_frame(given, name, notes)
    if isinstance(given, dict):
        return frames.of_columns(cast("dict[str, Any]", given), name)
    if hasattr(given, "__getitem__") and hasattr(given, "__len__"):
        return items.of_items(given, name, notes)
    raise DataError(f"data: cannot be read from a {type(given).__name__}; {_GIVES}")


def _of_arrays(fields: Mapping[str, Any], name: str, asked: Options) -> Source:
    """Return the examples of a dict of arrays, as `arrays` takes them."""
    columns = dict(fields)
    group, time = (_taken(columns, key, name, option)
                   for key, option in ((asked.group, "group"), (asked.time, "time")))  # fmt: skip
    types = asked.types or {}
    chosen = [key for key in columns if types.get(key) == "category"]
    for key in [key for key in columns if types.get(key) == "leave"]:
        columns.pop(key)
    return memory.source_of(
        columns, target=asked.target, categories=chosen, group=group, time=time, name=name
    )


def _taken(columns: dict[str, Any], key: str | None, name: str, option: str) -> Any:  # noqa: ANN401
    if key is None:
        return None
    if key not in columns:
        raise _unknown(name, option, key, columns)
    return columns.pop(key)


def _check_alike(founds: list[tuple[int, dict[str, Found]]], name: str) -> None:
    first = founds[0][1]
    for place, found in founds:
        if not found or not next(iter(found.values())).count:
            raise DataError(f"{name}: {PARTS[place]} holds no examples; leave it out")
        if set(found) != set(first):
            strange = sorted(set(found) ^ set(first))[0]
            raise DataError(
                f"{name}: train and {PARTS[place]} must have the same fields, but '{strange}' is"
                " in one of them only; leave it out of both"
            )


def _filled(source: Source, found: dict[str, Found], asked: Options) -> Source:
    """Return a source with fields, as they are asked for."""
    name, types = source.name, asked.types or {}
    for key in types:
        if key not in found:
            raise _unknown(name, "types", key, found)
    target = _target(found, asked, name)
    source.targets = (target,) if target else ()
    if asked.group is not None:
        column = found.pop(asked.group, None) or _missing(name, "group", asked.group, found)
        source.groups = memory.groups_of(column.texts(), name)
    if asked.time is not None:
        column = found.pop(asked.time, None) or _missing(name, "time", asked.time, found)
        source.times = memory.times_of(list(column.values()), name)
    found = {key: one for key, one in found.items() if types.get(key) != "leave"}
    pictures = {key: one for key, one in found.items() if one.kind == "picture"}
    good = np.ones(next(iter(found.values())).count, bool)
    fields: dict[str, Values | Column] = {}
    for key, one in pictures.items():
        seen = pixels.read(one.values, len(good), f"{name}: {key}", asked)
        fields[key], source.kinds[key] = seen.values(f"{name}: {key}"), seen.kind
        good &= seen.good
        source.skipped += seen.skipped
        source.notes += seen.notes
        if set(found) == {key, *source.targets}:
            source.digests = seen.digests
    for key, one in found.items():
        if key not in pictures:
            kind = _TYPES.get(types.get(key, ""), "")
            fields[key], kinds = _field(one, key == target, kind, asked, f"{name}: {key}")
            source.kinds |= {key: kinds} if kinds is not None else {}
    source.fields = {key: fields[key] for key in found}
    return source if good.all() else _only(source, np.flatnonzero(good))


def _target(found: Mapping[str, Found], asked: Options, name: str) -> str | None:
    """Return the field to predict: as asked, else by its name, else the only one of classes."""
    if asked.target is not None:
        if asked.target in found:
            return asked.target
        if asked.target.isdecimal() and 0 < int(asked.target) <= len(found):
            return list(found)[int(asked.target) - 1]
        raise _unknown(name, "target", asked.target, found)
    named = [key for key in _TARGETS if key in found]
    classes = [key for key, one in found.items() if one.kind == "class"]
    return named[0] if named else classes[0] if len(classes) == 1 else None


def _field(
    found: Found, is_target: bool, kind: str, asked: Options, where: str
) -> tuple[Values | Column, Field | None]:
    """Return a field that is no picture; its kind, where nothing has to be fitted."""
    kind = kind or found.kind
    if is_target and not found.is_fraction and kind in ("number", "text"):
        kind = "class"
    if kind == "class":
        texts = found.texts()
        names = class_names({one for one in texts if one is not None}, asked.rename)
        return Labels([one and names[one] for one in texts], is_target=is_target), None
    if kind == "number":
        return Numbers(found.numbers(where)), None
    if kind == "text":
        unit = cast("Any", asked.unit or "words")
        return Texts([one or "" for one in found.texts()], unit, asked.lower), None
    if kind == "pieces":
        return Texts([list(one or ()) for one in found.values()], "words", asked.lower), None
    if kind == "classes":
        return Sequences([list(one or ()) for one in found.values()]), None
    return _numbers(found, where)


def _numbers(found: Found, where: str) -> tuple[Values, Field]:
    """Return arrays of numbers: a tensor if all are of one shape, else a Ragged."""
    arrays = [np.asarray(one if one is not None else []) for one in found.values()]
    strange = [one.dtype for one in arrays if one.dtype.kind not in "biuf"]
    if strange:
        raise DataError(f"{where}: expected numbers, got {strange[0]}; leave the field out (types)")
    whole = all(one.dtype.kind in "iub" for one in arrays if one.size)
    arrays = [one.astype(np.int64 if whole else np.float32) for one in arrays]
    if len({one.shape for one in arrays}) == 1:
        stacked = torch.from_numpy(np.stack(arrays))
        return stacked, Number(shape=tuple(stacked.shape[1:]), whole=whole)
    tails = {one.shape[1:] for one in arrays if one.size}
    if len(tails) > 1:
        raise DataError(
            f"{where}: arrays must be alike but for their lengths, got shapes "
            f"{', '.join(str(one.shape) for one in arrays[:4])}; leave the field out (types)"
        )
    tail = next(iter(tails))
    ragged = Ragged.of([torch.from_numpy(one.reshape(-1, *tail)) for one in arrays])
    return ragged, Number(shape=tail, varies=True, whole=whole)


def _only(source: Source, rows: np.ndarray) -> Source:
    """Return some examples of a source."""
    index = torch.from_numpy(rows)
    names = source.names or [f"example {row}" for row in range(len(source))]
    return replace(
        source,
        fields={key: _of_rows(value, index) for key, value in source.fields.items()},
        part=None if source.part is None else source.part[index],
        digests=None if source.digests is None else source.digests[rows],
        groups=None if source.groups is None else source.groups[rows],
        times=None if source.times is None else source.times[rows],
        names=[names[row] for row in rows.tolist()],
    )


def _of_rows(value: Values | Column, rows: Tensor) -> Values | Column:
    if isinstance(value, Ragged):
        return value.select(rows)
    if isinstance(value, Tensor | Depths):
        return value[rows]
    if isinstance(value, Numbers):
        return replace(value, values=value.values[rows.numpy()])
    places = rows.tolist()
    if isinstance(value, Texts):
        return replace(value, texts=[value.texts[row] for row in places])
    assert isinstance(value, Labels | Sequences)
    return replace(value, names=[value.names[row] for row in places])


def _missing(name: str, option: str, key: str, found: Mapping[str, Found]) -> Found:
    raise _unknown(name, option, key, found)


def _unknown(name: str, option: str, key: str, known: Mapping[str, Any]) -> DataError:
    listed = ", ".join(known)
    return DataError(
        f"{name}: {option}= names '{key}', which is not among the fields {listed}"
        f"{nearest(key, known) or '; choose one'}"
    )
