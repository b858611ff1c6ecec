"""What a net that answers with boxes is trained by: which of its places answers for which box."""

import torch
from torch import Tensor
from torch.nn import functional

from brique.data import Ragged
from brique.tasks.detect.boxes import generous, overlap
from brique.tasks.detect.found import BEFORE, check_rows

ANSWERING = 9  # places at most that answer for one box
_SCORE, _OVERLAP = 0.5, 4.0  # powers by which the best places are chosen
_BOX = 2.0  # what a box costs beside a class


def loss(rows: Tensor, boxes: Ragged, classes: Ragged) -> tuple[Tensor, Tensor]:
    """Return what all places lose, and for how much they answer.

    A place that answers for a box pays for its distance to it, and its class's score shall be as
    high as the place is good; all other scores shall be 0.
    rows: (N, P, 7 + K), as `brique.nets.detector` says.
    boxes: N sequences (T, 4), in pixels. classes: of each, (T,), int64.
    Returns (sum, count), as a player's loss may.
    Raises ShapeError when the rows are not such.
    Source: Feng et al. 2021, arXiv:2108.07755, equations 1 to 4, with the cross entropy of
        arXiv:2006.04388 (quality in place of 1) and the distance of arXiv:1902.09630.
    """
    kinds = rows.shape[-1] - BEFORE
    check_rows("detect.loss", rows, max(1, kinds))
    scores, said = rows[..., BEFORE:], rows[..., 3:BEFORE]
    goal = torch.zeros_like(scores)
    apart = (said * 0).sum()  # also a batch without boxes reaches all parameters
    if len(boxes.values):
        exists = boxes.mask  # (N, T)
        truth, labels = boxes.padded(0.0), classes.padded(0)
        owner, worth = assigned(rows, truth, labels, exists)  # both (N, P)
        label = labels.gather(1, owner)
        goal.scatter_(2, label[..., None], worth[..., None])
        meant = truth.gather(1, owner[..., None].expand(-1, -1, 4))
        apart = ((1 - generous(said, meant)) * worth).sum()
    unsure = functional.binary_cross_entropy_with_logits(scores, goal, reduction="sum")
    return unsure + _BOX * apart, goal.sum().clamp(min=1.0)


@torch.no_grad()
def assigned(rows: Tensor, truth: Tensor, labels: Tensor, exists: Tensor) -> tuple[Tensor, Tensor]:
    """Return the box for which each place answers (N, P), int64, and how well it does so (N, P).

    rows: (N, P, 7 + K). truth: (N, T, 4), labels: (N, T), where exists: (N, T).
    For each box the nine places inside of it are chosen whose score and overlap are highest; of
    several boxes a place answers for the one that its own overlaps most. The best place of a box is
    worth its overlap, others less; places that answer for none are worth 0.
    """
    alike = overlap(truth, rows[..., 3:BEFORE])  # (N, T, P)
    score = rows[..., BEFORE:].sigmoid().transpose(1, 2)  # (N, K, P)
    score = score.gather(1, labels[..., None].expand(-1, -1, rows.shape[1]))
    good = score**_SCORE * alike**_OVERLAP
    near = _inside(rows[..., :2], truth) & exists[..., None]
    best, at = good.masked_fill(~near, -1.0).topk(min(ANSWERING, rows.shape[1]), dim=2)
    chosen = torch.zeros_like(near).scatter_(2, at, best >= 0)
    good, alike = good * chosen, alike.masked_fill(~chosen, -1.0)
    highest = good.amax(2, keepdim=True).clamp(min=1e-9)
    worth = good / highest * alike.amax(2, keepdim=True).clamp(min=0)
    owner = alike.argmax(1)  # (N, P)
    return owner, worth.gather(1, owner[:, None])[:, 0]


def _inside(places: Tensor, truth: Tensor) -> Tensor:
    """Tell which places (N, P, 2) lie in which boxes (N, T, 4): (N, T, P); the nearest always does.

    A box may be smaller than the step from place to place.
    """
    x, y = places[:, None, :, 0], places[:, None, :, 1]
    x0, y0, x1, y1 = truth[..., None].unbind(2)  # each (N, T, 1)
    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    away = (x - (x0 + x1) / 2) ** 2 + (y - (y0 + y1) / 2) ** 2
    return inside.scatter(2, away.argmin(2, keepdim=True), True)
