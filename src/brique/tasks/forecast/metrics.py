"""Metrics of forecasts, with confidence intervals by blocks of windows."""

from typing import Any

import torch
from torch import Tensor

from brique.evaluation import bootstrap
from brique.tasks.forecast.outputs import Outputs, mean_squared_error, skill

_MIN_BLOCKS = 30  # if there are enough windows
_HORIZONS_PER_BLOCK = 3  # length of a block, if there are enough windows


def time_blocks(ids: Tensor, horizon: int) -> tuple[Tensor, int]:
    """Return the block of each window (N,), int64, and the number of windows in a block.

    A block ends at each gap in the series; windows left over before a gap join the block before.
    """
    length = max(horizon, min(_HORIZONS_PER_BLOCK * horizon, len(ids) // _MIN_BLOCKS))
    segment = torch.zeros(len(ids), dtype=torch.int64)
    segment[1:] = (ids.diff() != 1).cumsum(0)
    segment_start = torch.searchsorted(segment, segment)  # start of the segment of each window
    blocks_in_segment = torch.bincount(segment)[segment] // length  # whole blocks
    block_in_segment = torch.minimum(
        (torch.arange(len(ids)) - segment_start) // length, (blocks_in_segment - 1).clamp(min=0)
    )
    _, blocks = torch.stack([segment, block_in_segment], dim=1).unique(dim=0, return_inverse=True)
    return blocks, length


def compute_metrics(predictions: Tensor, outputs: Outputs, std: Tensor) -> dict[str, float]:
    """Return skill, RMSE and MAE; with several targets, errors are in standard deviations."""
    naive_error = mean_squared_error(outputs.naive, outputs.target, std)
    unit = std if len(std) > 1 else torch.ones(1)
    errors = (predictions - outputs.target).double() / unit.double()
    return {
        "skill": skill(mean_squared_error(predictions, outputs.target, std), naive_error),
        "rmse": float(errors.square().mean().sqrt()),
        "mae": float(errors.abs().mean()),
    }


def skill_interval(
    predictions: Tensor, outputs: Outputs, std: Tensor, blocks: Tensor
) -> list[float]:
    """Return the 95% interval of the skill, by resampling blocks."""
    model_loss = bootstrap.group_sums(mean_squared_error(predictions, outputs.target, std), blocks)
    naive_loss = bootstrap.group_sums(
        mean_squared_error(outputs.naive, outputs.target, std), blocks
    )
    return list(
        bootstrap.interval(
            lambda weights: 1 - (weights @ model_loss) / (weights @ naive_loss), model_loss
        )
    )


def error_by_step(outputs: Outputs, std: Tensor) -> dict[str, list[float]]:
    """Return the RMSE of net and naive forecast at each step, in standard deviations."""

    def by_step(predictions: Tensor) -> list[float]:
        errors = (predictions - outputs.target).double() / std.double()
        return [round(value, 6) for value in errors.square().mean(dim=(0, 2)).sqrt().tolist()]

    return {"net": by_step(outputs.predictions), "naive": by_step(outputs.naive)}


def coverage(outputs: Outputs, std: Tensor) -> dict[str, Any]:
    """Return the coverage of the 90% intervals, in all and by step, and their mean width.

    The width is in the unit of the target; with several targets, in standard deviations of each.
    """
    if bool(outputs.half_width.isnan().any()):
        return {}
    is_inside = ((outputs.predictions - outputs.target).abs() <= outputs.half_width).double()
    unit = std.double() if len(std) > 1 else torch.ones(1)
    return {
        "coverage": {
            "nominal": 0.9,
            "empirical": float(is_inside.mean()),
            "width": float((2 * outputs.half_width.double() / unit).mean()),
            "steps": [round(value, 4) for value in is_inside.mean(dim=(0, 2)).tolist()],
        }
    }
