"""Where what a net says of a picture lies in the picture as it was given."""

from collections.abc import Mapping

from brique.schema import Picture, Schema
from brique.schema.pictures import original_size

ResizeTransform = tuple[float, float, float]
"""Scale, dx and dy, as `brique.schema.Picture.placing` says."""


def size_and_transform(value: object, schema: Schema) -> tuple[tuple[int, int], ResizeTransform]:
    """Return (height, width) of a picture as it was given, and how it was moved for the net.

    value: a path, a picture or an array, or {name: one of these}. schema: its input is one picture.
    Raises DataError when its size cannot be told.
    """
    name = schema.inputs[0]
    kind = schema[name]
    assert isinstance(kind, Picture)
    size = original_size(value[name] if isinstance(value, Mapping) else value, kind.shape)
    return size, kind.resize_transform(size)
