"""What a net that answers with numbers is trained by."""

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Batch, Split
from brique.inference import rows_of_numbers
from brique.schema import Schema


def wanted(batch: Batch, schema: Schema) -> Tensor:
    """Return the targets of a batch side by side: (N, K), float32."""
    columns = [torch.as_tensor(batch[name]) for name in schema.targets]
    return torch.cat([rows_of_numbers(one) for one in columns], dim=1)


def spread(train: Split) -> Tensor:
    """Return the spread of each target over a part, 1 where it is constant: (K,), float32."""
    columns = [torch.as_tensor(train[name]) for name in train.schema.targets]
    truth = torch.cat([rows_of_numbers(one) for one in columns], dim=1)
    found = truth.std(dim=0, correction=0)
    return torch.where(found > 0, found, 1.0)


def loss(answers: Tensor, truth: Tensor, spread: Tensor) -> Tensor:
    """Return the mean of Huber's loss, in spreads of the targets: far misses count less.

    answers, truth: (N, K), in their units. spread: (K,), of the training part.
    Source: Huber 1964, "Robust estimation of a location parameter", with the bend at 1 spread.
    """
    return functional.smooth_l1_loss(answers / spread, truth / spread)
