"""Reconstruction without a net: the mean picture."""

from collections.abc import Iterator

import torch
from torch import Tensor

from brique.data import Split
from brique.evaluation.reconstruction import select_pictures
from brique.inference import batch_size_for

NAMES = {
    "mean": "the mean image",
    "pca": "PCA",
}
"""Titles in sentences and tables."""


def picture_batches(split: Split) -> Iterator[Tensor]:
    """Yield the pictures of a split in batches."""
    for ids in split.ids.split(batch_size_for(split.schema[split.schema.inputs[0]])):
        yield select_pictures(split, ids)


def mean_picture(split: Split) -> Tensor:
    """Return the mean picture (1, C, H, W)."""
    total = sum(
        (pictures.double().sum(dim=0, keepdim=True) for pictures in picture_batches(split)),
        torch.zeros(()),
    )
    return (total / len(split)).float()
