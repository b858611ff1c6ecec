"""Metrics of reconstructions."""

from torch import Tensor


def compute_metrics(errors: Tensor, mean_errors: Tensor) -> dict[str, float]:
    """Return R², relative to the mean picture, and the root mean square error per pixel."""
    variance = float(mean_errors.mean())
    return {
        "r2": 1 - float(errors.mean()) / variance if variance else 0.0,
        "rmse": float(errors.mean().sqrt()),
    }
