"""Intervals that hold 90% of the truths, by what a net missed on valid."""

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.evaluation.conformal import quantile
from brique.nets.denormalize import BINS
from brique.tasks.regress.outputs import collect_outputs
from brique.tasks.regress.predict import denormalize_layer

COVERAGE = 0.9
MIN_EXAMPLES = 100  # examples of valid in each range of answers


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set a net's intervals to those that held 90% of the truths on a validation part.

    net: inputs -> numbers (N, K), by way of one `brique.bricks.Restore`; without, nothing is set.
    valid: examples that no weight was fitted on. Where there are 200 or more, answers are parted
        into up to ten ranges of as many examples each, so that an interval is as wide as the net is
        off at such answers; with fewer than 10 no interval is known.
    Source: Vovk, Gammerman, Shafer 2005, "Algorithmic learning in a random world", chapter 4:
        split conformal prediction, by ranges (Mondrian).
    """
    layer = denormalize_layer(net)
    if layer is None or len(valid) < 10:
        return
    outputs = collect_outputs(net, valid)
    for index in range(outputs.predictions.shape[1]):
        predictions, errors = (
            outputs.predictions[:, index],
            (outputs.predictions - outputs.target)[:, index].abs(),
        )
        edges = _bin_edges(predictions)
        layer.edges[index] = torch.inf
        layer.edges[index, : len(edges)] = edges.to(layer.edges)
        bin_of = torch.searchsorted(edges, predictions.contiguous())
        half_widths = [quantile(errors[bin_of == bin_index]) for bin_index in range(len(edges) + 1)]
        layer.half_width[index] = torch.tensor(
            half_widths + [half_widths[-1]] * (BINS - len(half_widths))
        )


def _bin_edges(predictions: Tensor) -> Tensor:
    """Return where ranges of answers (N,) end, the last one left out; equal answers share one."""
    count = max(1, min(BINS, len(predictions) // MIN_EXAMPLES))
    edges: list[Tensor] = []
    start = 0
    for edge in predictions.quantile(torch.arange(1, count) / count) if count > 1 else ():
        stop = int((predictions <= edge).sum())
        if min(stop - start, len(predictions) - stop) >= MIN_EXAMPLES // 2:
            edges.append(edge)
            start = stop
    return torch.stack(edges) if edges else predictions.new_empty(0)
