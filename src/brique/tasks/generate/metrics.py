"""Whether made pictures can be told from real ones."""

from torch import Tensor

from brique.evaluation import bootstrap
from brique.evaluation.samples import own_neighbors


def own_kind(real: Tensor, made: Tensor) -> Tensor:
    """Return whether the nearest of a real and of a made picture is of its own kind: (N, 2)."""
    return own_neighbors(real, made).view(2, -1).T


def scores(own: Tensor) -> dict[str, float]:
    """Return the shares of real and of made pictures whose nearest is of the other kind."""
    real, made = (1 - own).mean(dim=0).tolist()
    return {"mixed": min(1.0, 2 * real, 2 * made), "real": real, "made": made}


def mixed(own: Tensor) -> bootstrap.Scored:
    """Return a function from how often each pair is drawn to the share that is mixed."""
    other = 1 - own
    return lambda often: (2 * (often @ other).amin(dim=1) / often.sum(dim=1)).clamp(max=1)
