"""Decoding: from the outputs at each location to the boxes of a picture."""

from dataclasses import dataclass

import torch
from torch import Tensor

from brique.errors import ShapeError
from brique.tasks.detect.boxes import MAX_CANDIDATES, MIN_SCORE, non_max_suppression

SCORES_START = 7  # a row before the scores: x, y, stride and a box


@dataclass(frozen=True)
class Detections:
    """The predicted boxes of one picture, highest score first.

    boxes: (T, 4), x0, y0, x1, y1 in its pixels. scores: (T,), in (0, 1). classes: (T,), int64.
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor

    def above(self, threshold: float) -> "Detections":
        """Return the boxes with at least this score."""
        mask = self.scores >= threshold
        return Detections(self.boxes[mask], self.scores[mask], self.classes[mask])


def decode(rows: Tensor, size: tuple[int, int], classes: int) -> list[Detections]:
    """Return the detections in each picture, on the CPU.

    rows: (N, P, 7 + K), as `brique.nets.detector` returns. size: (H, W) of the pictures, to which
        boxes are clipped. classes: K.
    Raises ShapeError when they disagree on K.
    """
    check_rows("detect", rows, classes)
    limits = torch.tensor([size[1], size[0]] * 2, dtype=rows.dtype)
    detections: list[Detections] = []
    for picture_rows in rows.cpu():
        scores = picture_rows[:, SCORES_START:].sigmoid()  # (P, K)
        top_scores, top_indices = scores.flatten().topk(min(MAX_CANDIDATES, scores.numel()))
        top_indices = top_indices[top_scores >= MIN_SCORE]
        location, label = top_indices // classes, top_indices % classes
        boxes = picture_rows[location, 3:SCORES_START].clamp(min=0).minimum(limits)
        top_scores = top_scores[: len(top_indices)]
        kept_rows = non_max_suppression(boxes, top_scores, label)
        detections.append(Detections(boxes[kept_rows], top_scores[kept_rows], label[kept_rows]))
    return detections


def check_rows(where: str, rows: Tensor, classes: int) -> None:
    """Raise ShapeError unless rows have the shape (N, P, 7 + K)."""
    if rows.ndim != 3 or rows.shape[2] != SCORES_START + classes:
        raise ShapeError(
            f"{where}: the net returned {tuple(rows.shape)} for {classes} classes; let it return"
            f" (N, P, {SCORES_START + classes}): location, stride, box and class scores."
        )
