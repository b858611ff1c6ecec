"""Evaluation of a forecaster on test, with baselines."""

import time
from typing import Any

from torch import Tensor, nn

from brique.data import Data
from brique.evaluation import bootstrap
from brique.evaluation.result import Result, finite
from brique.tasks.forecast import baselines
from brique.tasks.forecast.metrics import (
    compute_metrics,
    coverage,
    error_by_step,
    skill_interval,
    time_blocks,
)
from brique.tasks.forecast.outputs import Outputs, collect_outputs, mean_squared_error
from brique.tasks.forecast.predict import series_fields, target_std


def evaluate(net: nn.Module, data: Data, *, compare: bool = True) -> Result:
    """Return the metrics of a net on `data.test`, with baselines.

    net: past windows (N, L, C) -> forecasts (N, A) or (N, A, K). It runs once over test, in eval
        mode, without gradients and in float32, on its own device.
    compare: whether to fit linear baselines too; else only the naive forecast and the mean.
    Windows overlap, so confidence intervals and the comparison with the best baseline resample
    blocks of consecutive windows ("block" in the values), each at least as long as the horizon.
    Returns Result; its arrays are ids (N,), and target, predictions, half_width, naive (N, A, K).
    Raises DataError when the test part is empty.
    """
    started = time.perf_counter()
    outputs = collect_outputs(net, data.test)
    std = target_std(data.schema)
    blocks, length = time_blocks(outputs.ids, outputs.target.shape[1])
    _, future = series_fields(data.schema)
    values: dict[str, Any] = {
        "task": "forecast",
        "examples": len(outputs.ids),
        "targets": list(future.names),
        "horizon": outputs.target.shape[1],
        "block": {"windows": length, "count": int(blocks.max()) + 1},
        "test": compute_metrics(outputs.predictions, outputs, std),
        "interval": {"skill": skill_interval(outputs.predictions, outputs, std, blocks)},
        "steps": error_by_step(outputs, std),
        **coverage(outputs, std),
    }
    evaluated = time.perf_counter()
    values |= _compare_with_baselines(outputs, data, blocks, fit=compare)
    finished = time.perf_counter()
    arrays = {
        "ids": outputs.ids, "target": outputs.target, "predictions": outputs.predictions,
        "half_width": outputs.half_width, "naive": outputs.naive,
    }  # fmt: skip
    seconds = {
        "evaluation": round(evaluated - started, 3),
        "baselines": round(finished - evaluated, 3),
    }
    return Result(finite(values), arrays, seconds)


def _compare_with_baselines(
    outputs: Outputs, data: Data, blocks: Tensor, *, fit: bool
) -> dict[str, Any]:
    """Return the metrics of the baselines, and a comparison with the best of them by block."""
    std = target_std(data.schema)
    forecasts = {"naive": outputs.naive, "mean": baselines.mean(data.schema, outputs)}
    forecasts |= baselines.fit_predict(data, data.test) if fit else {}
    entries = {
        name: {
            **compute_metrics(forecast, outputs, std),
            "interval": skill_interval(forecast, outputs, std, blocks),
        }
        for name, forecast in forecasts.items()
    }  # fmt: skip
    best = max(forecasts, key=lambda name: entries[name]["skill"])

    def block_losses(forecast: Tensor) -> Tensor:
        return bootstrap.group_sums(mean_squared_error(forecast, outputs.target, std), blocks)

    comparison = bootstrap.compare(
        best, block_losses(outputs.predictions), block_losses(forecasts[best])
    )
    return {"baseline": entries, "comparison": comparison | {"unit": "block"}}
