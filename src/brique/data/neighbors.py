"""Whether two pictures are far more alike than other pictures of their set.

Silhouettes of one shape, drawn anew, correlate at 0.97 and are different things; a copy stands out
of them: what is left of one picture when the other explains what it can is small beside what its
nearest neighbors leave.
"""

import numpy as np
import torch
from torch import Tensor

from brique.data import overlay
from brique.data.overlay import SIDE

_NEAREST = 12  # neighbors looked at, of each picture
_PLACE = 8  # the one with which a pair is compared, so that a few copies of one do not hide it
_FEWEST = 3  # neighbors below which there is nothing to compare with
_RATIOS = (0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05)  # most that a copy leaves, in its neighbors'
_SHELL = 1.5  # times a bound: chance brings as many pairs beyond it as ...
_GROWTH = _SHELL**4 - 1  # ... times those within, where pictures vary in four ways or more
_CHANCE, _SHARE = 1 / 3000, 0.05  # of all pictures, of the pairs found: most pairs by chance
_BLOCK = 2048
_MOST = 1000  # pairs tested; of more, those that leave least unexplained


def unexplained(one: np.ndarray, two: np.ndarray, *, is_laid: bool = False) -> np.ndarray:
    """Return the share of brightness that one thumbnail does not explain of another: (P,).

    Explained is what a gain, an offset and a blur make of either. is_laid: lay them first.
    """
    size = SIDE * SIDE
    found: list[Tensor] = []
    for start in range(0, len(one), _BLOCK):
        first, second = (
            torch.from_numpy(t[start : start + _BLOCK, :size].astype(np.float32)).view(
                -1, 1, SIDE, SIDE
            )
            for t in (one, two)
        )
        if is_laid:
            first, second = overlay.laid(first, second)
        found.append(overlay.unexplained(first, second))
    return torch.cat(found).numpy() if found else np.empty(0, np.float32)


def stand_out(
    thumbs: np.ndarray,
    vectors: tuple[Tensor, np.ndarray],
    pairs: np.ndarray,
    is_laid: np.ndarray,
) -> np.ndarray:
    """Tell which pairs (P, 2) stand out of their set: (P,), bool.

    vectors: of unit length (M, D), and the picture of each (M,), rising. is_laid: (P,), whether a
    pair is alike only when laid upon each other. All of a set too small to tell do.
    """
    ratios = np.full(len(pairs), np.inf, np.float32)
    if len(vectors[1]) - 2 < _FEWEST:
        return np.ones(len(pairs), bool)
    for laid in (False, True):
        some = np.flatnonzero(is_laid == laid)
        if len(some) > _MOST:
            one, two = (thumbs[pairs[some, side]] for side in (0, 1))
            some = some[np.argsort(unexplained(one, two, is_laid=laid), kind="stable")[:_MOST]]
        if len(some):
            ratios[some] = _ratios(thumbs, vectors, pairs[some], is_laid=laid)
    return ratios <= _bound(ratios, len(thumbs))


def _bound(ratios: np.ndarray, count: int) -> float:
    """Return the largest bound below which chance brings few pairs, seen by those just above."""
    for bound in _RATIOS:
        within = int((ratios <= bound).sum())
        beyond = int((ratios <= _SHELL * bound).sum()) - within
        if beyond / _GROWTH <= max(0.5, _CHANCE * count, _SHARE * within):
            return bound
    return 0.0


def _ratios(
    thumbs: np.ndarray, vectors: tuple[Tensor, np.ndarray], pairs: np.ndarray, *, is_laid: bool
) -> np.ndarray:
    """Return what pairs leave unexplained, in what their neighbors do: (P,)."""
    own = unexplained(thumbs[pairs[:, 0]], thumbs[pairs[:, 1]], is_laid=is_laid)
    pictures, places = np.unique(pairs, return_inverse=True)
    near = _nearest(vectors, pictures)
    count = near.shape[1]
    left = unexplained(
        thumbs[np.repeat(pictures, count)], thumbs[near.ravel()], is_laid=is_laid
    ).reshape(len(pictures), count)
    ratios = np.zeros(len(pairs), np.float32)
    for side in (0, 1):
        row = places.reshape(-1, 2)[:, side]
        others = np.where(near[row] == pairs[:, 1 - side, None], np.inf, left[row])
        others.sort(axis=1)
        reference = others[:, min(_PLACE, count - 1) - 1]
        ratios = np.maximum(ratios, own / np.maximum(reference, 1e-6))
    return ratios


def _nearest(vectors: tuple[Tensor, np.ndarray], pictures: np.ndarray) -> np.ndarray:
    """Return the nearest neighbors of pictures (Q, n), each one a picture."""
    units, rows = vectors
    places = torch.from_numpy(np.searchsorted(rows, pictures))
    count = min(_NEAREST, len(rows) - 1)
    found: list[Tensor] = []
    for some in places.split(256):
        products = units[some] @ units.T
        products[torch.arange(len(some)), some] = -2
        found.append(products.topk(count, 1).indices)
    return rows[torch.cat(found).numpy()]
