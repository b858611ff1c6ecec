"""Reconstruction errors of pictures."""

from torch import Tensor

from brique.data import Split
from brique.errors import ShapeError
from brique.schema import Picture


def squared_errors(outputs: Tensor, pictures: Tensor) -> Tensor:
    """Return the mean squared error per pixel of each picture: (N,), float64.

    Raises ShapeError when outputs and pictures differ in shape.
    """
    if outputs.shape != pictures.shape:
        raise ShapeError(
            f"reconstruct: the net returned {tuple(outputs.shape)} for pictures"
            f" {tuple(pictures.shape)}; let it return pictures of the same shape."
        )
    return (outputs.double() - pictures.double()).square().flatten(1).mean(dim=1)


def select_pictures(split: Split, ids: Tensor) -> Tensor:
    """Return the pictures (M, C, H, W) of some examples of a split, in [0, 1].

    ids: (M,), int64, in the whole source.
    """
    values = split.select(ids)[split.schema.inputs[0]]
    assert isinstance(values, Tensor)
    return Picture.to_float(values)
