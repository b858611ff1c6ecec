"""What a net that answers with masks is trained by."""

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Split
from brique.errors import DataError, ShapeError
from brique.schema import IGNORED, Mask


def loss(scores: Tensor, truth: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the cross entropy of all pixels that count, and how much these count.

    scores: (N, K, H, W). truth: classes (N, H, W); pixels of 255 count for nothing.
    weights: what a pixel of each class counts, (K,); None: all alike.
    Returns (sum, count), as a player's loss may: a batch in which no pixel counts costs nothing.
    Raises ShapeError when scores and truth do not fit.
    """
    if scores.ndim != 4 or truth.shape != (len(scores), *scores.shape[2:]):
        raise ShapeError(
            f"segment.loss: scores {tuple(scores.shape)} do not fit masks {tuple(truth.shape)};"
            " let the net return (N, K, H, W) for masks (N, H, W)."
        )
    rows = scores.permute(0, 2, 3, 1).flatten(0, 2).float()  # (N * H * W, K)
    goal = truth.flatten().long()
    own = None if weights is None else weights.to(rows)
    lost = functional.cross_entropy(rows, goal, own, ignore_index=IGNORED, reduction="sum")
    counted = goal != IGNORED
    share = counted if own is None else own[goal.where(counted, 0)] * counted
    return lost, share.sum().clamp(min=1e-9)


def weights(train: Split, *, power: float) -> Tensor:
    """Return what a pixel of each class counts: (K,), float32, their mean over the pixels is 1.

    train: with a mask as target. power: by which rare classes count more: 0 is all alike, 1 lets
        each class count as much as any other, of however few pixels.
    Raises DataError when the target is no mask, or no pixel counts.
    """
    kind, masks = train.schema[train.schema.target], train[train.schema.target]
    if not isinstance(kind, Mask) or not isinstance(masks, Tensor):
        raise DataError(
            f"segment.weights: expected a mask as target, got {kind.kind}; take other data."
        )
    counts = torch.stack([torch.bincount(one.flatten(), minlength=256) for one in masks]).sum(0)
    counts = counts[: len(kind.names)].double()
    if not bool(counts.any()):
        raise DataError("segment.weights: no pixel of the training masks counts; check them.")
    share = counts / counts.sum()
    found = share.clamp(min=1e-4) ** -power * (share > 0)
    return (found / (found * share).sum()).float()
