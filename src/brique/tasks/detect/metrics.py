"""Average precision of detected boxes."""

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

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * k, 2) for k in range(10))  # of a true positive
_IOU_TOLERANCE = 1e-6  # for float32
_MAX_VALUES = 4_000_000  # of resamplings at once


@dataclass(frozen=True)
class ClassMatches:
    """The detections of one class in all pictures, highest score first.

    picture: (D,), int64, index of the picture. score: (D,).
    true_positive: (L, D), bool, whether it matches a target, at each of L IoU thresholds.
    target_count: (N,), targets of the class in each picture.
    """

    picture: Tensor
    score: Tensor
    true_positive: Tensor
    target_count: Tensor


@dataclass(frozen=True)
class Validation:
    """Metrics on a split: average precision at IoU 0.5, and the mean over 0.5 to 0.95."""

    ap50: float
    ap: float


def validate(net: nn.Module, split: Split) -> Validation:
    """Return the metrics of a net on a split, in one pass; NaN on an empty split."""
    if not len(split):
        return Validation(math.nan, math.nan)
    classes = len(target_fields(split.schema)[1].names)
    outputs = collect_outputs(net, split, classes)
    metrics = compute_metrics(match_boxes(outputs.targets, outputs.detections, classes))
    return Validation(metrics["ap50"], metrics["ap"])


def match_boxes(
    targets: Sequence[Target], detections: Sequence[Detections], classes: int
) -> list[ClassMatches]:
    """Return the matches of each class: which detections are true positives.

    In order of score, a detection matches the target of its picture and class with the highest IoU
    among the unmatched ones, if that reaches the threshold.
    Source: Lin et al. 2014, arXiv:1405.0312, and its evaluation code.
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
    """Return the true positives of a picture, (L, D), from IoUs (D, T) in order of score."""
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
    """Return the average precision of a class at an IoU threshold, all-point interpolated: (R,).

    level: index into IOU_THRESHOLDS. weights: of each picture (R, N), float64. NaN without targets.
    Source: Everingham et al. 2015, "The PASCAL visual object classes challenge: a retrospective",
        section 3.2 (as from 2010 on: precision is interpolated by its maximum at higher recall).
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
    """Return the average precision of each class, averaged over levels: (R, K), float64."""
    per_class = [
        torch.stack([average_precision(class_matches, k, weights) for k in levels]).mean(0)
        for class_matches in matches
    ]
    return torch.stack(per_class, dim=1)


def compute_metrics(matches: Sequence[ClassMatches]) -> dict[str, float]:
    """Return "ap50", average precision at IoU 0.5, and "ap", averaged over IoU 0.5 to 0.95.

    Means over the classes with targets; NaN without any.
    """
    weights = torch.ones(1, len(matches[0].target_count), dtype=torch.float64)
    return {
        "ap50": float(average_precision_by_class(matches, [0], weights).nanmean()),
        "ap": float(
            average_precision_by_class(matches, range(len(IOU_THRESHOLDS)), weights).nanmean()
        ),
    }


def resampled_metric(matches: Sequence[ClassMatches]) -> bootstrap.Statistic:
    """Return a function from bootstrap weights (R, N) to AP50 (R,)."""
    return lambda weights: average_precision_by_class(matches, [0], weights).nanmean(1)


def intervals(matches: Sequence[ClassMatches], groups: Tensor | None) -> dict[str, list[float]]:
    """Return the 95% bootstrap intervals of the metrics, over test pictures or groups."""
    levels = {"ap50": [0], "ap": list(range(len(IOU_THRESHOLDS)))}
    found: dict[str, list[float]] = {}
    for name, metric_levels in levels.items():

        def metric(weights: Tensor, metric_levels: Sequence[int] = metric_levels) -> Tensor:
            return average_precision_by_class(matches, metric_levels, weights).nanmean(1)

        found[name] = list(bootstrap.interval(metric, matches[0].target_count, groups))
    return found


def ap50_by_picture(
    targets: Sequence[Target], detections: Sequence[Detections], classes: int
) -> Tensor:
    """Return the average precision at IoU 0.5 in each picture alone, (N,), float64.

    It is the mean over the classes in the picture; without targets, 1 minus the highest score.
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
