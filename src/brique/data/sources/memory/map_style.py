"""Map-style data sets, one example at a time, such as torchvision's."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from torch import Tensor

from brique.data.sources.memory.arrow import RawField, field_of_values
from brique.errors import DataError

_NAMES = ("image", "label")  # of a pair


def from_items(dataset: Any, name: str, notes: list[str]) -> dict[str, RawField]:  # noqa: ANN401
    """Return the fields of an object with `len` and `[i]`: tuples (input, label), or dicts.

    If it has all pictures and classes as arrays (`.data`, `.targets`), these are taken as they
    are, without its transform.
    """
    stored = _stored_fields(dataset)
    if stored is not None:
        if getattr(dataset, "transform", None) is not None:
            notes.append(
                f"{name}: its pictures are read as stored, without its transform; use size=,"
                " channels= and augment= instead."
            )
        return stored
    count = len(dataset)
    if not count:
        raise DataError(f"{name}: holds no examples; fill it first")
    first = dataset[0]
    keys = _field_names(first, name)
    names = _class_names(dataset)
    columns: dict[str, list[Any]] = {key: [] for key in keys}
    pictures = {key for key, value in _entries(first, keys) if _is_picture(value)}
    labels = getattr(dataset, "targets", None)
    if pictures == {"image"} and keys[1:] == ["label"] and isinstance(labels, list):
        columns["label"] = cast("list[Any]", labels)  # without reading a picture
    elif not pictures >= set(keys):
        _read_columns(dataset, count, keys, columns, pictures)
    fields: dict[str, RawField] = {}
    for key in keys:
        if key in pictures:
            chunks = (lambda key=key: _iterate_field(dataset, count, keys, key),)
            fields[key] = RawField("picture", chunks, count)
        else:
            fields[key] = _field_of_column(columns[key], names if key == "label" else None)
    return fields


def _stored_fields(dataset: Any) -> dict[str, RawField] | None:  # noqa: ANN401
    """Return the arrays of pictures and classes of an object, or None."""
    pixels = getattr(dataset, "data", None)
    labels = getattr(dataset, "targets", getattr(dataset, "labels", None))
    if not isinstance(pixels, Tensor | np.ndarray) or labels is None:
        return None
    array = pixels.numpy() if isinstance(pixels, Tensor) else pixels
    label_array = np.asarray(labels)
    if array.ndim not in (3, 4) or label_array.shape != (len(array),) or array.dtype != np.uint8:
        return None
    names = _class_names(dataset)
    label_list = cast("list[Any]", label_array.tolist())
    return {
        "image": RawField("picture", (lambda: iter(array),), len(array)),
        "label": _field_of_column(label_list, names),
    }


def _class_names(dataset: Any) -> Sequence[str] | None:  # noqa: ANN401
    """Return the names of the classes of an object, or of the data set it is a part of."""
    for _ in range(8):
        names = getattr(dataset, "classes", None)
        if isinstance(names, list | tuple) and names:
            return [str(name) for name in cast("Sequence[object]", names)]
        dataset = getattr(dataset, "dataset", None)
    return None


def _field_of_column(values: list[Any], names: Sequence[str] | None) -> RawField:
    """Return a column; whole numbers are classes if these have names."""
    plain = [_to_python(value) for value in values]
    if names is not None and all(type(n) is int and 0 <= n < len(names) for n in plain):
        return RawField.from_values("class", [names[number] for number in plain])
    if any(isinstance(value, np.ndarray | list | tuple) for value in plain):
        are_words = all(isinstance(part, str) for value in plain for part in value)
        return RawField.from_values("pieces" if are_words else "numbers", plain)
    return field_of_values(plain)


def _to_python(value: Any) -> Any:  # noqa: ANN401
    """Return a number as a Python number, an array as a numpy array."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        return value.item()
    return value


def _field_names(first: object, name: str) -> list[str]:
    """Return the names of the fields of an example."""
    if isinstance(first, dict):
        return [str(key) for key in cast("dict[Any, Any]", first)]
    if isinstance(first, tuple | list):
        count = len(cast("Sequence[Any]", first))
        known_names = ("x", "label") if not _is_picture(cast("Any", first)[0]) else _NAMES
        return (
            list(known_names[:count])
            if count <= 2
            else [known_names[0], *_extra_names(count - 2), "label"]
        )
    if _is_picture(first) or isinstance(first, Tensor | np.ndarray | str):
        return ["image" if _is_picture(first) else "x"]
    raise DataError(
        f"{name}: expected examples (input, label) or dicts, got a {type(first).__name__}; give"
        " one of these for each"
    )


def _extra_names(count: int) -> list[str]:
    return [f"x{number}" for number in range(2, count + 2)]


def _entries(example: Any, keys: Sequence[str]) -> list[tuple[str, Any]]:  # noqa: ANN401
    if isinstance(example, dict):
        named = {str(key): value for key, value in cast("dict[Any, Any]", example).items()}
        return [(key, named[key]) for key in keys]
    entries = example if isinstance(example, tuple | list) else (example,)
    return list(zip(keys, cast("Sequence[Any]", entries), strict=True))


def _read_columns(
    dataset: Any,  # noqa: ANN401
    count: int,
    keys: Sequence[str],
    columns: dict[str, list[Any]],
    skipped_keys: set[str],
) -> None:
    for row in range(count):
        for key, value in _entries(dataset[row], keys):
            if key not in skipped_keys:
                columns[key].append(value)


def _iterate_field(dataset: Any, count: int, keys: Sequence[str], key: str) -> Iterator[Any]:  # noqa: ANN401
    for row in range(count):
        yield dict(_entries(dataset[row], keys))[key]


def _is_picture(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a value is a picture: a Pillow image or an array with rows and columns."""
    if isinstance(value, Tensor | np.ndarray):
        is_color = value.ndim == 3 and bool({value.shape[0], value.shape[2]} & {1, 3, 4})
        return is_color or (value.ndim == 2 and "uint8" in str(value.dtype))
    return hasattr(value, "getbands") and hasattr(value, "size")
