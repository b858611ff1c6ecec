"""The temperature of a classifier, fitted on what it has not seen."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from brique.bricks import Temperature
from brique.data import Split
from brique.errors import ShapeError
from brique.evaluation.calibration import LEAST, fitted, temperature
from brique.inference import evenly
from brique.tasks.classify.reading import read

_NUMBERS = 5_000_000  # scores at most that a temperature is fitted on


def calibrate(
    net: nn.Module, valid: Split, halves: Iterable[tuple[nn.Module, Split]] = ()
) -> float:
    """Set a net's temperature to the one that fits what it has not seen best, and return it.

    net: inputs (N, ...) -> scores (N, K) by way of one `brique.bricks.Temperature`; it is asked as
        in `judge`. Its answers stay, its probabilities change.
    valid: examples that no weight was fitted on. Where they are, with those of the halves, fewer
        than 20, the temperature stays.
    halves: nets like this one that learnt from half of its examples each, and the other half. Such
        a net is too sure of itself by more, as 1/n goes: its temperature is taken for the square of
        this net's. (More often it is less than that, so that this one changes too little, not too
        much.)
    Returns a number in [0.05, 20]. It minimizes the log loss of all examples plus 3 nats for each
    unit of |log temperature|: few examples, or some without a mistake, leave it near 1, and make no
    net too sure of itself; where many speak for another, 3 nats are nothing.
    Raises ShapeError when the net has no temperature, or several.
    """
    brick = _brick(net)
    asked = [(net, valid, 1), *((half, rest, 2) for half, rest in halves)]
    said = [_said(one, split, power) for one, split, power in asked if len(split)]
    if sum(len(split) for _, split, _ in asked) >= LEAST:
        with torch.no_grad():
            brick.value.fill_(fitted(said))
    return float(brick.value)


def _said(net: nn.Module, split: Split, power: int) -> tuple[Tensor, Tensor, int]:
    """Return what a net says of a part, at temperature 1: scores, classes and the power."""
    names = split.schema[split.schema.target].names
    reading = read(net, split, names)
    some = evenly(len(split), _NUMBERS // len(names))
    return reading.scores[some].double() * temperature(net), reading.label[some], power


def _brick(net: nn.Module) -> Temperature:
    bricks = [part for part in net.modules() if isinstance(part, Temperature)]
    if len(bricks) != 1:
        raise ShapeError(
            f"calibrate: expected a net with one brique.bricks.Temperature, got {len(bricks)} in"
            f" a {type(net).__name__}; let its head end in one."
        )
    return bricks[0]
