"""Bands that hold 90% of the truths, step by step, by what a net missed on valid."""

from torch import nn

from brique.data import Split
from brique.evaluation.conformal import quantile
from brique.tasks.forecast.outputs import collect_outputs
from brique.tasks.forecast.predict import interval_layer

_MIN_WINDOWS = 20  # windows


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set a net's band to that which held 90% of the truths on a validation part, at each step.

    net: pasts -> futures, by way of one `brique.bricks.Band`; without, nothing is set.
    valid: windows that no weight was fitted on; of fewer than 20 no band is known.
    What is missed is measured in the unrest of its window, so that the band is wider where the
    series has moved more. As a series drifts, more or fewer than 90% may lie in the band later; how
    many do on test is told.
    Source: Lei et al. 2018, arXiv:1604.04173, section 5.2 (locally weighted conformal bands).
    """
    layer = interval_layer(net)
    if layer is None or len(valid) < _MIN_WINDOWS:
        return
    outputs = collect_outputs(net, valid)
    scaled_errors = (outputs.predictions - outputs.target).abs() / outputs.scale.unsqueeze(
        1
    )  # (N, A, K)
    for step in range(scaled_errors.shape[1]):
        for index in range(scaled_errors.shape[2]):
            layer.half_width[step, index] = quantile(scaled_errors[:, step, index])
