"""Where what a net says of a picture lies in the picture as it was given."""

from collections.abc import Mapping

from brique.schema import Picture, Schema
from brique.schema.pictures import original_size

Placing = tuple[float, float, float]
"""Scale, dx and dy, as `brique.schema.Picture.placing` says."""


def placing_of(given: object, schema: Schema) -> tuple[tuple[int, int], Placing]:
    """Return (height, width) of a picture as it was given, and how it was moved for the net.

    given: a path, a picture or an array, or {name: one of these}. schema: its input is one picture.
    Raises DataError when its size cannot be told.
    """
    name = schema.inputs[0]
    kind = schema[name]
    assert isinstance(kind, Picture)
    size = original_size(given[name] if isinstance(given, Mapping) else given, kind.shape)
    return size, kind.placing(size)
