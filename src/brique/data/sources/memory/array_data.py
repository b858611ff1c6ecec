"""Data sets made of tensors, arrays and lists that are already in memory."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.dataset import Data, build
from brique.data.raw import column as columns
from brique.data.raw.deep_pictures import DeepPictures
from brique.data.raw.source import PARTS, Source
from brique.errors import DataError, ShapeError, did_you_mean
from brique.schema import Category, Field, Number, Picture, convert_pixels, natural_key
from brique.schema.bit_depth import UINT16_MAX
from brique.schema.pictures import normalize_image

Column = Tensor | Ragged | ArrayLike
_NONE_TYPE = type(None)


def arrays(
    *,
    classes: Sequence[str] | None = None,
    split: Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    categories: Sequence[str] = (),
    group: ArrayLike | None = None,
    time: ArrayLike | None = None,
    name: str = "arrays",
    **fields: Column,
) -> Data:
    """Return a data set of examples that are already in memory.

    fields: by name, each of N examples. `image`, and any uint8 array of 3 or 4 axes, is a picture
        (N, H, W), (N, C, H, W) or (N, H, W, C): uint8 0 to 255, uint16, or floats in [0, 1]; or
        images of Pillow. Strings are texts, unless `categories` has them. Other arrays are numbers
        (whole numbers become int64; floats float32, but a float64 tensor stays one). A Ragged is
        a field of varying length.
    classes: names of the classes; the target then holds their numbers or their names.
        Without it they are the distinct labels of the training part, naturally sorted.
    split: "train", "valid" or "test" for each example; by default test is
        20% and valid a tenth of the rest, by a fixed draw on the content.
    target: name of the field to predict, or names of several; by default `label`, or none if there
        is no such field. Whole numbers and texts are categories, floats are numbers.
    categories: names of the inputs whose values are classes; a class that the training part
        lacks is "other", None is "missing".
    group: a number or name for each example; equal groups stay in one part.
    time: a number or date for each example; the last 20% are test, the tenth before them valid.
    name: of the data set, in messages and run.json.
    Returns Data. Raises DataError, ShapeError.

    >>> squares = arrays(image=torch.rand(10, 1, 4, 4), label=[0, 1] * 5, classes=["a", "b"])
    >>> len(squares.train) + len(squares.valid) + len(squares.test)
    10
    """
    return build(
        source_of(
            fields, classes=classes, split=split, target=target, categories=categories,
            group=group, time=time, name=name,
        )
    )  # fmt: skip


def source_of(
    fields: Mapping[str, Column],
    *,
    classes: Sequence[str] | None = None,
    split: Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    categories: Sequence[str] = (),
    group: ArrayLike | None = None,
    time: ArrayLike | None = None,
    name: str = "arrays",
) -> Source:
    """Return the examples of `arrays`, before they are split. Raises DataError, ShapeError."""
    target = target or ("label" if "label" in fields else ())
    targets = (target,) if isinstance(target, str) else tuple(target)
    _check_names(fields, targets, categories)
    if classes is not None and len(targets) > 1:
        raise DataError("arrays: classes= names those of one target; give each target as texts")
    part = None if split is None else _part_numbers(split)
    values: dict[str, Values | columns.Column] = {}
    kinds: dict[str, Field] = {}
    for key, column in fields.items():
        if key in targets and classes is None and time is not None and _is_category(column, None):
            values[key] = columns.Labels(_to_texts(f"arrays: {key}", column), is_target=True)
        elif key in targets and _is_category(column, classes):
            values[key], kinds[key] = _class_numbers(f"arrays: {key}", column, classes, part)
        elif key in categories:
            values[key] = columns.Labels(_to_texts(f"arrays: {key}", column))
        elif _holds_texts(column):
            texts = _to_texts(f"arrays: {key}", column)
            values[key] = columns.Texts([text or "" for text in texts])
        else:
            values[key], kinds[key] = _convert_column(key, column)
    source = Source(name, values, kinds, targets, part)
    source.is_final = part is not None
    source.groups = (
        None if group is None else group_numbers(_to_texts("arrays: group", group), "arrays")
    )
    source.times = None if time is None else to_seconds(time, "arrays")
    _check_lengths(source)
    return source


def _convert_column(key: str, column: Column) -> tuple[Values | columns.Column, Field]:
    """Return a field that is not a category, and its kind."""
    where = f"arrays: {key}"
    if isinstance(column, Ragged):
        column.check()
        is_integer = not column.values.is_floating_point()
        return column, Number(
            shape=tuple(column.values.shape[1:]), is_sequence=True, is_integer=is_integer
        )
    if _holds_images(column):
        column = _stack_images(where, cast("list[Any]", column))
        key = "image"
    tensor = column.detach().cpu() if isinstance(column, Tensor) else _to_tensor(where, column)
    if not tensor.ndim:
        raise ShapeError(f"{where}: expected one entry per example, got one number; pass a list")
    if key == "image" or (tensor.dtype == torch.uint8 and tensor.ndim in (3, 4)):
        return _convert_pictures(where, tensor)
    if tensor.is_floating_point():
        if not bool(torch.isfinite(tensor).all()):
            index = int((~torch.isfinite(tensor)).reshape(len(tensor), -1).any(1).nonzero()[0])
            raise DataError(f"{where}: example {index} is not finite; replace it or leave it out")
        tensor = tensor if tensor.dtype == torch.float64 else tensor.float()
        return tensor, Number(shape=tuple(tensor.shape[1:]))
    return tensor.long(), Number(shape=tuple(tensor.shape[1:]), is_integer=True)


def _convert_pictures(where: str, tensor: Tensor) -> tuple[Tensor | DeepPictures, Picture]:
    if tensor.ndim not in (3, 4) or not tensor.numel():
        raise ShapeError(
            f"{where}: expected pictures (N, H, W) or (N, C, H, W), got shape "
            f"{tuple(tensor.shape)}; reshape them"
        )
    pixels = torch.from_numpy(convert_pixels(tensor.numpy(), where)).contiguous()
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels
    if pixels.shape[3] in (1, 3) and pixels.shape[1] not in (1, 3, 4):  # channels last
        pixels = pixels.permute(0, 3, 1, 2).contiguous()
    channels, height, width = pixels.shape[1:]
    kind = Picture((channels, height, width))
    if pixels.dtype == torch.uint16:
        return DeepPictures(pixels.float(), np.full(len(pixels), UINT16_MAX), kind), kind
    return pixels, kind


def _holds_images(column: Column) -> bool:
    """Tell whether a column is a list of Pillow images."""
    return isinstance(column, list | tuple) and bool(column) and hasattr(column[0], "getbands")


def _stack_images(where: str, images: Sequence[Any]) -> np.ndarray:
    """Return upright Pillow images of one size as an array (N, H, W) or (N, H, W, 3)."""
    upright = [
        normalize_image(image, f"{where}: example {row}") for row, image in enumerate(images)
    ]
    sizes = sorted({image.size for image in upright})
    if len(sizes) > 1:
        raise ShapeError(
            f"{where}: expected pictures of one size, got {len(sizes)}, such as {sizes[0]} and"
            f" {sizes[1]}; scale them, or save them in folders by class"
        )
    is_grey = all(image.mode != "RGB" for image in upright)
    if len({image.mode for image in upright}) > 1:
        if any(image.mode not in ("L", "RGB") for image in upright):
            raise DataError(f"{where}: expected pictures of one depth; save all with 8 or 16 bits")
        upright = [image.convert("L" if is_grey else "RGB") for image in upright]
    return np.stack([np.asarray(image) for image in upright])


def _to_tensor(where: str, column: ArrayLike) -> Tensor:
    array = np.asarray(column)
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{where}: expected numbers or texts, got {array.dtype}; pass one of them for each"
            " example"
        )
    if array.dtype == np.float64 or array.dtype == np.float16:
        array = array.astype(np.float32)
    elif array.dtype.kind in "iu" and array.dtype != np.uint8 and array.dtype != np.uint16:
        array = array.astype(np.int64)
    return torch.from_numpy(array.copy())


def _holds_texts(column: Column) -> bool:
    """Tell whether a column holds strings, perhaps with None among them."""
    if isinstance(column, Tensor | Ragged):
        return False
    entries = cast("Sequence[Any]", column) if isinstance(column, list | tuple) else None
    if entries is None:
        array = np.asarray(column)
        if array.dtype.kind != "O" or array.ndim != 1:
            return array.dtype.kind in "UT"
        entries = cast("Sequence[Any]", array.tolist())
    kinds = {type(entry) for entry in entries}
    return (
        bool(kinds)
        and all(issubclass(kind, str | _NONE_TYPE) for kind in kinds)
        and kinds != {_NONE_TYPE}
    )


def _to_texts(where: str, column: Column) -> list[str | None]:
    """Return the values of a column as texts; None stays."""
    if isinstance(column, Ragged):
        raise ShapeError(f"{where}: expected one class per example, got a Ragged; pass a list")
    values = column.detach().cpu() if isinstance(column, Tensor) else column
    as_list = values if isinstance(values, list) else np.asarray(values).tolist()
    entries = cast("list[Any]", as_list if isinstance(as_list, list) else [as_list])
    if any(isinstance(entry, list | tuple | np.ndarray) for entry in entries):
        raise ShapeError(f"{where}: expected one text per example, got lists of them; join each")
    return [entry if entry is None else str(entry) for entry in entries]


def _check_names(
    fields: Mapping[str, Column], targets: Sequence[str], categories: Sequence[str]
) -> None:
    if not fields:
        raise DataError("arrays: got no fields; pass at least one, such as image=pictures")
    pairs = [(option, key) for option, keys in (("target", targets), ("categories:", categories))
             for key in keys]  # fmt: skip
    for option, name in pairs:
        if name not in fields:
            raise DataError(
                f"arrays: {option} '{name}' is not among the fields {', '.join(fields)}"
                f"; pass it as a field{did_you_mean(name, fields)}"
            )


def group_numbers(names: Sequence[str | None], where: str) -> np.ndarray:
    """Return the group number of each example (N,), int64. Raises DataError without a group."""
    for row, name in enumerate(names):
        if name is None or name in ("", "nan"):
            raise DataError(f"{where}: group: example {row} has no group; give it one of its own")
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)


def to_seconds(time: ArrayLike, where: str) -> np.ndarray:
    """Return times (N,), float64; dates in seconds since 1970, NaN where missing.

    Raises DataError when they are neither numbers nor dates.
    """
    array = np.asarray(time)
    if array.dtype.kind in "UO":
        try:
            array = array.astype("datetime64[us]")
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{where}: time: expected numbers or dates as 2024-12-31, got {error}; convert them"
            ) from error
    if array.dtype.kind == "M":
        seconds = array.astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(np.isnat(array), np.nan, seconds)
    if array.dtype.kind not in "iuf" or array.ndim != 1:
        raise DataError(
            f"{where}: time: expected a number or date per example, got {array.dtype} "
            f"{array.shape}; convert them"
        )
    return array.astype(np.float64)


def _is_category(column: Column, classes: Sequence[str] | None) -> bool:
    if isinstance(column, Ragged):
        return False
    if isinstance(column, Tensor):
        return not column.is_floating_point()
    return classes is not None or np.asarray(column).dtype.kind != "f"


def _class_numbers(
    where: str, column: Column, classes: Sequence[str] | None, part: Tensor | None
) -> tuple[Tensor, Category]:
    """Return class numbers (N,), int64, and the classes."""
    array = np.asarray(column.detach().cpu() if isinstance(column, Tensor) else column)
    if array.ndim != 1:
        raise ShapeError(f"{where}: expected one label per example, got shape {array.shape}")
    if array.dtype.kind in "biu" and classes is not None:
        numbers, names = torch.from_numpy(array.astype(np.int64)), tuple(classes)
        if len(numbers) and (int(numbers.min()) < 0 or int(numbers.max()) >= len(names)):
            raise DataError(
                f"{where}: labels must lie in 0 to {len(names) - 1} for {len(names)} classes, got "
                f"{int(numbers.min())} to {int(numbers.max())}; number them from 0"
            )
        return numbers, Category(names)
    texts = [str(text) for text in array.tolist()]
    train = texts if part is None else [t for t, p in zip(texts, part, strict=True) if p == 0]
    names = tuple(sorted(set(train), key=natural_key)) if classes is None else tuple(classes)
    number_of = {name: number for number, name in enumerate(names)}
    for number, text in enumerate(texts):
        if text not in number_of:
            raise DataError(
                f"{where}: example {number} has the class '{text}', not among "
                f"{', '.join(names[:10])}; name it in classes={did_you_mean(text, names)}"
            )
    return torch.tensor([number_of[text] for text in texts], dtype=torch.int64), Category(names)


def _part_numbers(split: Sequence[str]) -> Tensor:
    for number, part in enumerate(split):
        if part not in PARTS:
            raise DataError(
                f"arrays: split: example {number} is in '{part}'; expected train, valid or test"
            )
    return torch.tensor([PARTS.index(part) for part in split], dtype=torch.uint8)


def _check_lengths(source: Source) -> None:
    lengths = {name: len(value) for name, value in source.fields.items()}
    per_example = {"split": source.part, "group": source.groups, "time": source.times}
    lengths |= {name: len(value) for name, value in per_example.items() if value is not None}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise ShapeError(
            f"arrays: all fields must have one entry per example, got {counts}; pass as many of"
            " each"
        )
    if not len(source):
        raise DataError("arrays: got no examples; pass one or more")
