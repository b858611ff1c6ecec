"""Shared parts of the plans for segmentation and detection.

The cost of a turn is estimated for a machine with two cores; a measured speed can only shorten the
training.
"""

import math
from typing import Any

from torch import nn

from brique.data import Data
from brique.data.core import augment
from brique.planning.cost import EVALUATIONS, TRAINING_SHARE, multiplications
from brique.planning.request import Request
from brique.schema import Picture

MULTIPLICATIONS_PER_SECOND = 70e9  # in convolutions, forward and backward
TURN_SECONDS = 0.02  # overhead of a turn


def base_settings(data: Data, request: Request, batch_size: int) -> dict[str, Any]:
    """Return the settings from the request, and the default augmentation."""
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
    """Return the epochs for a number of training pictures, if time allows."""
    return round(min(200.0, max(30.0, 2000 / math.sqrt(count))))


def turns_per_epoch(settings: dict[str, Any], count: int) -> int:
    """Return the turns in one epoch of a number of pictures."""
    return max(1, count // settings["batch_size"])


def turns_within(net: nn.Module, settings: dict[str, Any], data: Data, request: Request) -> int:
    """Return the turns that fit into the time budget, evaluations on valid included."""
    cost = multiplications(net, picture_field(data).shape)
    evaluation_cost = EVALUATIONS * len(data.valid) * cost / MULTIPLICATIONS_PER_SECOND
    turn_seconds = TURN_SECONDS + 3 * settings["batch_size"] * cost / MULTIPLICATIONS_PER_SECOND
    return int((60 * request.minutes * TRAINING_SHARE - evaluation_cost) / turn_seconds)
