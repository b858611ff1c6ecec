"""The plan for training a translator: a function of the data."""

import math
from typing import Any

from brique.data import Data
from brique.planning import Request, average_decay


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings for training."""
    count = len(data.train)
    batch_size = min(count, 32 if count < 5000 else 64)
    epochs = request.epochs or round(min(40.0, max(4.0, 1000 / math.sqrt(count))))
    turns = max(1, epochs * max(1, count // batch_size))
    return {
        "data": request.source, "options": request.options, "seed": request.seed,
        "width": 128 if count < 5000 else 256,
        "batch_size": batch_size, "turns": turns, "average": average_decay(turns), "patience": 10,
    }  # fmt: skip
