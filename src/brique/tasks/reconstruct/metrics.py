"""How well pictures are rebuilt."""

from torch import Tensor


def scores(off: Tensor, usual: Tensor) -> dict[str, float]:
    """Return R2, of the mean picture's squared error, and the root mean square a pixel."""
    whole = float(usual.mean())
    return {
        "r2": 1 - float(off.mean()) / whole if whole else 0.0,
        "rmse": float(off.mean().sqrt()),
    }
