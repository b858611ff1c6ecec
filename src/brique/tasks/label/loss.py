"""What a net that answers several questions of classes is trained by."""

from collections.abc import Sequence

import torch
from torch import Tensor

from brique.data import Batch, Split
from brique.evaluation import categories
from brique.schema import Schema
from brique.tasks.label.predict import by_target


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
    each = by_target(scores, schema)
    costs = [None] * len(each) if weights is None else weights
    lost = [
        categories.loss(some, torch.as_tensor(batch[name]), cost, smoothing=smoothing)
        for name, some, cost in zip(schema.targets, each, costs, strict=True)
    ]
    return torch.stack(lost).mean()


def weights(split: Split) -> list[Tensor]:
    """Return for each target a weight for each class, as `brique.tasks.classify.weights` does."""
    return [categories.weights(split, name) for name in split.schema.targets]
