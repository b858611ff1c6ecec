"""The training plan of a segmentation net, from the data and the time budget.

The cost of a turn is estimated for a machine of two cores; the measured speed can only shorten the
training.
"""

import math
from typing import Any

from torch import nn

from brique import nets
from brique.data import Data
from brique.errors import UsageError
from brique.planning import Request, average_decay
from brique.planning.regions import (
    base_settings,
    epochs_for,
    picture_field,
    turns_per_epoch,
    turns_within,
)
from brique.schema import Picture

WIDTHS = (32, 24, 16)
_MIN_EPOCHS = 40  # with fewer, take a narrower net


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the training settings for pictures with masks.

    The net is the widest that reaches 40 epochs within the time budget. The exponent of the inverse
    class frequency is 0.5, which helps on valid (docs/log.md), or 1.
    Raises UsageError for a balance by whole pictures.
    """
    if request.balance == "sampler":
        raise UsageError(
            "train: --balance sampler draws examples of rare classes more often, but a picture"
            " holds many classes; use --balance weights, which weights pixels."
        )
    count = len(data.train)
    settings = base_settings(data, request, min(count, 8)) | {
        "depth": 1,
        **_stages(picture_field(data)),
    }
    settings["class_weight_power"] = 1.0 if request.balance == "weights" else 0.5
    desired_turns = (request.epochs or epochs_for(count)) * turns_per_epoch(settings, count)

    def build_net(width: int) -> nn.Module:
        shape = {name: settings[name] for name in ("depth", "stages", "stem")}
        return nets.unet(**nets.unet_arguments(data.schema), **shape, width=width)

    turns = 1
    for width in WIDTHS:
        settings["width"] = width
        affordable_turns = (
            desired_turns
            if request.epochs
            else turns_within(build_net(width), settings, data, request)
        )
        turns = min(desired_turns, affordable_turns)
        if turns >= min(desired_turns, _MIN_EPOCHS * turns_per_epoch(settings, count)):
            break
    turns = max(1, turns)
    return settings | {"turns": turns, "average": average_decay(turns)}


def _stages(field: Picture) -> dict[str, int]:
    """Return stem and stages: the last feature map is about 8 x 8 or larger."""
    side = min(field.shape[1:])
    stem = 1 if side < 96 else 2 if side < 320 else 4
    return {"stem": stem, "stages": min(5, max(2, int(math.log2(max(4, side // stem))) - 2))}
