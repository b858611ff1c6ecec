"""The plan for training an autoencoder: a function of the data."""

import math
from typing import Any

from brique.data import Data
from brique.data.core import augment
from brique.errors import UsageError
from brique.planning.cost import average_decay
from brique.planning.request import Request
from brique.schema import Picture


def plan_autoencoder(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings for training an autoencoder; the turns are limited to the time later.

    A picture of n values gets n / 24 latent dimensions, at least 8 and at most 64.
    Raises UsageError for class balancing.
    """
    if request.balance != "none":
        raise UsageError(
            f"train: --balance {request.balance} is for classes, but this task has none; leave it"
            " out."
        )
    count, field = len(data.train), data.schema[data.schema.inputs[0]]
    assert isinstance(field, Picture)
    batch_size = min(count, 32 if count < 2000 else 64)
    epochs = request.epochs or round(min(300.0, max(10.0, 5000 / math.sqrt(count))))
    turns = max(1, epochs * max(1, count // batch_size))
    augmentation = augment.default(data.schema)
    return {
        "data": request.source,
        "options": request.options,
        "seed": request.seed,
        "latent": min(64, max(8, math.prod(field.shape) // 24)),
        "batch_size": batch_size,
        "turns": turns,
        "average": average_decay(turns),
        "mirror": augmentation is not None and augmentation.mirror,
        "patience": 10,
    }
