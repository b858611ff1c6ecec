"""Bands that hold 90% of the truths, step by step, by what a net missed on valid."""

from torch import nn

from brique.data import Split
from brique.evaluation.conformal import quantile
from brique.tasks.forecast.predict import banding
from brique.tasks.forecast.reading import read

_LEAST = 20  # windows


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set a net's band to that which held 90% of the truths on a validation part, at each step.

    net: pasts -> futures, by way of one `brique.bricks.Band`; without, nothing is set.
    valid: windows that no weight was fitted on; of fewer than 20 no band is known.
    What is missed is measured in the unrest of its window, so that the band is wider where the
    series has moved more. As a series drifts, more or fewer than 90% may lie in the band later; how
    many do on test is told.
    Source: Lei et al. 2018, arXiv:1604.04173, section 5.2 (locally weighted conformal bands).
    """
    brick = banding(net)
    if brick is None or len(valid) < _LEAST:
        return
    reading = read(net, valid)
    missed = (reading.said - reading.truth).abs() / reading.unrest.unsqueeze(1)  # (N, A, K)
    for step in range(missed.shape[1]):
        for place in range(missed.shape[2]):
            brick.reach[step, place] = quantile(missed[:, step, place])
