"""Columns of Arrow: Hugging Face data sets and data frames."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import numpy as np

from brique.data.sources.columns.numbers import MAX_EXACT_INT
from brique.errors import DataError
from brique.schema.class_names import to_text

_CLASSES, _SHARE, _WORDS = 50, 0.2, 3  # of a column of classes: how many, and how long, at most


@dataclass(frozen=True)
class RawField:
    """A field as it comes from an object.

    kind: "picture", "class", "number", "text"; "pieces", "classes", "numbers" are several of
        these for each example.
    chunks: functions that return the values of each chunk anew, so that pictures are not kept.
    """

    kind: str
    chunks: tuple[Callable[[], Iterable[Any]], ...]
    count: int
    is_fraction: bool = False

    @classmethod
    def from_values(
        cls, kind: str, values: Sequence[Any], *, is_fraction: bool = False
    ) -> "RawField":
        """Return a field of values in memory."""
        return cls(kind, (lambda: values,), len(values), is_fraction)

    @classmethod
    def concatenate(cls, fields: Sequence["RawField"]) -> "RawField":
        """Return the same field of several parts, concatenated."""
        kinds = {field.kind for field in fields}
        kind = fields[0].kind if len(kinds) == 1 else "text"
        chunks = tuple(chain.from_iterable(field.chunks for field in fields))
        is_fraction = any(field.is_fraction for field in fields)
        return cls(kind, chunks, sum(field.count for field in fields), is_fraction)

    def values(self) -> Iterable[Any]:
        """Yield the value of each example."""
        return chain.from_iterable(chunk() for chunk in self.chunks)

    def texts(self) -> list[str | None]:
        """Return the values as texts; None is missing."""
        return [None if _is_missing(value) else _format_value(value) for value in self.values()]

    def numbers(self, where: str) -> np.ndarray:
        """Return the values as numbers (N,), float64, NaN where missing. Raises DataError."""
        found: list[float] = []
        for row, value in enumerate(self.values()):
            try:
                found.append(np.nan if value is None or value == "" else float(value))
            except (TypeError, ValueError):
                raise DataError(
                    f"{where}: example {row}: expected a number, got {str(value)[:40]!r}; name"
                    " another type (types)"
                ) from None
        return np.array(found, np.float64)


def from_hugging_face(dataset: Any, name: str, notes: list[str]) -> dict[str, RawField]:  # noqa: ANN401
    """Return the fields of a `datasets.Dataset`, by its features; pictures are read on demand."""
    unformatted = dataset.with_format(None)
    features = cast("dict[str, Any]", dict(unformatted.features))
    pictures = [key for key, one in features.items() if type(one).__name__ == "Image"]
    other_keys = [key for key in features if key not in pictures]
    table = unformatted.select_columns(other_keys).with_format("arrow")[:] if other_keys else None
    fields: dict[str, RawField] = {}
    for key, feature in features.items():
        if key in pictures:
            images = unformatted.select_columns([key])
            chunks = (
                lambda images=images, key=key: (images[row][key] for row in range(len(images))),
            )
            fields[key] = RawField("picture", chunks, len(images))
            continue
        assert table is not None
        column = _field_of_feature(feature, table.column(key).to_pylist())
        if column is None:
            notes.append(f"{name}: the field '{key}' ({type(feature).__name__}) is left out.")
        else:
            fields[key] = column
    return fields


def _field_of_feature(feature: Any, values: list[Any]) -> RawField | None:  # noqa: ANN401
    """Return the field of a feature other than a picture; None if unknown."""
    kind = type(feature).__name__
    if kind == "ClassLabel":
        return RawField.from_values("class", _class_names(feature, values))
    if kind == "Value":
        return field_of_values(values)
    inner: Any = getattr(feature, "feature", None)
    if type(inner).__name__ == "ClassLabel":
        return RawField.from_values(
            "classes", [_class_names(inner, value or ()) for value in values]
        )
    if type(inner).__name__ == "Value":
        is_text = "string" in str(inner.dtype)
        return RawField.from_values("pieces" if is_text else "numbers", values)
    return RawField.from_values("numbers", values) if kind.startswith("Array") else None


def _class_names(feature: Any, numbers: Iterable[int | None]) -> list[str | None]:  # noqa: ANN401
    names = cast("list[str]", list(feature.names))
    return [None if number is None or number < 0 else names[number] for number in numbers]


def from_table(data: Any, name: str, notes: list[str]) -> dict[str, RawField]:  # noqa: ANN401
    """Return the fields of anything that Arrow can read as a table."""
    import pyarrow

    table = cast("Any", pyarrow).table(data)
    fields: dict[str, RawField] = {}
    for key in table.column_names:
        column = table.column(key)
        kind = str(column.type)
        if kind.startswith(("list", "large_list", "fixed_size_list")):
            values = column.to_pylist()
            sample = next((value[0] for value in values if value), 0.0)
            fields[str(key)] = RawField.from_values(
                "pieces" if isinstance(sample, str) else "numbers", values
            )
        elif kind.startswith(("struct", "map", "binary", "large_binary")):
            notes.append(f"{name}: the column '{key}' ({kind.split('<')[0]}) is left out.")
        else:
            is_class = kind.startswith("dictionary")
            values = column.to_pylist()
            fields[str(key)] = (
                RawField.from_values("class", values) if is_class else field_of_values(values)
            )
    if not fields:
        raise DataError(f"{name}: the table has no column that can be read; give it some")
    return fields


def from_dict(columns: dict[str, Any], name: str) -> dict[str, RawField]:
    """Return the fields of a dict of arrays or lists."""
    fields: dict[str, RawField] = {}
    for key, values in columns.items():
        fields[key] = _field_of_array(key, values)
    lengths = {key: field.count for key, field in fields.items()}
    if len(set(lengths.values())) > 1:
        actual = ", ".join(f"{key} {count}" for key, count in lengths.items())
        raise DataError(
            f"{name}: fields must have one entry per example, got {actual}; correct them"
        )
    return fields


def _field_of_array(key: str, values: Any) -> RawField:  # noqa: ANN401
    if isinstance(values, list | tuple):
        items = list(cast("Sequence[Any]", values))
        is_nested = bool(items) and isinstance(items[0], list | tuple | np.ndarray)
        return RawField.from_values("numbers", items) if is_nested else field_of_values(items)
    array = np.asarray(values)
    if array.ndim < 2:
        return field_of_values(array.tolist())
    is_picture = key == "image" or (array.dtype == np.uint8 and array.ndim > 2)
    return RawField("picture" if is_picture else "numbers", (lambda: iter(array),), len(array))


def field_of_values(values: list[Any]) -> RawField:
    """Return a column of single values: numbers, texts, or classes if few and short."""
    kinds = {type(value) for value in values if value is not None}
    is_whole = all(type(value) is not int or abs(value) <= MAX_EXACT_INT for value in values)
    if kinds <= {int, float} and kinds and is_whole:
        is_fraction = float in kinds and any(value is not None and value % 1 for value in values)
        return RawField.from_values("number", values, is_fraction=is_fraction)
    if kinds <= {bool}:
        return RawField.from_values("class", values)
    texts = [value for value in values if value is not None]
    distinct = {str(value) for value in texts}
    has_few = len(distinct) <= min(_CLASSES, max(2, _SHARE * len(texts)))
    are_short = all(len(value.split()) <= _WORDS for value in distinct)
    return RawField.from_values("class" if has_few and are_short else "text", values)


def _is_missing(value: Any) -> bool:  # noqa: ANN401
    return value is None or value != value


def _format_value(value: Any) -> str:  # noqa: ANN401
    return " ".join(map(str, value)) if isinstance(value, list) else to_text(value)
