"""The plan for training a tagger: a function of the data."""

import math
from typing import Any

from brique.data import Data
from brique.planning import Request, average_decay
from brique.tasks.tag.outputs import check_lengths


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings for training. Raises DataError for words without tags."""
    check_lengths(data)
    count = len(data.train)
    batch_size = min(count, 16 if count < 2000 else 32)
    epochs = request.epochs or round(min(40.0, max(8.0, 1100 / math.sqrt(count))))
    turns = max(1, epochs * max(1, count // batch_size))
    return {
        "data": request.source, "options": request.options, "seed": request.seed,
        "batch_size": batch_size, "turns": turns, "average": average_decay(turns), "patience": 10,
    }  # fmt: skip
