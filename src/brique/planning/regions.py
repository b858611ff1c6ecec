"""What the plans of trainings on pictures with masks and with boxes share.

What a turn costs is reckoned for a machine of two cores; a speed that is measured may only shorten
the training.
"""

import math
from typing import Any

from torch import nn

from brique.data import Data
from brique.data.core import augment
from brique.planning.cost import EVALUATIONS, TRAINING_SHARE, multiplications
from brique.planning.request import Request
from brique.schema import Picture

MULTIPLICATIONS_PER_SECOND = 70e9  # multiplications a second in convolutions, forward and back
TURN_SECONDS = 0.02  # seconds that a turn costs besides


def base_settings(data: Data, request: Request, batch_size: int) -> dict[str, Any]:
    """Return what the request say, and how pictures may change without showing something else."""
    augmentation = augment.default(data.schema)
    assert augmentation is not None
    return {
        "data": request.source, "options": request.options, "seed": request.seed, "patience": 10,
        "batch_size": batch_size, "mirror": augmentation.mirror, "shift": augmentation.shift,
        "rotate": augmentation.rotate, "zoom": augmentation.zoom, "light": augmentation.light,
    }  # fmt: skip


def picture_field(data: Data) -> Picture:
    """Return the field of the pictures."""
    field = data.schema[data.schema.inputs[0]]
    assert isinstance(field, Picture)
    return field


def epochs_for(count: int) -> int:
    """Return how often each of so many training pictures is seen, if time allows."""
    return round(min(200.0, max(30.0, 2000 / math.sqrt(count))))


def turns_per_epoch(settings: dict[str, Any], count: int) -> int:
    """Return the turns in which each of so many pictures is seen once."""
    return max(1, count // settings["batch_size"])


def turns_within(net: nn.Module, settings: dict[str, Any], data: Data, request: Request) -> int:
    """Return the turns that the minutes are enough for, looks at valid included."""
    cost = multiplications(net, picture_field(data).shape)
    evaluation_cost = EVALUATIONS * len(data.valid) * cost / MULTIPLICATIONS_PER_SECOND
    turn_seconds = TURN_SECONDS + 3 * settings["batch_size"] * cost / MULTIPLICATIONS_PER_SECOND
    return int((60 * request.minutes * TRAINING_SHARE - evaluation_cost) / turn_seconds)
