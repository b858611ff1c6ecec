"""The temperature of a classifier, fitted on what it has not seen."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from brique.bricks import Temperature
from brique.data import Split
from brique.errors import ShapeError
from brique.evaluation.calibration import MIN_EXAMPLES, fit_temperature, temperature
from brique.inference import even_indices
from brique.tasks.classify.outputs import collect_outputs

_MAX_SCORES = 5_000_000  # scores at most that a temperature is fitted on


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
    layer = _temperature_layer(net)
    splits = [(net, valid, 1), *((half_net, other_half, 2) for half_net, other_half in halves)]
    samples = [_samples(model, split, power) for model, split, power in splits if len(split)]
    if sum(len(split) for _, split, _ in splits) >= MIN_EXAMPLES:
        with torch.no_grad():
            layer.value.fill_(fit_temperature(samples))
    return float(layer.value)


def _samples(net: nn.Module, split: Split, power: int) -> tuple[Tensor, Tensor, int]:
    """Return what a net says of a part, at temperature 1: scores, classes and the power."""
    names = split.schema[split.schema.target].names
    outputs = collect_outputs(net, split, names)
    subset = even_indices(len(split), _MAX_SCORES // len(names))
    return outputs.scores[subset].double() * temperature(net), outputs.label[subset], power


def _temperature_layer(net: nn.Module) -> Temperature:
    layers = [module for module in net.modules() if isinstance(module, Temperature)]
    if len(layers) != 1:
        raise ShapeError(
            f"calibrate: expected a net with one brique.bricks.Temperature, got {len(layers)} in"
            f" a {type(net).__name__}; let its head end in one."
        )
    return layers[0]
