"""Evaluation of a regressor on test, with baselines."""

import time
from typing import Any

from torch import nn

from brique.data import Data
from brique.evaluation.result import Result, finite
from brique.tasks.regress.baselines import compare_with_baselines
from brique.tasks.regress.metrics import compute_metrics, intervals, std_of
from brique.tasks.regress.outputs import Outputs, collect_outputs
from brique.tasks.regress.predict import target_names, target_units


def evaluate(net: nn.Module, data: Data, *, compare: bool = True) -> Result:
    """Return the metrics of a net on `data.test`, with baselines.

    net: inputs -> numbers (N, K), one for each target. It runs once over test, in eval mode,
        without gradients and in float32, on its own device.
    compare: whether to fit baselines on `data.train`, for up to a minute; else only the mean.
    Returns Result; its arrays are ids (N,), target, predictions and half_width (N, K).
    Raises DataError when the test part is empty.
    """
    started = time.perf_counter()
    outputs = collect_outputs(net, data.test)
    values: dict[str, Any] = {
        "task": "regress",
        "examples": len(outputs.ids),
        "targets": target_names(data.schema),
        "units": target_units(data.schema),
        "test": compute_metrics(outputs.predictions, outputs.target),
        "by_target": _metrics_by_target(outputs, target_names(data.schema)),
        "interval": intervals(outputs, data.test.groups),
        **_coverage(outputs),
    }
    evaluated = time.perf_counter()
    values |= compare_with_baselines(outputs, data, fit=compare)
    finished = time.perf_counter()
    arrays = {
        "ids": outputs.ids, "target": outputs.target, "predictions": outputs.predictions,
        "half_width": outputs.half_width,
    }  # fmt: skip
    seconds = {
        "evaluation": round(evaluated - started, 3),
        "baselines": round(finished - evaluated, 3),
    }
    return Result(finite(values), arrays, seconds)


def _metrics_by_target(outputs: Outputs, names: list[str]) -> dict[str, dict[str, float]]:
    """Return the metrics of each target, in its own unit."""
    return {
        name: compute_metrics(outputs.predictions[:, [index]], outputs.target[:, [index]])
        for index, name in enumerate(names)
    }


def _coverage(outputs: Outputs) -> dict[str, Any]:
    """Return the coverage of the 90% intervals, and their mean width.

    The width is in the unit of the target; with several targets, in standard deviations of each.
    """
    if bool(outputs.half_width.isnan().any()):
        return {}
    is_inside = (outputs.predictions - outputs.target).abs() <= outputs.half_width
    width = 2 * outputs.half_width.double()
    width = width / std_of(outputs.target) if width.shape[1] > 1 else width
    return {"coverage": {"nominal": 0.9, "empirical": float(is_inside.double().mean()),
                         "width": float(width.mean())}}  # fmt: skip
