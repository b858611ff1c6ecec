"""Temperature scaling of a classifier, on held-out examples."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from brique.bricks import Temperature
from brique.data import Split
from brique.errors import ShapeError
from brique.evaluation.calibration import MIN_EXAMPLES, fit_temperature, temperature
from brique.inference import even_indices
from brique.tasks.classify.outputs import collect_outputs

_MAX_SCORES = 5_000_000  # scores at most for fitting a temperature


def calibrate(
    net: nn.Module, valid: Split, halves: Iterable[tuple[nn.Module, Split]] = ()
) -> float:
    """Fit the temperature of a net on held-out examples, set it, and return it.

    net: inputs (N, ...) -> scores (N, K), with one `brique.bricks.Temperature`; it runs as in
        `evaluate`. Its predicted classes stay, its probabilities change.
    valid: held-out examples. With fewer than 20, those of the halves included, the temperature
        stays.
    halves: nets of the same architecture, each trained on half of the examples, with the other
        half. Such a net is more overconfident, in proportion to 1/n, so its temperature is taken as
        the square of this net's. (It is usually smaller: the correction errs on the safe side.)
    Returns a number in [0.05, 20] that minimizes the log loss of all examples plus a penalty of 3
    nats per unit of |log temperature|. The penalty keeps it near 1 when examples are few or all
    correct, and is negligible when they are many.
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
    """Return a net's scores on a split at temperature 1, the labels, and the power."""
    names = split.schema[split.schema.target].names
    outputs = collect_outputs(net, split, names)
    subset = even_indices(len(split), _MAX_SCORES // len(names))
    return outputs.scores[subset].double() * temperature(net), outputs.label[subset], power


def _temperature_layer(net: nn.Module) -> Temperature:
    layers = [module for module in net.modules() if isinstance(module, Temperature)]
    if len(layers) != 1:
        raise ShapeError(
            f"calibrate: expected a net with one brique.bricks.Temperature, got {len(layers)} in"
            f" a {type(net).__name__}; end its head in one."
        )
    return layers[0]
