"""How well pictures are rebuilt."""

from torch import Tensor


def compute_metrics(errors: Tensor, mean_errors: Tensor) -> dict[str, float]:
    """Return R2, of the mean picture's squared error, and the root mean square a pixel."""
    variance = float(mean_errors.mean())
    return {
        "r2": 1 - float(errors.mean()) / variance if variance else 0.0,
        "rmse": float(errors.mean().sqrt()),
    }
