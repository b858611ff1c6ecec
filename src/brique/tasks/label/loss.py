"""The loss of a net with several class targets, and its class weights."""

from collections.abc import Sequence

import torch
from torch import Tensor

from brique.data import Batch, Split
from brique.evaluation import categories
from brique.schema import Schema
from brique.tasks.label.predict import split_by_target


def loss(
    scores: Tensor,
    batch: Batch,
    schema: Schema,
    weights: Sequence[Tensor] | None = None,
    *,
    smoothing: float = 0.0,
) -> Tensor:
    """Return the cross entropy in nats, averaged over examples and targets.

    scores: (N, K), concatenated over the targets, in the schema's order.
    weights: class weights of each target; by default 1.
    smoothing: label smoothing.
    """
    split_scores = split_by_target(scores, schema)
    class_weights = [None] * len(split_scores) if weights is None else weights
    losses = [
        categories.loss(
            target_scores, torch.as_tensor(batch[name]), class_weight, smoothing=smoothing
        )
        for name, target_scores, class_weight in zip(
            schema.targets, split_scores, class_weights, strict=True
        )
    ]
    return torch.stack(losses).mean()


def weights(split: Split) -> list[Tensor]:
    """Return the class weights of each target, as `brique.tasks.classify.weights` does."""
    return [categories.weights(split, name) for name in split.schema.targets]
