"""The training plan: net, optimizer, turns and augmentation, from the data and the time budget.

Costs are estimated for a machine of two cores, a little slower than the ones they were measured on,
so that the same data and minutes give the same plan everywhere. The speed measured before the first
turn can only shorten it.
"""

import math
from typing import Any

import torch
from torch import Tensor

from brique import nets
from brique.data import Data, Split
from brique.data.core import augment
from brique.planning import TRAINING_SHARE, Request, average_decay, multiplications
from brique.planning.fields import plan_fields
from brique.schema import Picture, Schema

WIDTHS = (32, 16)  # multiples of 16 are fast on CPUs
MIN_TURN_SHARE = 0.75  # of the desired turns; below it, half the width is better
MULTIPLICATIONS_PER_SECOND = 85e9  # in convolutions, forward and backward
TURN_SECONDS = 0.004  # overhead of a turn
MIN_VALID = 100  # with fewer validation examples, calibrate on halves of train too


def plan(data: Data, request: Request) -> dict[str, Any]:
    """Return the training settings, for pictures or for inputs of any other kind."""
    fields = [data.schema[name] for name in data.schema.inputs]
    is_picture = len(fields) == 1 and isinstance(fields[0], Picture)
    return (plan_pictures if is_picture else plan_fields)(data, request)


def plan_pictures(data: Data, request: Request) -> dict[str, Any]:
    """Return the training settings for pictures: a function of data and request alone."""
    count = len(data.train)
    settings: dict[str, Any] = {
        "data": request.source,
        "seed": request.seed,
        "options": request.options,
        "batch_size": min(count, 32 if count < 1000 else 64 if count < 20_000 else 128),
        "patience": 10,
        "balance": request.balance,
        "halves": False,
        **_optimizer(count),
        **augmentation(data.train, data.schema),
    }
    if request.start is not None:
        return settings | _fine_tuning(count, request)
    settings |= _architecture(data.schema)
    best = settings
    for width in WIDTHS:
        best = fit_to_time(settings | {"width": width}, data, request)
        if request.epochs is not None or best["turns"] >= MIN_TURN_SHARE * _desired_turns(
            best, count, request
        ):
            break
    if _can_halve(data):
        halved = fit_to_time(best | {"halves": True}, data, request)
        best = halved if halved["turns"] == best["turns"] else best
    return best


def _can_halve(data: Data) -> bool:
    """Tell whether valid is too small for calibration, and halves of train would help."""
    labels = data.train[data.schema.target]
    assert isinstance(labels, Tensor)
    rarest = int(labels.bincount().min())
    return len(data.valid) < MIN_VALID <= len(data.train) and rarest >= 4  # two in each half


def fit_to_time(settings: dict[str, Any], data: Data, request: Request) -> dict[str, Any]:
    """Return the settings with the desired turns, or as many as the time budget allows."""
    turns = _desired_turns(settings, len(data.train), request)
    if request.epochs is None:
        field = data.schema[data.schema.inputs[0]]
        assert isinstance(field, Picture)
        shape = {name: settings[name] for name in ("width", "depth", "stages", "stem")}
        net = nets.residual(**nets.residual_arguments(data.schema), **shape)
        cost = settings["batch_size"] * (2 if settings["halves"] else 1)
        cost *= multiplications(net, field.shape)
        turns = min(
            turns,
            int(
                60
                * request.minutes
                * TRAINING_SHARE
                / (TURN_SECONDS + 3 * cost / MULTIPLICATIONS_PER_SECOND)
            ),
        )
    return settings | {"turns": max(1, turns), "average": average_decay(turns)}


def _desired_turns(settings: dict[str, Any], count: int, request: Request) -> int:
    """Return the turns for the desired number of epochs."""
    return (request.epochs or epochs_for(count)) * max(1, count // settings["batch_size"])


def epochs_for(count: int) -> int:
    """Return the default number of epochs for `count` training pictures."""
    return round(min(120.0, max(20.0, 2000 / math.sqrt(count))))


def _optimizer(count: int) -> dict[str, Any]:
    """Return the optimizer: on many pictures SGD learns faster (docs/log.md)."""
    if count < 10_000:
        return {"optimizer": "adamw", "lr": 3e-3, "weight_decay": 0.05}
    return {"optimizer": "sgd", "lr": 0.15, "weight_decay": 5e-4}


def augmentation(train: Split, schema: Schema) -> dict[str, Any]:
    """Return the augmentations that keep the class of a picture, and the fill value."""
    defaults = augment.default(schema)
    assert defaults is not None
    return {
        "mirror": defaults.mirror,
        "shift": defaults.shift,
        "rotate": defaults.rotate,
        "zoom": defaults.zoom,
        "light": defaults.light,
        "fill": _background(train, schema.inputs[0]),
    }


def _architecture(schema: Schema) -> dict[str, int]:
    """Return depth, stages and stem: the last feature map is about 4 x 4."""
    field = schema[schema.inputs[0]]
    assert isinstance(field, Picture)
    side = min(field.shape[1:])
    stem = 1 if side < 48 else 2 if side < 128 else 4
    stages = min(4, max(2, int(math.log2(max(4, side // stem))) - 1))
    return {"depth": 1, "stages": stages, "stem": stem}


def _fine_tuning(count: int, request: Request) -> dict[str, Any]:
    """Return the settings for fine-tuning a pretrained net; its cost is measured, not estimated.

    A frozen body needs no augmentation, and a few epochs are enough; a trained body gets a far
    lower learning rate than its new head (docs/log.md).
    """
    batch_size = min(count, 16)
    turns = (request.epochs or (8 if request.freeze else 15)) * (count // batch_size)
    return {
        "start": request.start,
        "freeze": request.freeze,
        "batch_size": batch_size,
        **_optimizer(0),
        "body_lr": 1.0 if request.freeze else 0.03,
        "turns": turns,
        "average": average_decay(turns),
        **({"shift": 0.0, "rotate": 0.0, "zoom": 0.0, "light": 0.0} if request.freeze else {}),
    }


def _background(train: Split, field: str) -> float | None:
    """Return the brightness shared by most edges of the training pictures, or None."""
    pixels = train[field]
    assert isinstance(pixels, Tensor)
    sample = pixels[:: max(1, len(pixels) // 1000)]
    edges = torch.cat([sample[:, :, :, 0], sample[:, :, :, -1]], dim=2).flatten()
    brightness, counts = edges.unique(return_counts=True)
    if int(counts.max()) < 0.5 * len(edges):
        return None
    most_common = brightness[counts.argmax()]
    return round(float(most_common) / (255 if pixels.dtype == torch.uint8 else 1), 4)
