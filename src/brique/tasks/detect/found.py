"""From what a net says at each of its places to the boxes of a picture."""

from dataclasses import dataclass

import torch
from torch import Tensor

from brique.errors import ShapeError
from brique.tasks.detect.boxes import LEAST, TRIED, kept

BEFORE = 7  # numbers of a row before the scores: x, y, step and a box


@dataclass(frozen=True)
class Found:
    """The boxes of one picture, the surest first.

    boxes: (T, 4), x0, y0, x1, y1 in its pixels. scores: (T,), in (0, 1). classes: (T,), int64.
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor

    def above(self, least: float) -> "Found":
        """Return those of a score or more."""
        good = self.scores >= least
        return Found(self.boxes[good], self.scores[good], self.classes[good])


def found(rows: Tensor, size: tuple[int, int], classes: int) -> list[Found]:
    """Return the boxes that a net sees in each picture, on the processor.

    rows: (N, P, 7 + K), as `brique.nets.detector` says. size: (H, W) of the pictures, to which
        boxes are cut. classes: K.
    Raises ShapeError when they disagree on K.
    """
    check_rows("detect", rows, classes)
    far = torch.tensor([size[1], size[0]] * 2, dtype=rows.dtype)
    answers: list[Found] = []
    for one in rows.cpu():
        scores = one[:, BEFORE:].sigmoid()  # (P, K)
        best, at = scores.flatten().topk(min(TRIED, scores.numel()))
        at = at[best >= LEAST]
        place, label = at // classes, at % classes
        boxes = one[place, 3:BEFORE].clamp(min=0).minimum(far)
        best = best[: len(at)]
        good = kept(boxes, best, label)
        answers.append(Found(boxes[good], best[good], label[good]))
    return answers


def check_rows(where: str, rows: Tensor, classes: int) -> None:
    """Raise ShapeError unless a net said rows (N, P, 7 + K)."""
    if rows.ndim != 3 or rows.shape[2] != BEFORE + classes:
        raise ShapeError(
            f"{where}: the net said {tuple(rows.shape)} of {classes} classes; let it return"
            f" (N, P, {BEFORE + classes}): place and step, a box, and the scores."
        )
