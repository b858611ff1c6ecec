"""What a net that answers several questions of classes is trained by."""

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
    """Return the cross entropy in nats, the mean over examples and targets.

    scores: (N, K), those of the targets side by side, in the schema's order.
    weights: by target (K of it,), what a mistake in each class costs; by default 1.
    smoothing: share of each label that is spread over all classes.
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
    """Return for each target a weight for each class, as `brique.tasks.classify.weights` does."""
    return [categories.weights(split, name) for name in split.schema.targets]
