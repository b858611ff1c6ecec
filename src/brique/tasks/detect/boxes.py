"""What boxes have in common, and which of several that say the same is kept."""

import numpy as np
import torch
from torch import Tensor

ALIKE = 0.6  # overlap from which on two boxes of a class are taken for one
MOST, TRIED = 100, 300  # boxes of a picture that are kept, and looked at before
LEAST = 0.01  # score of a box that is looked at


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union of boxes (..., S, 4) with boxes (..., T, 4): (..., S, T).

    Boxes are x0, y0, x1, y1; two without area have none in common.
    """
    common, union, _ = _parts(a[..., :, None, :], b[..., None, :, :])
    return common / union.clamp(min=1e-9)


def generous(a: Tensor, b: Tensor) -> Tensor:
    """Return the generalised overlap, in (-1, 1], of boxes one by one: (..., 4), (..., 4) -> (...).

    It falls with the distance of boxes that have nothing in common.
    Source: Rezatofighi et al. 2019, arXiv:1902.09630, algorithm 1.
    """
    common, union, hull = _parts(a, b)
    iou = common / union.clamp(min=1e-9)
    return iou - (hull - union) / hull.clamp(min=1e-9)


def _parts(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the areas of what is common, of what either covers, and of the box round both."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    common = (high - low).clamp(min=0).prod(-1)
    first = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)
    second = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    outer = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    return common, first + second - common, outer.clamp(min=0).prod(-1)


def kept(boxes: Tensor, scores: Tensor, classes: Tensor) -> Tensor:
    """Return the places (M,) of the boxes that no better one of their class covers, best first.

    boxes: (T, 4). scores: (T,). classes: (T,), int64. At most 100 are kept.
    Source: Felzenszwalb et al. 2010, "Object detection with discriminatively trained part-based
        models", section 5.2 (non-maximum suppression).
    """
    order = torch.argsort(scores, descending=True, stable=True)[:TRIED]
    alike = overlap(boxes[order], boxes[order]) > ALIKE
    alike &= classes[order][:, None] == classes[order]
    packed = np.packbits(alike.cpu().numpy(), axis=1, bitorder="little")
    covered, good = 0, list[int]()
    for place, row in enumerate(packed):  # sets of places as whole numbers: a loop of microseconds
        if not covered >> place & 1:
            good.append(place)
            covered |= int.from_bytes(row.tobytes(), "little")
    return order[torch.tensor(good[:MOST], dtype=torch.int64, device=order.device)]
