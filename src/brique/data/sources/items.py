"""Data sets that give one example at a time, as torchvision's do."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from torch import Tensor

from brique.data.sources.frames import Found, of_values
from brique.errors import DataError

_NAMES = ("image", "label")  # of what a tuple of two holds


def of_items(given: Any, name: str, notes: list[str]) -> dict[str, Found]:  # noqa: ANN401
    """Return the fields of an object with `len` and `[i]`: tuples (input, label), or dicts.

    Where it has its pictures and classes as a whole (`.data`, `.targets`), these are taken as they
    are, without its transform.
    """
    whole = _whole(given)
    if whole is not None:
        if getattr(given, "transform", None) is not None:
            notes.append(
                f"{name}: its pictures are taken as they are stored, without its transform; size=,"
                " channels= and augment= do such things here."
            )
        return whole
    count = len(given)
    if not count:
        raise DataError(f"{name}: holds no examples; fill it first")
    first = given[0]
    keys = _keys(first, name)
    names = _names(given)
    kept: dict[str, list[Any]] = {key: [] for key in keys}
    pictures = {key for key, one in _entries(first, keys) if _is_picture(one)}
    listed = getattr(given, "targets", None)
    if pictures == {"image"} and keys[1:] == ["label"] and isinstance(listed, list):
        kept["label"] = cast("list[Any]", listed)  # without reading a picture
    elif not pictures >= set(keys):
        _gather(given, count, keys, kept, pictures)
    found: dict[str, Found] = {}
    for key in keys:
        if key in pictures:
            pieces = (lambda key=key: _each(given, count, keys, key),)
            found[key] = Found("picture", pieces, count)
        else:
            found[key] = _column(kept[key], names if key == "label" else None)
    return found


def _whole(given: Any) -> dict[str, Found] | None:  # noqa: ANN401
    """Return pictures and classes of an object that has them as a whole, else None."""
    pixels = getattr(given, "data", None)
    labels = getattr(given, "targets", getattr(given, "labels", None))
    if not isinstance(pixels, Tensor | np.ndarray) or labels is None:
        return None
    array = pixels.numpy() if isinstance(pixels, Tensor) else pixels
    numbers = np.asarray(labels)
    if array.ndim not in (3, 4) or numbers.shape != (len(array),) or array.dtype != np.uint8:
        return None
    names = _names(given)
    listed = cast("list[Any]", numbers.tolist())
    return {
        "image": Found("picture", (lambda: iter(array),), len(array)),
        "label": _column(listed, names),
    }


def _names(given: Any) -> Sequence[str] | None:  # noqa: ANN401
    """Return the names of the classes, of an object or of what it is a part of."""
    for _ in range(8):
        names = getattr(given, "classes", None)
        if isinstance(names, list | tuple) and names:
            return [str(name) for name in cast("Sequence[object]", names)]
        given = getattr(given, "dataset", None)
    return None


def _column(values: list[Any], names: Sequence[str] | None) -> Found:
    """Return a column; whole numbers are classes where these have names."""
    plain = [_plain(one) for one in values]
    if names is not None and all(type(n) is int and 0 <= n < len(names) for n in plain):
        return Found.of("class", [names[number] for number in plain])
    if any(isinstance(one, np.ndarray | list | tuple) for one in plain):
        words = all(isinstance(part, str) for one in plain for part in one)
        return Found.of("pieces" if words else "numbers", plain)
    return of_values(plain)


def _plain(one: Any) -> Any:  # noqa: ANN401
    """Return a number as Python has it, an array as numpy has it."""
    if isinstance(one, Tensor):
        one = one.detach().cpu().numpy()
    if isinstance(one, np.generic) or (isinstance(one, np.ndarray) and not one.ndim):
        return one.item()
    return one


def _keys(first: object, name: str) -> list[str]:
    """Return the names of the fields of an example."""
    if isinstance(first, dict):
        return [str(key) for key in cast("dict[Any, Any]", first)]
    if isinstance(first, tuple | list):
        count = len(cast("Sequence[Any]", first))
        named = ("x", "label") if not _is_picture(cast("Any", first)[0]) else _NAMES
        return list(named[:count]) if count <= 2 else [named[0], *_numbered(count - 2), "label"]
    if _is_picture(first) or isinstance(first, Tensor | np.ndarray | str):
        return ["image" if _is_picture(first) else "x"]
    raise DataError(
        f"{name}: expected examples (input, label) or dicts, got a {type(first).__name__}; give"
        " one of these for each"
    )


def _numbered(count: int) -> list[str]:
    return [f"x{number}" for number in range(2, count + 2)]


def _entries(example: Any, keys: Sequence[str]) -> list[tuple[str, Any]]:  # noqa: ANN401
    if isinstance(example, dict):
        named = {str(key): value for key, value in cast("dict[Any, Any]", example).items()}
        return [(key, named[key]) for key in keys]
    entries = example if isinstance(example, tuple | list) else (example,)
    return list(zip(keys, cast("Sequence[Any]", entries), strict=True))


def _gather(
    given: Any,  # noqa: ANN401
    count: int,
    keys: Sequence[str],
    kept: dict[str, list[Any]],
    without: set[str],
) -> None:
    for row in range(count):
        for key, one in _entries(given[row], keys):
            if key not in without:
                kept[key].append(one)


def _each(given: Any, count: int, keys: Sequence[str], key: str) -> Iterator[Any]:  # noqa: ANN401
    for row in range(count):
        yield dict(_entries(given[row], keys))[key]


def _is_picture(one: Any) -> bool:  # noqa: ANN401
    """Tell whether a value is a picture: of Pillow, or an array with rows and columns."""
    if isinstance(one, Tensor | np.ndarray):
        is_color = one.ndim == 3 and bool({one.shape[0], one.shape[2]} & {1, 3, 4})
        return is_color or (one.ndim == 2 and "uint8" in str(one.dtype))
    return hasattr(one, "getbands") and hasattr(one, "size")
