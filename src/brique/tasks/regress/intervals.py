"""Conformal prediction intervals with 90% coverage, from the errors on valid."""

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.evaluation.conformal import quantile
from brique.nets.denormalize import BINS
from brique.tasks.regress.outputs import collect_outputs
from brique.tasks.regress.predict import denormalize_layer

MIN_EXAMPLES = 100  # validation examples in each bin of predictions


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set the half widths of a net's intervals, which cover 90% of the validation targets.

    net: inputs -> numbers (N, K), with one `Denormalize` layer; without it, nothing is set.
    valid: examples that no weight was fitted on. From 200 on, predictions are split into up to ten
        bins of as many examples each, and each bin has its own width; below 10 nothing is set.
    Source: Vovk, Gammerman, Shafer 2005, "Algorithmic learning in a random world", chapter 4:
        split conformal prediction, by ranges (Mondrian).
    """
    layer = denormalize_layer(net)
    if layer is None or len(valid) < 10:
        return
    outputs = collect_outputs(net, valid)
    for index in range(outputs.predictions.shape[1]):
        predictions = outputs.predictions[:, index]
        errors = (predictions - outputs.target[:, index]).abs()
        edges = _bin_edges(predictions)
        layer.edges[index] = torch.inf
        layer.edges[index, : len(edges)] = edges.to(layer.edges)
        bin_of = torch.searchsorted(edges, predictions.contiguous())
        half_widths = [quantile(errors[bin_of == bin_index]) for bin_index in range(len(edges) + 1)]
        layer.half_width[index] = torch.tensor(
            half_widths + [half_widths[-1]] * (BINS - len(half_widths))
        )


def _bin_edges(predictions: Tensor) -> Tensor:
    """Return the upper edges of all bins of predictions (N,) but the last; ties share a bin."""
    count = max(1, min(BINS, len(predictions) // MIN_EXAMPLES))
    edges: list[Tensor] = []
    start = 0
    for edge in predictions.quantile(torch.arange(1, count) / count) if count > 1 else ():
        stop = int((predictions <= edge).sum())
        if min(stop - start, len(predictions) - stop) >= MIN_EXAMPLES // 2:
            edges.append(edge)
            start = stop
    return torch.stack(edges) if edges else predictions.new_empty(0)
