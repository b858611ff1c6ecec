"""The plans of trainings on sequences: words with tags, series, texts in two languages."""

import math
from typing import Any

from brique.data import Data
from brique.tasks import tag
from brique.workbench.plan import Wishes, decay


def plan_tag(opened: Data, wishes: Wishes) -> dict[str, Any]:
    """Return the settings of a training on words with tags. Raises DataError where tags lack."""
    tag.check(opened)
    count = len(opened.train)
    batch_size = min(count, 16 if count < 2000 else 32)
    epochs = wishes.epochs or round(min(40.0, max(8.0, 1100 / math.sqrt(count))))
    turns = max(1, epochs * max(1, count // batch_size))
    return {
        "data": wishes.source, "options": wishes.options, "seed": wishes.seed,
        "batch_size": batch_size, "turns": turns, "average": decay(turns), "patience": 10,
    }  # fmt: skip


def plan_forecast(opened: Data, wishes: Wishes) -> dict[str, Any]:
    """Return the settings of a training on a series: few windows are seen often, many a few times.

    Windows overlap, so that there is less to learn from them than their number says.
    """
    count = len(opened.train)
    batch_size = min(count, 32 if count < 2000 else 64)
    epochs = wishes.epochs or round(min(60.0, max(3.0, 350 / math.sqrt(count))))
    turns = max(1, epochs * max(1, count // batch_size))
    return {
        "data": wishes.source, "options": wishes.options, "seed": wishes.seed,
        "width": 16 if count < 2000 else 32,
        "batch_size": batch_size, "turns": turns, "average": decay(turns), "patience": 10,
    }  # fmt: skip


def plan_translate(opened: Data, wishes: Wishes) -> dict[str, Any]:
    """Return the settings of a training on texts in two languages."""
    count = len(opened.train)
    batch_size = min(count, 32 if count < 5000 else 64)
    epochs = wishes.epochs or round(min(40.0, max(4.0, 1000 / math.sqrt(count))))
    turns = max(1, epochs * max(1, count // batch_size))
    return {
        "data": wishes.source, "options": wishes.options, "seed": wishes.seed,
        "width": 128 if count < 5000 else 256,
        "batch_size": batch_size, "turns": turns, "average": decay(turns), "patience": 10,
    }  # fmt: skip
