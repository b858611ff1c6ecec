"""Intersection over union of boxes, and non-maximum suppression."""

import numpy as np
import torch
from torch import Tensor

NMS_IOU = 0.6  # IoU from which on two boxes of a class are duplicates
MAX_BOXES, MAX_CANDIDATES = 100, 300  # per picture, after and before suppression
MIN_SCORE = 0.01  # boxes of lower score are dropped


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union of boxes (..., S, 4) with boxes (..., T, 4): (..., S, T).

    Boxes are x0, y0, x1, y1; the IoU of two boxes without area is 0.
    """
    intersection, union, _ = _areas(a[..., :, None, :], b[..., None, :, :])
    return intersection / union.clamp(min=1e-9)


def generalized_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the generalized IoU, in (-1, 1], of pairs of boxes: (..., 4), (..., 4) -> (...).

    It decreases with the distance of disjoint boxes.
    Source: Rezatofighi et al. 2019, arXiv:1902.09630, algorithm 1.
    """
    intersection, union, enclosing = _areas(a, b)
    iou = intersection / union.clamp(min=1e-9)
    return iou - (enclosing - union) / enclosing.clamp(min=1e-9)


def _areas(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the areas of the intersection, the union, and the enclosing box."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    intersection = (high - low).clamp(min=0).prod(-1)
    area_a = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)
    area_b = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    enclosing = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    return intersection, area_a + area_b - intersection, enclosing.clamp(min=0).prod(-1)


def non_max_suppression(boxes: Tensor, scores: Tensor, classes: Tensor) -> Tensor:
    """Return the indices (M,) of the boxes kept by non-maximum suppression, best first.

    boxes: (T, 4). scores: (T,). classes: (T,), int64. At most 100 are kept.
    Source: Felzenszwalb et al. 2010, "Object detection with discriminatively trained part-based
        models", section 5.2 (non-maximum suppression).
    """
    order = torch.argsort(scores, descending=True, stable=True)[:MAX_CANDIDATES]
    is_duplicate = box_iou(boxes[order], boxes[order]) > NMS_IOU
    is_duplicate &= classes[order][:, None] == classes[order]
    packed = np.packbits(is_duplicate.cpu().numpy(), axis=1, bitorder="little")
    suppressed, kept_indices = 0, list[int]()
    for index, row in enumerate(packed):  # sets of indices as integers: a loop of microseconds
        if not suppressed >> index & 1:
            kept_indices.append(index)
            suppressed |= int.from_bytes(row.tobytes(), "little")
    return order[torch.tensor(kept_indices[:MAX_BOXES], dtype=torch.int64, device=order.device)]
