"""How well a series is forecast, with intervals by blocks of windows."""

from typing import Any

import torch
from torch import Tensor

from brique.evaluation import bootstrap
from brique.tasks.forecast.outputs import Outputs, mean_squared_error, skill

_MIN_BLOCKS = 30  # of consecutive windows, at least, where there are enough


_HORIZONS_PER_BLOCK = 3  # futures that a block spans, if there are enough windows


def time_blocks(ids: Tensor, horizon: int) -> tuple[Tensor, int]:
    """Return the block of each window (N,), int64, and how many windows a block has.

    A block ends where the next window is not the next of the series; what is left of a run there,
    too short for a block, belongs to the one before.
    """
    length = max(horizon, min(_HORIZONS_PER_BLOCK * horizon, len(ids) // _MIN_BLOCKS))
    segment = torch.zeros(len(ids), dtype=torch.int64)
    segment[1:] = (ids.diff() != 1).cumsum(0)
    segment_start = torch.searchsorted(segment, segment)  # where the run of each begins
    blocks_in_segment = (
        torch.bincount(segment)[segment] // length
    )  # whole blocks in the run of each
    block_in_segment = torch.minimum(
        (torch.arange(len(ids)) - segment_start) // length, (blocks_in_segment - 1).clamp(min=0)
    )
    _, blocks = torch.stack([segment, block_in_segment], dim=1).unique(dim=0, return_inverse=True)
    return blocks, length


def compute_metrics(predictions: Tensor, outputs: Outputs, std: Tensor) -> dict[str, float]:
    """Return the skill, and two errors: of several targets in standard deviations."""
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
    """Return the 95% interval of the skill, by drawing blocks again."""
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
    """Return the RMSE of the net and of the naive forecast at each step, over the std."""

    def by_step(predictions: Tensor) -> list[float]:
        errors = (predictions - outputs.target).double() / std.double()
        return [round(value, 6) for value in errors.square().mean(dim=(0, 2)).sqrt().tolist()]

    return {"net": by_step(outputs.predictions), "naive": by_step(outputs.naive)}


def coverage(outputs: Outputs, std: Tensor) -> dict[str, Any]:
    """Return how many truths the 90% band holds, in all and by step, and how wide it is.

    The width is in the unit of the target; of several targets in standard deviations of each.
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
