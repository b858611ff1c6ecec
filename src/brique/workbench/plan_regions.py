"""The plan of a training on pictures with masks or boxes: a function of the data and the time.

What a turn costs is reckoned for a machine of two cores; a speed that is measured may only shorten
the training.
"""

import math
from typing import Any

from torch import nn

from brique import nets
from brique.data import Data, augment
from brique.errors import UsageError
from brique.schema import Picture
from brique.workbench.plan import LOOKS, SHARE, Wishes, decay, multiplications

RATE = 70e9  # multiplications a second in convolutions, forward and back
TURN = 0.02  # seconds that a turn costs besides
WIDTHS = (32, 24, 16)
_LEAST = 40  # epochs, or the net is made smaller


def plan_segment(opened: Data, wishes: Wishes) -> dict[str, Any]:
    """Return the settings of a training on pictures with masks.

    The net is the widest that sees each picture forty times within the minutes. Rare classes count
    more by half a power of their rareness, which helps on valid (docs/log.md), or by all of it.
    Raises UsageError for a balance by whole pictures.
    """
    if wishes.balance == "sampler":
        raise UsageError(
            "train: --balance sampler shows examples of rare classes more often, and a picture"
            " holds many classes; take weights, by which their pixels count more."
        )
    count = len(opened.train)
    settings = _asked(opened, wishes, min(count, 8)) | {"depth": 1, **_stages(_picture(opened))}
    settings["rareness"] = 1.0 if wishes.balance == "weights" else 0.5
    wanted = (wishes.epochs or _epochs(count)) * _per_epoch(settings, count)

    def made(width: int) -> nn.Module:
        shape = {name: settings[name] for name in ("depth", "stages", "stem")}
        return nets.unet(**nets.unet_arguments(opened.schema), **shape, width=width)

    turns = 1
    for width in WIDTHS:
        settings["width"] = width
        fits = wanted if wishes.epochs else _fitting(made(width), settings, opened, wishes)
        turns = min(wanted, fits)
        if turns >= min(wanted, _LEAST * _per_epoch(settings, count)):
            break
    turns = max(1, turns)
    return settings | {"turns": turns, "average": decay(turns)}


def plan_detect(opened: Data, wishes: Wishes) -> dict[str, Any]:
    """Return the settings of a training on pictures with boxes.

    Boxes need more epochs than classes do: only a few places of a picture learn at a time.
    Raises UsageError for a balance, which boxes do not have.
    """
    if wishes.balance != "none":
        raise UsageError(
            f"train: --balance {wishes.balance} is for classes of whole examples or of pixels, and"
            " boxes are found one by one; leave it out."
        )
    count, side = len(opened.train), min(_picture(opened).shape[1:])
    settings = _asked(opened, wishes, min(count, 16))
    del settings["turn"]  # boxes would grow
    settings["zoom"] = max(settings["zoom"], 0.25)
    if wishes.start is not None:
        settings |= {"start": wishes.start, "freeze": wishes.freeze,
                     "body_lr": 1.0 if wishes.freeze else 0.1}  # fmt: skip
        net: nn.Module = nets.detector(3, 1, backbone="squeezenet")
        epochs = _epochs(count) // 2
    else:
        shape: dict[str, Any] = {"width": 24, "depth": 1, "neck": 96}
        shape["stem"] = 1 if side < 128 else 2
        settings |= shape
        net = nets.detector(**nets.detector_arguments(opened.schema), **shape)
        epochs = 2 * _epochs(count)
    wanted = (wishes.epochs or epochs) * _per_epoch(settings, count)
    fits = wanted if wishes.epochs else _fitting(net, settings, opened, wishes)
    turns = max(1, min(wanted, fits))
    return settings | {"turns": turns, "average": decay(turns)}


def _asked(opened: Data, wishes: Wishes, batch_size: int) -> dict[str, Any]:
    """Return what the wishes say, and how pictures may change without showing something else."""
    change = augment.default(opened.schema)
    assert change is not None
    return {
        "data": wishes.source, "options": wishes.options, "seed": wishes.seed, "patience": 10,
        "batch_size": batch_size, "mirror": change.mirror, "shift": change.shift,
        "turn": change.turn, "zoom": change.zoom, "light": change.light,
    }  # fmt: skip


def _picture(opened: Data) -> Picture:
    field = opened.schema[opened.schema.inputs[0]]
    assert isinstance(field, Picture)
    return field


def _stages(field: Picture) -> dict[str, int]:
    """Return stem and stages: the last stage of any picture has about 8 x 8 places or more."""
    side = min(field.shape[1:])
    stem = 1 if side < 96 else 2 if side < 320 else 4
    return {"stem": stem, "stages": min(5, max(2, int(math.log2(max(4, side // stem))) - 2))}


def _epochs(count: int) -> int:
    """Return how often each of so many training pictures is seen, if time allows."""
    return round(min(200.0, max(30.0, 2000 / math.sqrt(count))))


def _per_epoch(settings: dict[str, Any], count: int) -> int:
    return max(1, count // settings["batch_size"])


def _fitting(net: nn.Module, settings: dict[str, Any], opened: Data, wishes: Wishes) -> int:
    """Return the turns that the minutes are enough for, looks at valid included."""
    each = multiplications(net, _picture(opened).shape)
    looks = LOOKS * len(opened.valid) * each / RATE
    per_turn = TURN + 3 * settings["batch_size"] * each / RATE
    return int((60 * wishes.minutes * SHARE - looks) / per_turn)
