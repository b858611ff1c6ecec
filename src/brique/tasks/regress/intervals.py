"""Intervals that hold 90% of the truths, by what a net missed on valid."""

import torch
from torch import Tensor, nn

from brique.bricks.restore import BINS
from brique.data import Split
from brique.evaluation.conformal import quantile
from brique.tasks.regress.predict import restoring
from brique.tasks.regress.reading import read

COVERED = 0.9
LEAST = 100  # examples of valid in each range of answers


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set a net's intervals to those that held 90% of the truths on a validation part.

    net: inputs -> numbers (N, K), by way of one `brique.bricks.Restore`; without, nothing is set.
    valid: examples that no weight was fitted on. Where there are 200 or more, answers are parted
        into up to ten ranges of as many examples each, so that an interval is as wide as the net is
        off at such answers; with fewer than 10 no interval is known.
    Source: Vovk, Gammerman, Shafer 2005, "Algorithmic learning in a random world", chapter 4:
        split conformal prediction, by ranges (Mondrian).
    """
    brick = restoring(net)
    if brick is None or len(valid) < 10:
        return
    reading = read(net, valid)
    for place in range(reading.said.shape[1]):
        said, missed = reading.said[:, place], (reading.said - reading.truth)[:, place].abs()
        edges = _edges(said)
        brick.edges[place] = torch.inf
        brick.edges[place, : len(edges)] = edges.to(brick.edges)
        within = torch.searchsorted(edges, said.contiguous())
        halves = [quantile(missed[within == one]) for one in range(len(edges) + 1)]
        brick.reach[place] = torch.tensor(halves + [halves[-1]] * (BINS - len(halves)))


def _edges(said: Tensor) -> Tensor:
    """Return where ranges of answers (N,) end, the last one left out; equal answers share one."""
    count = max(1, min(BINS, len(said) // LEAST))
    kept: list[Tensor] = []
    before = 0
    for edge in said.quantile(torch.arange(1, count) / count) if count > 1 else ():
        until = int((said <= edge).sum())
        if min(until - before, len(said) - until) >= LEAST // 2:
            kept.append(edge)
            before = until
    return torch.stack(kept) if kept else said.new_empty(0)
