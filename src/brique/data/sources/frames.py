"""Columns of Arrow: data sets of Hugging Face, data frames."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import numpy as np

from brique.data.sources.numbers import EXACT
from brique.errors import DataError
from brique.schema.names import written

_CLASSES, _SHARE, _WORDS = 50, 0.2, 3  # of a column of classes: how many, and how long, at most


@dataclass(frozen=True)
class Found:
    """A field as an object gives it.

    kind: "picture", "class", "number", "text"; "pieces", "classes", "numbers" are several of
        these for each example.
    pieces: functions that give the values of each stretch, anew each time: pictures are not kept.
    """

    kind: str
    pieces: tuple[Callable[[], Iterable[Any]], ...]
    count: int
    is_fraction: bool = False

    @classmethod
    def of(cls, kind: str, values: Sequence[Any], *, is_fraction: bool = False) -> "Found":
        """Return a field whose values are there already."""
        return cls(kind, (lambda: values,), len(values), is_fraction)

    @classmethod
    def joined(cls, founds: Sequence["Found"]) -> "Found":
        """Return the same field of several parts, one after the other."""
        kinds = {found.kind for found in founds}
        kind = founds[0].kind if len(kinds) == 1 else "text"
        pieces = tuple(chain.from_iterable(found.pieces for found in founds))
        is_fraction = any(found.is_fraction for found in founds)
        return cls(kind, pieces, sum(found.count for found in founds), is_fraction)

    def values(self) -> Iterable[Any]:
        """Yield the values, one an example."""
        return chain.from_iterable(piece() for piece in self.pieces)

    def texts(self) -> list[str | None]:
        """Return the values as they are written; None is missing."""
        return [None if _is_missing(one) else _written(one) for one in self.values()]

    def numbers(self, where: str) -> np.ndarray:
        """Return the values as numbers (N,), float64, NaN where missing. Raises DataError."""
        found: list[float] = []
        for row, one in enumerate(self.values()):
            try:
                found.append(np.nan if one is None or one == "" else float(one))
            except (TypeError, ValueError):
                raise DataError(
                    f"{where}: example {row}: expected a number, got {str(one)[:40]!r}; name"
                    " another type (types)"
                ) from None
        return np.array(found, np.float64)


def of_hugging_face(given: Any, name: str, notes: list[str]) -> dict[str, Found]:  # noqa: ANN401
    """Return the fields of a `datasets.Dataset`, by its features; pictures are read when needed."""
    plain = given.with_format(None)
    features = cast("dict[str, Any]", dict(plain.features))
    pictures = [key for key, one in features.items() if type(one).__name__ == "Image"]
    rest = [key for key in features if key not in pictures]
    table = plain.select_columns(rest).with_format("arrow")[:] if rest else None
    found: dict[str, Found] = {}
    for key, feature in features.items():
        if key in pictures:
            images = plain.select_columns([key])
            pieces = (
                lambda images=images, key=key: (images[row][key] for row in range(len(images))),
            )
            found[key] = Found("picture", pieces, len(images))
            continue
        assert table is not None
        column = _by_feature(feature, table.column(key).to_pylist())
        if column is None:
            notes.append(f"{name}: the field '{key}' ({type(feature).__name__}) is left out.")
        else:
            found[key] = column
    return found


def _by_feature(feature: Any, values: list[Any]) -> Found | None:  # noqa: ANN401
    """Return the field of a feature that is no picture; None where none is known."""
    kind = type(feature).__name__
    if kind == "ClassLabel":
        return Found.of("class", _named(feature, values))
    if kind == "Value":
        return of_values(values)
    inner: Any = getattr(feature, "feature", None)
    if type(inner).__name__ == "ClassLabel":
        return Found.of("classes", [_named(inner, one or ()) for one in values])
    if type(inner).__name__ == "Value":
        is_text = "string" in str(inner.dtype)
        return Found.of("pieces" if is_text else "numbers", values)
    return Found.of("numbers", values) if kind.startswith("Array") else None


def _named(feature: Any, numbers: Iterable[int | None]) -> list[str | None]:  # noqa: ANN401
    names = cast("list[str]", list(feature.names))
    return [None if number is None or number < 0 else names[number] for number in numbers]


def of_frame(given: Any, name: str, notes: list[str]) -> dict[str, Found]:  # noqa: ANN401
    """Return the fields of anything that Arrow can read as a table."""
    import pyarrow

    table = cast("Any", pyarrow).table(given)
    found: dict[str, Found] = {}
    for key in table.column_names:
        column = table.column(key)
        kind = str(column.type)
        if kind.startswith(("list", "large_list", "fixed_size_list")):
            values = column.to_pylist()
            some = next((one[0] for one in values if one), 0.0)
            found[str(key)] = Found.of("pieces" if isinstance(some, str) else "numbers", values)
        elif kind.startswith(("struct", "map", "binary", "large_binary")):
            notes.append(f"{name}: the column '{key}' ({kind.split('<')[0]}) is left out.")
        else:
            is_class = kind.startswith("dictionary")
            values = column.to_pylist()
            found[str(key)] = Found.of("class", values) if is_class else of_values(values)
    if not found:
        raise DataError(f"{name}: the table has no column that can be read; give it some")
    return found


def of_columns(given: dict[str, Any], name: str) -> dict[str, Found]:
    """Return the fields of a dict of arrays or lists."""
    found: dict[str, Found] = {}
    for key, values in given.items():
        found[key] = _by_array(key, values)
    lengths = {key: one.count for key, one in found.items()}
    if len(set(lengths.values())) > 1:
        came = ", ".join(f"{key} {count}" for key, count in lengths.items())
        raise DataError(f"{name}: fields must have one entry an example, got {came}; mend them")
    return found


def _by_array(key: str, values: Any) -> Found:  # noqa: ANN401
    if isinstance(values, list | tuple):
        listed = list(cast("Sequence[Any]", values))
        several = bool(listed) and isinstance(listed[0], list | tuple | np.ndarray)
        return Found.of("numbers", listed) if several else of_values(listed)
    array = np.asarray(values)
    if array.ndim < 2:
        return of_values(array.tolist())
    is_picture = key == "image" or (array.dtype == np.uint8 and array.ndim > 2)
    return Found("picture" if is_picture else "numbers", (lambda: iter(array),), len(array))


def of_values(values: list[Any]) -> Found:
    """Return a column of single values: numbers, texts, or classes where they are few and short."""
    kinds = {type(one) for one in values if one is not None}
    is_whole = all(type(one) is not int or abs(one) <= EXACT for one in values)
    if kinds <= {int, float} and kinds and is_whole:
        is_fraction = float in kinds and any(one is not None and one % 1 for one in values)
        return Found.of("number", values, is_fraction=is_fraction)
    if kinds <= {bool}:
        return Found.of("class", values)
    texts = [one for one in values if one is not None]
    distinct = {str(one) for one in texts}
    few = len(distinct) <= min(_CLASSES, max(2, _SHARE * len(texts)))
    short = all(len(one.split()) <= _WORDS for one in distinct)
    return Found.of("class" if few and short else "text", values)


def _is_missing(one: Any) -> bool:  # noqa: ANN401
    return one is None or one != one


def _written(one: Any) -> str:  # noqa: ANN401
    return " ".join(map(str, one)) if isinstance(one, list) else written(one)
