"""The loss of a detector, with task-aligned assignment of locations to boxes."""

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Ragged
from brique.tasks.detect.boxes import box_iou, generalized_iou
from brique.tasks.detect.detections import SCORES_START, check_rows

MAX_LOCATIONS_PER_BOX = 9  # locations assigned to one box
_SCORE_POWER, _IOU_POWER = 0.5, 4.0  # exponents of the alignment
_BOX_WEIGHT = 2.0  # weight of the box loss


def loss(rows: Tensor, boxes: Ragged, classes: Ragged) -> tuple[Tensor, Tensor]:
    """Return the summed loss of all locations, and the summed target scores.

    A location assigned to a box pays the generalized IoU loss, and its target score for the class
    is its quality; all other target scores are 0.
    rows: (N, P, 7 + K), as `brique.nets.detector` returns.
    boxes: N sequences (T, 4), in pixels. classes: of each, (T,), int64.
    Returns (sum, count), as a player's loss may.
    Raises ShapeError when the rows have another shape.
    Source: Feng et al. 2021, arXiv:2108.07755, equations 1 to 4, with the cross entropy of
        arXiv:2006.04388 (quality in place of 1) and the box loss of arXiv:1902.09630.
    """
    num_classes = rows.shape[-1] - SCORES_START
    check_rows("detect.loss", rows, max(1, num_classes))
    scores, predicted = rows[..., SCORES_START:], rows[..., 3:SCORES_START]
    target_scores = torch.zeros_like(scores)
    box_loss = (predicted * 0).sum()  # a batch without boxes reaches all parameters, too
    if len(boxes.values):
        mask = boxes.mask  # (N, T)
        target_boxes, labels = boxes.padded(0.0), classes.padded(0)
        assigned_box, quality = assign_targets(rows, target_boxes, labels, mask)  # both (N, P)
        assigned_label = labels.gather(1, assigned_box)
        target_scores.scatter_(2, assigned_label[..., None], quality[..., None])
        assigned_boxes = target_boxes.gather(1, assigned_box[..., None].expand(-1, -1, 4))
        box_loss = ((1 - generalized_iou(predicted, assigned_boxes)) * quality).sum()
    score_loss = functional.binary_cross_entropy_with_logits(scores, target_scores, reduction="sum")
    return score_loss + _BOX_WEIGHT * box_loss, target_scores.sum().clamp(min=1.0)


@torch.no_grad()
def assign_targets(
    rows: Tensor, target_boxes: Tensor, labels: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the box assigned to each location (N, P), int64, and the quality there (N, P).

    rows: (N, P, 7 + K). target_boxes: (N, T, 4), labels: (N, T), mask: (N, T), True for boxes.
    For each box the nine locations inside it with the highest alignment of score and IoU are
    chosen; of several boxes a location gets the one with the highest IoU. The quality of the best
    location of a box is its IoU, that of others is lower; unassigned locations have 0.
    """
    ious = box_iou(target_boxes, rows[..., 3:SCORES_START])  # (N, T, P)
    score = rows[..., SCORES_START:].sigmoid().transpose(1, 2)  # (N, K, P)
    score = score.gather(1, labels[..., None].expand(-1, -1, rows.shape[1]))
    alignment = score**_SCORE_POWER * ious**_IOU_POWER
    is_inside = _is_inside(rows[..., :2], target_boxes) & mask[..., None]
    top_alignment, top_indices = alignment.masked_fill(~is_inside, -1.0).topk(
        min(MAX_LOCATIONS_PER_BOX, rows.shape[1]), dim=2
    )
    is_candidate = torch.zeros_like(is_inside).scatter_(2, top_indices, top_alignment >= 0)
    alignment, ious = alignment * is_candidate, ious.masked_fill(~is_candidate, -1.0)
    max_alignment = alignment.amax(2, keepdim=True).clamp(min=1e-9)
    quality = alignment / max_alignment * ious.amax(2, keepdim=True).clamp(min=0)
    assigned_box = ious.argmax(1)  # (N, P)
    return assigned_box, quality.gather(1, assigned_box[:, None])[:, 0]


def _is_inside(locations: Tensor, target_boxes: Tensor) -> Tensor:
    """Tell which locations (N, P, 2) lie in which boxes (N, T, 4): (N, T, P).

    The nearest location counts as inside: a box may be smaller than the stride.
    """
    x, y = locations[:, None, :, 0], locations[:, None, :, 1]
    x0, y0, x1, y1 = target_boxes[..., None].unbind(2)  # each (N, T, 1)
    is_inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    distances = (x - (x0 + x1) / 2) ** 2 + (y - (y0 + y1) / 2) ** 2
    return is_inside.scatter(2, distances.argmin(2, keepdim=True), True)
