"""The plan for training on inputs of any kind but a single picture: a function of the data."""

import math
from typing import Any

from brique.data import Data
from brique.data.core import augment
from brique.errors import UsageError
from brique.planning.cost import average_decay
from brique.planning.request import Request
from brique.schema import Number, Picture, Schema, Signal, Text


def plan_fields(data: Data, request: Request) -> dict[str, Any]:
    """Return the settings for training; the turns are limited to the time later.

    Texts overfit soon and get few epochs; signals and small tables get many. Only pure texts are
    batched by length, since other inputs need batches that represent the data for batch
    normalization.
    Raises UsageError for class-balanced sampling with several targets.
    """
    schema, count = data.schema, len(data.train)
    if request.balance == "sampler" and len(schema.targets) > 1:
        raise UsageError(
            f"train: --balance sampler needs one target with classes, but there are"
            f" {len(schema.targets)} targets; use --balance weights."
        )
    kinds = [schema[name] for name in schema.inputs]
    has_texts = any(isinstance(kind, Text) for kind in kinds)
    has_signals = any(isinstance(kind, Signal | Picture) or _is_series(kind) for kind in kinds)
    batch_size = next(size for size, limit in _BATCH_SIZES if count < limit)
    if has_texts or has_signals:
        batch_size = min(64, batch_size)
    epochs = request.epochs or _epochs(count, has_texts=has_texts, has_signals=has_signals)
    turns = max(1, epochs * max(1, count // min(count, batch_size)))
    return _augmentation(schema) | {
        "data": request.source,
        "options": request.options,
        "seed": request.seed,
        "width": 64 if count < 2000 else 128 if count < 20_000 else 192,
        "depth": 1 if count < 2000 else 2,
        "dropout": 0.5 if has_texts and not has_signals else 0.2 if count < 5000 else 0.1,
        "batch_size": min(count, batch_size),
        "turns": turns,
        "lr": 2e-3 if not has_signals else 3e-3,
        "weight_decay": 0.05,
        "average": average_decay(turns),
        "patience": 10,
        "balance": request.balance,
        "bucket": all(isinstance(kind, Text) for kind in kinds),
    }


_AUGMENTATIONS = ("light", "shift", "rotate", "zoom", "mirror")
_BATCH_SIZES = ((32, 1000), (64, 5000), (128, 20_000), (256, math.inf))


def _augmentation(schema: Schema) -> dict[str, Any]:
    """Return the default augmentation of a single picture among the inputs."""
    default = augment.default(schema)
    return {} if default is None else {name: getattr(default, name) for name in _AUGMENTATIONS}


def _epochs(count: int, *, has_texts: bool, has_signals: bool) -> int:
    """Return the epochs for a number of training examples, if time allows."""
    if has_signals:
        return round(min(100.0, max(20.0, 1500 / math.sqrt(count))))
    if has_texts:
        return round(min(20.0, max(5.0, 700 / math.sqrt(count))))
    return round(min(150.0, max(20.0, 4000 / math.sqrt(count))))


def _is_series(kind: object) -> bool:
    return isinstance(kind, Number) and len(kind.shape) == 2
