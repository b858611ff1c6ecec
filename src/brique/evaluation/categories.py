"""Class scores: cross entropy, class weights, probabilities."""

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Split
from brique.errors import DataError, ShapeError


def loss(
    scores: Tensor, label: Tensor, weights: Tensor | None = None, *, smoothing: float = 0.0
) -> Tensor:
    """Return the mean cross entropy in nats.

    scores: (N, K), any real numbers.
    label: class indices (N,), int64 in [0, K).
    weights: (K,), class weights; by default 1.
    smoothing: label smoothing, against overconfidence.
    """
    if weights is None:
        return functional.cross_entropy(scores, label, label_smoothing=smoothing)
    costs = weights.to(label.device)[label]
    losses = functional.cross_entropy(scores, label, reduction="none", label_smoothing=smoothing)
    return (costs * losses).mean()


def weights(split: Split, target: str | None = None) -> Tensor:
    """Return balanced class weights, inversely proportional to frequency: (K,), float32.

    target: the field of the classes, if there are several targets.

    Their mean over the split's examples is 1, and all classes have the same total weight. A net
    trained with them assumes equal class priors: its probabilities are calibrated for balanced
    data.
    Raises DataError when the split is empty.
    """
    target = target or split.schema.target
    labels = split[target]
    assert isinstance(labels, Tensor)
    if not len(labels):
        raise DataError("weights: the split is empty; pass one with at least one example.")
    counts = torch.bincount(labels, minlength=len(split.schema[target].names))
    return len(labels) / (counts > 0).sum() / counts.clamp(min=1)


def probabilities(scores: Tensor) -> Tensor:
    """Return the probability of each class, (N, K), float32, on the CPU.

    scores: (N, K), on any device.
    """
    return functional.softmax(scores.detach().float().cpu(), dim=1)


def check_scores(where: str, scores: Tensor, num_classes: int) -> None:
    """Raise ShapeError unless the scores have the shape (N, classes)."""
    if scores.ndim != 2 or scores.shape[1] != num_classes:
        raise ShapeError(
            f"{where}: scores have shape {tuple(scores.shape)} but there are {num_classes} classes;"
            f" pass scores (N, {num_classes})."
        )
