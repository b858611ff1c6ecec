"""The training loss of a regressor."""

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Batch, Split
from brique.inference import as_rows
from brique.schema import Schema


def targets(batch: Batch, schema: Schema) -> Tensor:
    """Return the targets of a batch side by side: (N, K), float32."""
    columns = [torch.as_tensor(batch[name]) for name in schema.targets]
    return torch.cat([as_rows(column) for column in columns], dim=1)


def target_std(train: Split) -> Tensor:
    """Return the standard deviation of each target, 1 if it is constant: (K,), float32."""
    columns = [torch.as_tensor(train[name]) for name in train.schema.targets]
    target = torch.cat([as_rows(column) for column in columns], dim=1)
    std = target.std(dim=0, correction=0)
    return torch.where(std > 0, std, 1.0)


def loss(predictions: Tensor, target: Tensor, std: Tensor) -> Tensor:
    """Return the mean Huber loss, in standard deviations of the targets; robust to outliers.

    predictions, target: (N, K), in their units. std: (K,), of the training part.
    Source: Huber 1964, "Robust estimation of a location parameter", with threshold 1.
    """
    return functional.smooth_l1_loss(predictions / std, target / std)
