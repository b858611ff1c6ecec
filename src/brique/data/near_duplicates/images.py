"""Near-duplicate pictures: rescaled, recompressed, brightened or slightly cropped.

Each picture becomes a thumbnail, 32 x 32 of brightness and 8 x 8 of color. Pairs with correlated
thumbnails are registered (registration.py), and are near-duplicates if they then agree closely. The
thresholds were set on photographs, faces and digits: benchmarks/audit.md.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from brique.data.near_duplicates import ratio_test, registration
from brique.data.near_duplicates.registration import THUMBNAIL_SIDE

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_SIDE = 16  # smaller pictures have no near-duplicates
_LARGE_SIDE = 64  # larger pictures may be cropped; in smaller ones a shift by a pixel matters
_CHROMA_SIDE = 8
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601, as Pillow's
_MIN_STD = 3.0  # of brightness (0 to 255); flatter pictures are not compared
_MIN_CORRELATION_LARGE, _MIN_CORRELATION = (
    0.8,
    0.97,
)  # of candidates: large pictures, and others
_MAX_CANDIDATES = 10_000  # most similar first
_BLOCK = 1024
_LEAF_SIZE = 512  # pictures compared together
_NUM_AXES = 24  # principal axes for the search


def thumbnail(image: "Image") -> np.ndarray:
    """Return the thumbnail of an "L" or "RGB" image: (1152,), uint8."""
    from PIL import Image

    small = image.resize(
        (THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    if small.mode == "L":
        grey = np.full(2 * _CHROMA_SIDE * _CHROMA_SIDE, 128, np.uint8)
        return np.concatenate([np.asarray(small).ravel(), grey])
    luma, *chroma = small.convert("YCbCr").split()
    reduced = [
        np.asarray(channel.reduce(THUMBNAIL_SIDE // _CHROMA_SIDE)).ravel() for channel in chroma
    ]
    return np.concatenate([np.asarray(luma).ravel(), *reduced])


def thumbnails(pixels: Tensor) -> np.ndarray:
    """Return thumbnails of pictures (N, C, H, W), uint8 or float: (N, 1152), uint8."""
    return torch.cat([_thumbnails(block) for block in pixels.split(_BLOCK)]).numpy()


def _thumbnails(pixels: Tensor) -> Tensor:
    pixels = pixels.float() if pixels.dtype == torch.uint8 else pixels.float() * 255
    if pixels.shape[1] == 3:
        luma = (pixels * torch.tensor(_LUMA).view(3, 1, 1)).sum(1, keepdim=True)
        blue, red = (pixels[:, 2:] - luma) * 0.564 + 128, (pixels[:, :1] - luma) * 0.713 + 128
        chroma = functional.adaptive_avg_pool2d(torch.cat([blue, red], 1), _CHROMA_SIDE).flatten(1)
    else:
        luma = pixels.mean(1, keepdim=True)
        chroma = torch.full((len(pixels), 2 * _CHROMA_SIDE * _CHROMA_SIDE), 128.0)
    if luma.shape[2:] != (THUMBNAIL_SIDE, THUMBNAIL_SIDE):
        luma = functional.interpolate(
            luma, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), mode="bilinear", antialias=True
        )
    return torch.cat([luma.flatten(1), chroma], 1).round().clamp(0, 255).to(torch.uint8)


def near_pairs(thumbs: np.ndarray, *, side: int) -> np.ndarray:
    """Return the pairs of near-duplicate pictures (P, 2), int64, lower index first.

    thumbs: (N, 1152), uint8, from `thumbnail`.
    side: shorter side of the pictures in pixels. Below 16 there are no pairs; below 64 pictures are
        not registered.
    """
    if len(thumbs) < 2 or side < MIN_SIDE:
        return np.empty((0, 2), np.int64)
    vectors, rows = _unit_vectors(thumbs)
    are_large = side >= _LARGE_SIDE
    pairs = rows[
        _candidates(vectors, _MIN_CORRELATION_LARGE if are_large else _MIN_CORRELATION).numpy()
    ]
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    results = [
        registration.match(thumbs[block[:, 0]], thumbs[block[:, 1]], are_large=are_large)
        for block in np.array_split(pairs, len(pairs) // _BLOCK + 1)
    ]
    is_match, needs_registration = (np.concatenate(each) for each in zip(*results, strict=True))
    matches, needs_registration = pairs[is_match], needs_registration[is_match]
    return matches[ratio_test.stand_out(thumbs, (vectors, rows), matches, needs_registration)]


def _unit_vectors(thumbs: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Return unit vectors of brightness at 16 x 16 (M, 256), and their rows; flat ones left out."""
    luma = torch.from_numpy(thumbs[:, : THUMBNAIL_SIDE * THUMBNAIL_SIDE]).view(
        -1, 1, THUMBNAIL_SIDE, THUMBNAIL_SIDE
    )
    pooled = [
        functional.avg_pool2d(block.float(), 2).flatten(1) for block in luma.split(8 * _BLOCK)
    ]
    vectors = torch.cat(pooled)
    vectors -= vectors.mean(1, keepdim=True)
    norms = vectors.norm(dim=1)
    rows = (norms > _MIN_STD * vectors.shape[1] ** 0.5).nonzero().flatten()
    return vectors[rows] / norms[rows, None], rows.numpy()


def _candidates(vectors: Tensor, min_product: float) -> Tensor:
    """Return the pairs (P, 2) of unit vectors whose inner product reaches a minimum.

    A few axes suffice to find them: the norms of the remainders bound what other axes add. Of too
    many pairs, those with the largest products are returned.
    """
    sample = vectors[:: max(1, len(vectors) // 4096)]
    _, axes = torch.linalg.eigh(sample.T @ sample)
    projected = vectors @ axes[:, -_NUM_AXES:]
    remaining_norm = (1 - (projected * projected).sum(1, keepdim=True)).clamp(min=0).sqrt()
    projected = torch.cat([projected, remaining_norm], 1)
    leaves = _leaves(projected)
    pairs = torch.empty(0, 2, dtype=torch.int64)
    blocks = [projected[leaf] for leaf in leaves]
    for gap, i, j in _nearest_blocks(blocks):
        if gap > 2 - 2 * min_product + 1e-4:  # all later pairs are further apart
            break
        products = blocks[i] @ blocks[j].T
        products = products.triu(1) if i == j else products
        if float(products.amax()) < min_product:
            continue
        first, second = (products >= min_product).nonzero(as_tuple=True)
        pairs = torch.cat([pairs, torch.stack([leaves[i][first], leaves[j][second]], 1)])
        if len(pairs) > 2 * _MAX_CANDIDATES:
            pairs, min_product = _best_pairs(vectors, pairs, min_product)
    return _best_pairs(vectors, pairs, min_product)[0]


def _leaves(points: Tensor) -> list[Tensor]:
    """Return the indices of points in groups of neighbors: halved along their longest axis."""
    leaves = [torch.arange(len(points))]
    while len(leaves[0]) > _LEAF_SIZE:
        halves: list[Tensor] = []
        for leaf in leaves:
            leaf_points = points[leaf]
            axis = int((leaf_points.amax(0) - leaf_points.amin(0)).argmax())
            halves += leaf[torch.argsort(leaf_points[:, axis], stable=True)].tensor_split(2)
        leaves = halves
    return leaves


def _nearest_blocks(blocks: list[Tensor]) -> list[tuple[float, int, int]]:
    """Return the pairs of blocks of points, nearest first: minimum squared distance, and indices.

    The squared distance of unit vectors is 2 - 2 * product.
    """
    if not blocks[0].numel():
        return []
    low = torch.stack([block.amin(0) for block in blocks])
    high = torch.stack([block.amax(0) for block in blocks])
    gaps = torch.maximum(low[:, None] - high[None], low[None] - high[:, None]).clamp(min=0)
    first, second = torch.triu_indices(len(blocks), len(blocks)).unbind()
    gap = gaps.square().sum(2)[first, second]
    order = torch.argsort(gap, stable=True)
    return list(
        zip(gap[order].tolist(), first[order].tolist(), second[order].tolist(), strict=True)
    )


def _best_pairs(vectors: Tensor, pairs: Tensor, min_product: float) -> tuple[Tensor, float]:
    """Return the pairs whose products reach a minimum, the best of too many, and that minimum."""
    products = [(vectors[p[:, 0]] * vectors[p[:, 1]]).sum(1) for p in pairs.split(32 * _BLOCK)]
    product = torch.cat(products)
    if int((product >= min_product).sum()) > _MAX_CANDIDATES:
        min_product = float(product.topk(_MAX_CANDIDATES).values[-1])
    return pairs[product >= min_product], min_product
