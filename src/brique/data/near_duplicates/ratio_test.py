"""Ratio test: whether two pictures are far more similar than other pictures of their set.

Silhouettes of one shape, drawn separately, correlate at 0.97 and are no copies. A copy stands out:
its residual, given the other picture, is small compared with the residuals of nearest neighbors.
"""

import numpy as np
import torch
from torch import Tensor

from brique.data.near_duplicates import registration
from brique.data.near_duplicates.registration import THUMBNAIL_SIDE

_NUM_NEIGHBORS = 12  # of each picture
_REFERENCE_RANK = (
    8  # rank of the neighbor in the ratio, so that a few copies do not hide each other
)
_MIN_NEIGHBORS = 3  # fewer neighbors allow no test
_RATIOS = (0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05)  # of the residual of a copy to those of neighbors
_SHELL = 1.5  # times a bound: chance brings as many pairs beyond it as ...
_GROWTH = _SHELL**4 - 1  # ... times those within, where pictures vary in four ways or more
_CHANCE, _SHARE = 1 / 3000, 0.05  # of all pictures, of the pairs found: most pairs by chance
_BLOCK = 2048
_MAX_PAIRS = 1000  # pairs tested; of more, those that leave least unexplained


def unexplained(
    first_thumbs: np.ndarray, second_thumbs: np.ndarray, *, register: bool = False
) -> np.ndarray:
    """Return the unexplained share of the variance of one thumbnail given the other: (P,).

    The model is a gain, an offset and a blur. is_laid: register them first.
    """
    size = THUMBNAIL_SIDE * THUMBNAIL_SIDE
    shares: list[Tensor] = []
    for start in range(0, len(first_thumbs), _BLOCK):
        first, second = (
            torch.from_numpy(thumbs[start : start + _BLOCK, :size].astype(np.float32)).view(
                -1, 1, THUMBNAIL_SIDE, THUMBNAIL_SIDE
            )
            for thumbs in (first_thumbs, second_thumbs)
        )
        if register:
            first, second = registration.register(first, second)
        shares.append(registration.unexplained(first, second))
    return torch.cat(shares).numpy() if shares else np.empty(0, np.float32)


def stand_out(
    thumbs: np.ndarray,
    vectors: tuple[Tensor, np.ndarray],
    pairs: np.ndarray,
    needs_registration: np.ndarray,
) -> np.ndarray:
    """Return which pairs (P, 2) stand out from their set: (P,), bool.

    vectors: of unit length (M, D), and the picture of each (M,), sorted. is_laid: (P,), whether a
    pair is similar only after registration. In a set too small to test, all do.
    """
    ratios = np.full(len(pairs), np.inf, np.float32)
    if len(vectors[1]) - 2 < _MIN_NEIGHBORS:
        return np.ones(len(pairs), bool)
    for registered in (False, True):
        rows = np.flatnonzero(needs_registration == registered)
        if len(rows) > _MAX_PAIRS:
            first, second = (thumbs[pairs[rows, side]] for side in (0, 1))
            rows = rows[
                np.argsort(unexplained(first, second, register=registered), kind="stable")[
                    :_MAX_PAIRS
                ]
            ]
        if len(rows):
            ratios[rows] = _ratios(thumbs, vectors, pairs[rows], register=registered)
    return ratios <= _ratio_bound(ratios, len(thumbs))


def _ratio_bound(ratios: np.ndarray, count: int) -> float:
    """Return the largest threshold with few chance pairs below it, estimated just above it."""
    for bound in _RATIOS:
        within = int((ratios <= bound).sum())
        beyond = int((ratios <= _SHELL * bound).sum()) - within
        if beyond / _GROWTH <= max(0.5, _CHANCE * count, _SHARE * within):
            return bound
    return 0.0


def _ratios(
    thumbs: np.ndarray, vectors: tuple[Tensor, np.ndarray], pairs: np.ndarray, *, register: bool
) -> np.ndarray:
    """Return the ratio of the residuals of pairs to those of their neighbors: (P,)."""
    own_residual = unexplained(thumbs[pairs[:, 0]], thumbs[pairs[:, 1]], register=register)
    pictures, positions = np.unique(pairs, return_inverse=True)
    neighbors = _nearest_neighbors(vectors, pictures)
    count = neighbors.shape[1]
    residuals = unexplained(
        thumbs[np.repeat(pictures, count)], thumbs[neighbors.ravel()], register=register
    ).reshape(len(pictures), count)
    ratios = np.zeros(len(pairs), np.float32)
    for side in (0, 1):
        row = positions.reshape(-1, 2)[:, side]
        others = np.where(neighbors[row] == pairs[:, 1 - side, None], np.inf, residuals[row])
        others.sort(axis=1)
        reference = others[:, min(_REFERENCE_RANK, count - 1) - 1]
        ratios = np.maximum(ratios, own_residual / np.maximum(reference, 1e-6))
    return ratios


def _nearest_neighbors(vectors: tuple[Tensor, np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """Return the nearest neighbors of pictures (Q, n), each one a picture."""
    units, rows = vectors
    positions = torch.from_numpy(np.searchsorted(rows, pictures))
    count = min(_NUM_NEIGHBORS, len(rows) - 1)
    neighbors: list[Tensor] = []
    for block in positions.split(256):
        products = units[block] @ units.T
        products[torch.arange(len(block)), block] = -2
        neighbors.append(products.topk(count, 1).indices)
    return rows[torch.cat(neighbors).numpy()]
