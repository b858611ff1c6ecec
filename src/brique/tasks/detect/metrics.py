"""Average precision: how many boxes are found, and how many of those said are true."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from brique.data import Split
from brique.evaluation import bootstrap
from brique.tasks.detect.boxes import box_iou
from brique.tasks.detect.detections import Detections
from brique.tasks.detect.outputs import Target, collect_outputs, target_fields

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * k, 2) for k in range(10))  # overlaps that count as found
_IOU_TOLERANCE = 1e-6  # of overlaps in single precision
_MAX_VALUES = 4_000_000  # numbers of resamplings at once


@dataclass(frozen=True)
class ClassMatches:
    """The boxes of one class that were said, of all pictures, the surest first.

    picture: (D,), int64, place of the picture. score: (D,).
    true_positive: (L, D), bool, whether a box is found by it, at each of L levels of overlap.
    target_count: (N,), how many boxes of the class each picture has.
    """

    picture: Tensor
    score: Tensor
    true_positive: Tensor
    target_count: Tensor


@dataclass(frozen=True)
class Validation:
    """What a net does on a part: its average precision at an overlap of 0.5, and over all."""

    ap50: float
    ap: float


def validate(net: nn.Module, split: Split) -> Validation:
    """Return how well a net finds boxes in a part, in one pass; of an empty part, NaN."""
    if not len(split):
        return Validation(math.nan, math.nan)
    classes = len(target_fields(split.schema)[1].names)
    outputs = collect_outputs(net, split, classes)
    metrics = compute_metrics(match_boxes(outputs.targets, outputs.detections, classes))
    return Validation(metrics["ap50"], metrics["ap"])


def match_boxes(
    targets: Sequence[Target], detections: Sequence[Detections], classes: int
) -> list[ClassMatches]:
    """Return for each class which of the boxes that were said find one that there is.

    From the surest on, a box that was said finds the one of its picture and class, of those that
    none has found yet, that it overlaps most, if by as much as the level.
    Source: Lin et al. 2014, arXiv:1405.0312, and its program of evaluation.
    """
    return [_match_class(targets, detections, label) for label in range(classes)]


def _match_class(
    targets: Sequence[Target], detections: Sequence[Detections], label: int
) -> ClassMatches:
    pictures: list[Tensor] = []
    scores: list[Tensor] = []
    true_positives: list[Tensor] = []
    target_count = torch.zeros(len(targets), dtype=torch.int64)
    for index, (target, picture_detections) in enumerate(zip(targets, detections, strict=True)):
        boxes, in_class = target.boxes[target.classes == label], picture_detections.classes == label
        target_count[index] = len(boxes)
        pictures.append(torch.full((int(in_class.sum()),), index))
        scores.append(picture_detections.scores[in_class])
        true_positives.append(_match_picture(box_iou(picture_detections.boxes[in_class], boxes)))
    score = torch.cat(scores)
    order = torch.argsort(score, descending=True, stable=True)
    return ClassMatches(
        torch.cat(pictures)[order],
        score[order],
        torch.cat(true_positives, 1)[:, order],
        target_count,
    )


def _match_picture(ious: Tensor) -> Tensor:
    """Return which boxes of a picture find one, (L, D), from overlaps (D, T), the surest first."""
    true_positive = torch.zeros(len(IOU_THRESHOLDS), len(ious), dtype=torch.bool)
    if not ious.numel():
        return true_positive
    candidates = (ious.amax(1) >= IOU_THRESHOLDS[0]).nonzero().flatten().tolist()
    for threshold_index, threshold in enumerate(IOU_THRESHOLDS):
        available = ious.clone()
        for candidate in candidates:
            best_iou, best_target = available[candidate].max(0)
            if float(best_iou) >= threshold - _IOU_TOLERANCE:
                true_positive[threshold_index, candidate] = True
                available[:, best_target] = -1.0
    return true_positive


def average_precision(matches: ClassMatches, level: int, weights: Tensor) -> Tensor:
    """Return the average precision of a class at a level, by the area under all points: (R,).

    weights: how often each picture counts (R, N), float64. NaN where there is no box to be found.
    Source: Everingham et al. 2015, "The PASCAL visual object classes challenge: a retrospective",
        section 3.2 (as from 2010 on: the precision at a recall is the best at it or above).
    """
    true_positive = matches.true_positive[level].double()
    values: list[Tensor] = []
    for chunk in weights.split(max(1, _MAX_VALUES // max(1, len(true_positive)))):
        weight = chunk[:, matches.picture]  # (r, D)
        total = chunk @ matches.target_count.double()
        true_positives = (weight * true_positive).cumsum(1)
        precisions = true_positives / weight.cumsum(1).clamp(min=1e-9)
        interpolated = (
            precisions.flip(1).cummax(1).values.flip(1) if precisions.shape[1] else precisions
        )
        values.append(((weight * true_positive) * interpolated).sum(1) / total)
    return torch.cat(values)


def average_precision_by_class(
    matches: Sequence[ClassMatches], levels: Sequence[int], weights: Tensor
) -> Tensor:
    """Return the average precision of each class, in the mean over levels: (R, K), float64."""
    per_class = [
        torch.stack([average_precision(class_matches, k, weights) for k in levels]).mean(0)
        for class_matches in matches
    ]
    return torch.stack(per_class, dim=1)


def compute_metrics(matches: Sequence[ClassMatches]) -> dict[str, float]:
    """Return "ap50", average precision at an overlap of 0.5, and "ap", over ten from 0.5 to 0.95.

    Means over the classes that there are; NaN if there is no box at all.
    """
    weights = torch.ones(1, len(matches[0].target_count), dtype=torch.float64)
    return {
        "ap50": float(average_precision_by_class(matches, [0], weights).nanmean()),
        "ap": float(
            average_precision_by_class(matches, range(len(IOU_THRESHOLDS)), weights).nanmean()
        ),
    }


def resampled_metric(matches: Sequence[ClassMatches]) -> bootstrap.Statistic:
    """Return a function from how often each picture is drawn, (R, N), to "ap50": (R,)."""
    return lambda weights: average_precision_by_class(matches, [0], weights).nanmean(1)


def intervals(matches: Sequence[ClassMatches], groups: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% intervals of the scores, by drawing test pictures, or groups, again."""
    levels = {"ap50": [0], "ap": list(range(len(IOU_THRESHOLDS)))}
    return {
        name: list(bootstrap.interval(
            lambda weights, metric_levels=metric_levels: average_precision_by_class(matches, metric_levels, weights).nanmean(1), matches[0].target_count,
            groups,
        ))
        for name, metric_levels in levels.items()
    }  # fmt: skip


def ap50_by_picture(
    targets: Sequence[Target], detections: Sequence[Detections], classes: int
) -> Tensor:
    """Return how well each picture is seen, (N,), float64: its own average precision at 0.5.

    In the mean over the classes that are in it; of a picture without boxes, 1 less the surest score
    of a box that was said all the same.
    """
    values: list[float] = []
    for target, picture_detections in zip(targets, detections, strict=True):
        if len(target.classes):
            values.append(
                compute_metrics(match_boxes([target], [picture_detections], classes))["ap50"]
            )
        else:
            values.append(
                1 - float(picture_detections.scores.max())
                if len(picture_detections.scores)
                else 1.0
            )
    return torch.tensor(values, dtype=torch.float64)
