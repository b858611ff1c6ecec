"""Metrics of generated pictures: how well they mix with real ones."""

from torch import Tensor

from brique.evaluation import bootstrap
from brique.evaluation.two_sample import own_neighbor_shares


def is_own_kind(real: Tensor, generated: Tensor) -> Tensor:
    """Return whether the nearest neighbor is of the own kind (N, 2): real, generated."""
    return own_neighbor_shares(real, generated).view(2, -1).T


def compute_metrics(is_own: Tensor) -> dict[str, float]:
    """Return the shares of pictures whose nearest neighbor is of the other kind, and the mixing."""
    real_share, generated_share = (1 - is_own).mean(dim=0).tolist()
    return {
        "mixing": min(1.0, 2 * real_share, 2 * generated_share),
        "real": real_share,
        "generated": generated_share,
    }


def mixing_statistic(is_own: Tensor) -> bootstrap.Statistic:
    """Return the mixing as a function of bootstrap weights of the pairs."""
    is_other_kind = 1 - is_own
    return lambda weights: (2 * (weights @ is_other_kind).amin(dim=1) / weights.sum(dim=1)).clamp(
        max=1
    )
