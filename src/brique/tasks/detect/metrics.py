"""Average precision: how many boxes are found, and how many of those said are true."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.evaluation import bootstrap
from brique.tasks.detect.boxes import overlap
from brique.tasks.detect.found import Found
from brique.tasks.detect.reading import Truth, kinds, read

LEVELS = tuple(round(0.5 + 0.05 * k, 2) for k in range(10))  # overlaps that count as found
_ROUNDING = 1e-6  # of overlaps in single precision
_TOGETHER = 4_000_000  # numbers of resamplings at once


@dataclass(frozen=True)
class Marks:
    """The boxes of one class that were said, of all pictures, the surest first.

    picture: (D,), int64, place of the picture. score: (D,).
    hit: (L, D), bool, whether a box is found by it, at each of L levels of overlap.
    true: (N,), how many boxes of the class each picture has.
    """

    picture: Tensor
    score: Tensor
    hit: Tensor
    true: Tensor


@dataclass(frozen=True)
class Look:
    """What a net does on a part: its average precision at an overlap of 0.5, and over all."""

    ap50: float
    ap: float


def look(net: nn.Module, split: Split) -> Look:
    """Return how well a net finds boxes in a part, in one pass; of an empty part, NaN."""
    if not len(split):
        return Look(math.nan, math.nan)
    classes = len(kinds(split.schema)[1].names)
    reading = read(net, split, classes)
    reached = scores(marks(reading.truths, reading.said, classes))
    return Look(reached["ap50"], reached["ap"])


def marks(truths: Sequence[Truth], said: Sequence[Found], classes: int) -> list[Marks]:
    """Return for each class which of the boxes that were said find one that there is.

    From the surest on, a box that was said finds the one of its picture and class, of those that
    none has found yet, that it overlaps most, if by as much as the level.
    Source: Lin et al. 2014, arXiv:1405.0312, and its program of evaluation.
    """
    return [_marks(truths, said, label) for label in range(classes)]


def _marks(truths: Sequence[Truth], said: Sequence[Found], label: int) -> Marks:
    pictures: list[Tensor] = []
    scores: list[Tensor] = []
    hits: list[Tensor] = []
    true = torch.zeros(len(truths), dtype=torch.int64)
    for place, (truth, one) in enumerate(zip(truths, said, strict=True)):
        boxes, mine = truth.boxes[truth.classes == label], one.classes == label
        true[place] = len(boxes)
        pictures.append(torch.full((int(mine.sum()),), place))
        scores.append(one.scores[mine])
        hits.append(_hits(overlap(one.boxes[mine], boxes)))
    score = torch.cat(scores)
    order = torch.argsort(score, descending=True, stable=True)
    return Marks(torch.cat(pictures)[order], score[order], torch.cat(hits, 1)[:, order], true)


def _hits(alike: Tensor) -> Tensor:
    """Return which boxes of a picture find one, (L, D), from overlaps (D, T), the surest first."""
    hit = torch.zeros(len(LEVELS), len(alike), dtype=torch.bool)
    if not alike.numel():
        return hit
    near = (alike.amax(1) >= LEVELS[0]).nonzero().flatten().tolist()
    for row, level in enumerate(LEVELS):
        free = alike.clone()
        for place in near:
            most, which = free[place].max(0)
            if float(most) >= level - _ROUNDING:
                hit[row, place] = True
                free[:, which] = -1.0
    return hit


def precision(found: Marks, level: int, often: Tensor) -> Tensor:
    """Return the average precision of a class at a level, by the area under all points: (R,).

    often: how often each picture counts (R, N), float64. NaN where there is no box to be found.
    Source: Everingham et al. 2015, "The PASCAL visual object classes challenge: a retrospective",
        section 3.2 (as from 2010 on: the precision at a recall is the best at it or above).
    """
    hit = found.hit[level].double()
    parts: list[Tensor] = []
    for some in often.split(max(1, _TOGETHER // max(1, len(hit)))):
        weight = some[:, found.picture]  # (r, D)
        true = some @ found.true.double()
        right = (weight * hit).cumsum(1)
        share = right / weight.cumsum(1).clamp(min=1e-9)
        best = share.flip(1).cummax(1).values.flip(1) if share.shape[1] else share
        parts.append(((weight * hit) * best).sum(1) / true)
    return torch.cat(parts)


def by_class(found: Sequence[Marks], levels: Sequence[int], often: Tensor) -> Tensor:
    """Return the average precision of each class, in the mean over levels: (R, K), float64."""
    each = [torch.stack([precision(one, k, often) for k in levels]).mean(0) for one in found]
    return torch.stack(each, dim=1)


def scores(found: Sequence[Marks]) -> dict[str, float]:
    """Return "ap50", average precision at an overlap of 0.5, and "ap", over ten from 0.5 to 0.95.

    Means over the classes that there are; NaN if there is no box at all.
    """
    once = torch.ones(1, len(found[0].true), dtype=torch.float64)
    return {
        "ap50": float(by_class(found, [0], once).nanmean()),
        "ap": float(by_class(found, range(len(LEVELS)), once).nanmean()),
    }


def drawn_again(found: Sequence[Marks]) -> bootstrap.Scored:
    """Return a function from how often each picture is drawn, (R, N), to "ap50": (R,)."""
    return lambda often: by_class(found, [0], often).nanmean(1)


def intervals(found: Sequence[Marks], together: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% intervals of the scores, by drawing test pictures, or groups, again."""
    levels = {"ap50": [0], "ap": list(range(len(LEVELS)))}
    return {
        name: list(bootstrap.interval(
            lambda often, used=used: by_class(found, used, often).nanmean(1), found[0].true,
            together,
        ))
        for name, used in levels.items()
    }  # fmt: skip


def by_picture(truths: Sequence[Truth], said: Sequence[Found], classes: int) -> Tensor:
    """Return how well each picture is seen, (N,), float64: its own average precision at 0.5.

    In the mean over the classes that are in it; of a picture without boxes, 1 less the surest score
    of a box that was said all the same.
    """
    each: list[float] = []
    for truth, one in zip(truths, said, strict=True):
        if len(truth.classes):
            each.append(scores(marks([truth], [one], classes))["ap50"])
        else:
            each.append(1 - float(one.scores.max()) if len(one.scores) else 1.0)
    return torch.tensor(each, dtype=torch.float64)
