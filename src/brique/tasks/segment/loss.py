"""The loss of a segmentation net, and its class weights."""

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Split
from brique.errors import DataError, ShapeError
from brique.schema import IGNORE_INDEX, Mask


def loss(scores: Tensor, target: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the summed cross entropy of the labeled pixels, and their summed weights.

    scores: (N, K, H, W). target: classes (N, H, W); pixels of 255 are ignored.
    weights: of a pixel of each class, (K,); None: all equal.
    Returns (sum, count), as a player's loss may: a batch without labeled pixels has no loss.
    Raises ShapeError when scores and target do not fit.
    """
    if scores.ndim != 4 or target.shape != (len(scores), *scores.shape[2:]):
        raise ShapeError(
            f"segment.loss: scores {tuple(scores.shape)} do not fit masks {tuple(target.shape)};"
            " let the net return (N, K, H, W) for masks (N, H, W)."
        )
    rows = scores.permute(0, 2, 3, 1).flatten(0, 2).float()  # (N * H * W, K)
    flat_target = target.flatten().long()
    class_weights = None if weights is None else weights.to(rows)
    total_loss = functional.cross_entropy(
        rows, flat_target, class_weights, ignore_index=IGNORE_INDEX, reduction="sum"
    )
    is_counted = flat_target != IGNORE_INDEX
    pixel_weights = (
        is_counted
        if class_weights is None
        else class_weights[flat_target.where(is_counted, 0)] * is_counted
    )
    return total_loss, pixel_weights.sum().clamp(min=1e-9)


def weights(train: Split, *, power: float) -> Tensor:
    """Return the weight of a pixel of each class: (K,), float32; the mean over all pixels is 1.

    train: with a mask as target. power: exponent of the inverse class frequency: 0 weighs all
        pixels equally, 1 all classes.
    Raises DataError when the target is not a mask, or no pixel is labeled.
    """
    field, masks = train.schema[train.schema.target], train[train.schema.target]
    if not isinstance(field, Mask) or not isinstance(masks, Tensor):
        raise DataError(
            f"segment.weights: expected a mask as target, got {field.kind}; take other data."
        )
    counts = torch.stack([torch.bincount(mask.flatten(), minlength=256) for mask in masks]).sum(0)
    counts = counts[: len(field.names)].double()
    if not bool(counts.any()):
        raise DataError(
            "segment.weights: expected labeled pixels in the training masks, got none; check them."
        )
    frequency = counts / counts.sum()
    class_weights = frequency.clamp(min=1e-4) ** -power * (frequency > 0)
    return (class_weights / (class_weights * frequency).sum()).float()
