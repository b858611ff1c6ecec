"""Prediction intervals with 90% coverage at each step, from the errors on valid."""

from torch import nn

from brique.data import Split
from brique.evaluation.conformal import quantile
from brique.tasks.forecast.outputs import collect_outputs
from brique.tasks.forecast.predict import interval_layer

_MIN_WINDOWS = 20


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set the half widths of a net's intervals, which cover 90% of the validation targets per step.

    net: past windows -> forecasts, with one `PredictionInterval` layer; without it, nothing is set.
    valid: windows that no weight was fitted on; below 20 nothing is set.
    Errors are scaled by the recent changes of their window, so intervals are wider where the series
    varies more. When the series drifts, coverage may differ from 90%; the result reports the
    coverage on test.
    Source: Lei et al. 2018, arXiv:1604.04173, section 5.2 (locally weighted conformal bands).
    """
    layer = interval_layer(net)
    if layer is None or len(valid) < _MIN_WINDOWS:
        return
    outputs = collect_outputs(net, valid)
    errors = (outputs.predictions - outputs.target).abs()
    scaled_errors = errors / outputs.scale.unsqueeze(1)  # (N, A, K)
    for step in range(scaled_errors.shape[1]):
        for index in range(scaled_errors.shape[2]):
            layer.half_width[step, index] = quantile(scaled_errors[:, step, index])
