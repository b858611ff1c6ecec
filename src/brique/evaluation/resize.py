"""The transform between the resized picture and the original."""

from collections.abc import Mapping

from brique.schema import Picture, Schema
from brique.schema.pictures import original_size

ResizeTransform = tuple[float, float, float]
"""Scale, dx and dy, as `brique.schema.Picture.resize_transform` returns."""


def size_and_transform(value: object, schema: Schema) -> tuple[tuple[int, int], ResizeTransform]:
    """Return (height, width) of an original picture, and its resize transform.

    value: a path, a picture or an array, or {name: one of these}. schema: its input is one picture.
    Raises DataError when its size is unknown.
    """
    name = schema.inputs[0]
    kind = schema[name]
    assert isinstance(kind, Picture)
    size = original_size(value[name] if isinstance(value, Mapping) else value, kind.shape)
    return size, kind.resize_transform(size)
