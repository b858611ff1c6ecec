"""The plan for training a forecaster: a function of the data."""

import math
from typing import Any

from brique.data import Data
from brique.planning import Request, average_decay


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings for training: more epochs for fewer windows.

    There are fewer epochs than in other tasks, because windows overlap.
    """
    count = len(data.train)
    batch_size = min(count, 32 if count < 2000 else 64)
    epochs = request.epochs or round(min(60.0, max(3.0, 350 / math.sqrt(count))))
    turns = max(1, epochs * max(1, count // batch_size))
    return {
        "data": request.source, "options": request.options, "seed": request.seed,
        "width": 16 if count < 2000 else 32,
        "batch_size": batch_size, "turns": turns, "average": average_decay(turns), "patience": 10,
    }  # fmt: skip
