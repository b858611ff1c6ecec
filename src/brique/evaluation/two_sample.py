"""A two-sample test: whether two samples are of one distribution."""

import torch
from torch import Tensor

from brique.errors import ShapeError

_CHUNK = 500  # points whose distances from all others are held at once


def nearest_neighbor_test(first: Tensor, second: Tensor) -> float:
    """Return the leave-one-out accuracy of a nearest-neighbor classifier of two samples.

    first, second: two samples (N, D) of one size.
    For two samples of one distribution its mean is (N - 1) / (2N - 1), just below a half. It is 1
    for distant samples, and 0 where each point of one equals a point of the other. Of several
    nearest neighbors the share from the own sample counts.
    Raises ShapeError for samples of other shapes.
    Source: Lopez-Paz, Oquab 2016, arXiv:1610.06545; Xu et al. 2018, arXiv:1806.07755, section 2.

    >>> nearest_neighbor_test(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.5], [9.0]]))
    0.5
    """
    return float(own_neighbor_shares(first, second).mean())


def own_neighbor_shares(first: Tensor, second: Tensor) -> Tensor:
    """Return for each point whether its nearest neighbor is of its own sample: (2N,), float64.

    first, second: as for `nearest_neighbor_test`, and its errors. The result is on the CPU.
    """
    if first.ndim != 2 or first.shape != second.shape or not len(first):
        raise ShapeError(
            f"nearest_neighbor_test: the samples have shapes {tuple(first.shape)} and "
            f"{tuple(second.shape)}; pass two of one shape (N, D)."
        )
    points, size = torch.cat([first, second.to(first)]), len(first)
    is_own: list[Tensor] = []
    for start in range(0, 2 * size, _CHUNK):
        chunk = points[start : start + _CHUNK]
        distances = torch.cdist(chunk, points, compute_mode="donot_use_mm_for_euclid_dist")
        distances.diagonal(start).fill_(torch.inf)  # a point is not its own neighbor
        is_nearest = distances == distances.amin(dim=1, keepdim=True)
        is_first = torch.arange(start, start + len(chunk), device=points.device) < size
        share_first = is_nearest[:, :size].sum(dim=1) / is_nearest.sum(dim=1)
        is_own.append(torch.where(is_first, share_first, 1 - share_first).double().cpu())
    return torch.cat(is_own)
