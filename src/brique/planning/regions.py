"""What the plans of trainings on pictures with masks and with boxes share.

What a turn costs is reckoned for a machine of two cores; a speed that is measured may only shorten
the training.
"""

import math
from typing import Any

from torch import nn

from brique.data import Data, augment
from brique.planning.cost import LOOKS, SHARE, multiplications
from brique.planning.request import Request
from brique.schema import Picture

RATE = 70e9  # multiplications a second in convolutions, forward and back
TURN = 0.02  # seconds that a turn costs besides


def common(opened: Data, request: Request, batch_size: int) -> dict[str, Any]:
    """Return what the request say, and how pictures may change without showing something else."""
    change = augment.default(opened.schema)
    assert change is not None
    return {
        "data": request.source, "options": request.options, "seed": request.seed, "patience": 10,
        "batch_size": batch_size, "mirror": change.mirror, "shift": change.shift,
        "turn": change.turn, "zoom": change.zoom, "light": change.light,
    }  # fmt: skip


def picture_of(opened: Data) -> Picture:
    """Return the field of the pictures."""
    field = opened.schema[opened.schema.inputs[0]]
    assert isinstance(field, Picture)
    return field


def epochs_for(count: int) -> int:
    """Return how often each of so many training pictures is seen, if time allows."""
    return round(min(200.0, max(30.0, 2000 / math.sqrt(count))))


def per_epoch(settings: dict[str, Any], count: int) -> int:
    """Return the turns in which each of so many pictures is seen once."""
    return max(1, count // settings["batch_size"])


def turns_within(net: nn.Module, settings: dict[str, Any], opened: Data, request: Request) -> int:
    """Return the turns that the minutes are enough for, looks at valid included."""
    each = multiplications(net, picture_of(opened).shape)
    looks = LOOKS * len(opened.valid) * each / RATE
    per_turn = TURN + 3 * settings["batch_size"] * each / RATE
    return int((60 * request.minutes * SHARE - looks) / per_turn)
