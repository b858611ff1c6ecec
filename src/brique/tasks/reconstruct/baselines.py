"""Pictures rebuilt without a net: the mean picture."""

from collections.abc import Iterator

import torch
from torch import Tensor

from brique.data import Split
from brique.evaluation.pictures import pictures_of
from brique.inference import batch_size_for

NAMES = {
    "mean": "always answering the mean",
    "principal": "principal component analysis",
}
"""What the methods are called in a sentence."""


def pieces(split: Split) -> Iterator[Tensor]:
    """Yield the pictures of a part, some at a time."""
    for some in split.ids.split(batch_size_for(split.schema[split.schema.inputs[0]])):
        yield pictures_of(split, some)


def mean_picture(split: Split) -> Tensor:
    """Return the mean picture (1, C, H, W)."""
    total = sum((some.double().sum(dim=0, keepdim=True) for some in pieces(split)), torch.zeros(()))
    return (total / len(split)).float()
