"""The training plan of a detector, from the data and the time budget."""

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


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the training settings for pictures with boxes.

    Boxes need more epochs than classes: only a few locations of a picture are assigned at a time.
    Raises UsageError for a balance, which does not apply to boxes.
    """
    if request.balance != "none":
        raise UsageError(
            f"train: --balance {request.balance} applies to classes of examples or pixels, not to"
            " boxes; leave it out."
        )
    count, side = len(data.train), min(picture_field(data).shape[1:])
    settings = base_settings(data, request, min(count, 16))
    del settings["rotate"]  # boxes would grow
    settings["zoom"] = max(settings["zoom"], 0.25)
    if request.start is not None:
        settings |= {"start": request.start, "freeze": request.freeze,
                     "body_lr": 1.0 if request.freeze else 0.1}  # fmt: skip
        net: nn.Module = nets.detector(3, 1, backbone="squeezenet")
        epochs = epochs_for(count) // 2
    else:
        shape: dict[str, Any] = {"width": 24, "depth": 1, "neck": 96}
        shape["stem"] = 1 if side < 128 else 2
        settings |= shape
        net = nets.detector(**nets.detector_arguments(data.schema), **shape)
        epochs = 2 * epochs_for(count)
    desired_turns = (request.epochs or epochs) * turns_per_epoch(settings, count)
    affordable_turns = (
        desired_turns if request.epochs else turns_within(net, settings, data, request)
    )
    turns = max(1, min(desired_turns, affordable_turns))
    return settings | {"turns": turns, "average": average_decay(turns)}
