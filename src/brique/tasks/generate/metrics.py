"""Whether made pictures can be told from real ones."""

from torch import Tensor

from brique.evaluation import bootstrap
from brique.evaluation.two_sample import own_neighbor_shares


def is_own_kind(real: Tensor, generated: Tensor) -> Tensor:
    """Return whether the nearest of a real and of a made picture is of its own kind: (N, 2)."""
    return own_neighbor_shares(real, generated).view(2, -1).T


def compute_metrics(is_own: Tensor) -> dict[str, float]:
    """Return the shares of real and of made pictures whose nearest is of the other kind."""
    real_share, generated_share = (1 - is_own).mean(dim=0).tolist()
    return {
        "mixing": min(1.0, 2 * real_share, 2 * generated_share),
        "real": real_share,
        "generated": generated_share,
    }


def mixing_statistic(is_own: Tensor) -> bootstrap.Statistic:
    """Return a function from how often each pair is drawn to the share that is mixed."""
    is_other_kind = 1 - is_own
    return lambda weights: (2 * (weights @ is_other_kind).amin(dim=1) / weights.sum(dim=1)).clamp(
        max=1
    )
