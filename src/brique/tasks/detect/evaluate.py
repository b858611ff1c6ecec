"""Evaluation of a detector: one pass over the test part, compared with baselines."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from brique.data import Data, Ragged
from brique.errors import DataError, did_you_mean
from brique.evaluation import bootstrap
from brique.evaluation.result import Result, finite
from brique.schema import Boxes, Tags
from brique.tasks.detect import baselines
from brique.tasks.detect.detections import Detections
from brique.tasks.detect.metrics import (  # fmt: skip
    IOU_THRESHOLDS,
    ClassMatches,
    ap50_by_picture,
    average_precision_by_class,
    compute_metrics,
    intervals,
    match_boxes,
    resampled_metric,
)
from brique.tasks.detect.outputs import Outputs, Target, collect_outputs
from brique.tasks.detect.predict import get_score_threshold

MAX_PICTURES = 12  # pictures kept for the report, half of them the worst
MAX_BOXES = 20  # boxes of each
CURVE_POINTS = 100


def evaluate(
    net: nn.Module, data: Data, *, names: Sequence[str] | None = None, compare: bool = True
) -> Result:
    """Return the result of a net on `data.test`, compared with baselines.

    net: pictures -> rows (N, P, 7 + K), as `brique.nets.detector` returns. It reads the test part
        once, in eval mode, without gradients and in float32, on its own device.
    names: the K classes of the scores, by default those of the data; matched by name.
    compare: whether to fit baselines on `data.train`; else only the mean box is compared.
    The arrays are ids (N,); ap50 (N,), of each picture alone; shown_ids (S,), the ids of the worst
        and the best pictures, worst first; predicted (M, 7), the boxes there: index in shown_ids,
        x0, y0, x1, y1 in pixels, score, class.
    Raises DataError when the test part is empty or has no box, the targets are not boxes and
        classes, or `names` lacks a class; ShapeError when the net returns another shape.
    """
    started = time.perf_counter()
    data_names = _class_names(data)
    if not _count_boxes(data):
        raise DataError(
            f"detect: expected boxes in the test pictures, got none in {len(data.test):,}; annotate"
            " some."
        )
    names = data_names if names is None else tuple(names)
    outputs = collect_outputs(net, data.test, len(names))
    targets = _renumber(outputs.targets, data_names, names)
    matches = match_boxes(targets, outputs.detections, len(names))
    picture_ap50 = ap50_by_picture(targets, outputs.detections, len(names))
    values: dict[str, Any] = {
        "task": "detect", "examples": len(outputs.ids),
        "boxes": sum(len(target.classes) for target in targets),
        "names": list(names), "test": compute_metrics(matches),
        "interval": intervals(matches, data.test.groups), "classes": _class_metrics(matches, names),
        "curves": _precision_recall_curves(matches, names),
        "operating_point": _operating_point(matches, get_score_threshold(net)),
    }  # fmt: skip
    evaluated = time.perf_counter()
    thumbnails = outputs.thumbnails if compare else None
    values |= _compare_with_baselines(matches, targets, data, names, thumbnails)
    finished = time.perf_counter()
    seconds = {
        "evaluation": round(evaluated - started, 3),
        "baselines": round(finished - evaluated, 3),
    }
    return Result(finite(values), _arrays(outputs, picture_ap50), seconds)


def _class_names(data: Data) -> tuple[str, ...]:
    fields = [data.schema[name] for name in data.schema.targets]
    if len(fields) != 2 or not isinstance(fields[0], Boxes) or not isinstance(fields[1], Tags):
        raise DataError(
            "detect: expected boxes and their classes as targets, got"
            f" {', '.join(field.kind for field in fields) or 'none'}; take other data."
        )
    if not len(data.test):
        raise DataError("detect: the test part is empty; pass data with at least one picture.")
    return fields[1].names


def _count_boxes(data: Data) -> int:
    boxes = data.test[data.schema.targets[0]]
    assert isinstance(boxes, Ragged)
    return len(boxes.values)


def _renumber(
    targets: list[Target], data_names: Sequence[str], names: Sequence[str]
) -> list[Target]:
    """Return the targets with classes renumbered as in `names`."""
    indices: list[int] = []
    for name in data_names:
        if name not in names:
            raise DataError(
                f"detect: the data have the class '{name}', which the net does not know"
                f"{did_you_mean(name, names) or '; rename or remove it.'}"
            )
        indices.append(list(names).index(name))
    class_index = torch.tensor(indices)
    return [replace(target, classes=class_index[target.classes]) for target in targets]


def _class_metrics(matches: list[ClassMatches], names: Sequence[str]) -> dict[str, Any]:
    weights = torch.ones(1, len(matches[0].target_count), dtype=torch.float64)
    ap50 = average_precision_by_class(matches, [0], weights)[0].tolist()
    ap = average_precision_by_class(matches, range(len(IOU_THRESHOLDS)), weights)[0].tolist()
    return {
        name: {"ap50": ap50[k], "ap": ap[k], "boxes": int(matches[k].target_count.sum()),
               "pictures": int((matches[k].target_count > 0).sum())}
        for k, name in enumerate(names)
    }  # fmt: skip


def _precision_recall_curves(
    matches: list[ClassMatches], names: Sequence[str]
) -> dict[str, list[list[float]]]:
    """Return [recall, precision, score] at up to 100 true positives of each class, at IoU 0.5."""
    curves: dict[str, list[list[float]]] = {}
    for name, class_matches in zip(names, matches, strict=True):
        total = int(class_matches.target_count.sum())
        hits = class_matches.true_positive[0].nonzero().flatten()
        if not total or not len(hits):
            continue
        true_positives = class_matches.true_positive[0].double().cumsum(0)
        precision = true_positives / torch.arange(1, len(true_positives) + 1)
        chosen = hits[torch.linspace(0, len(hits) - 1, min(CURVE_POINTS, len(hits))).round().long()]
        rows = torch.stack(
            [
                true_positives[chosen] / total,
                precision[chosen],
                class_matches.score[chosen].double(),
            ],
            dim=1,
        )
        curves[name] = [[round(value, 4) for value in row] for row in rows.tolist()]
    return curves


def _operating_point(matches: list[ClassMatches], score_threshold: float) -> dict[str, Any]:
    """Return precision and recall of `predict`, at its score threshold."""
    is_predicted = [(class_matches.score >= score_threshold) for class_matches in matches]
    correct = sum(
        int(class_matches.true_positive[0][mask].sum())
        for class_matches, mask in zip(matches, is_predicted, strict=True)
    )
    predicted = sum(int(mask.sum()) for mask in is_predicted)
    total = sum(int(class_matches.target_count.sum()) for class_matches in matches)
    return {
        "score_threshold": score_threshold, "predicted": predicted, "correct": correct,
        "precision": correct / predicted if predicted else None,
        "recall": correct / total if total else None,
    }  # fmt: skip


def _compare_with_baselines(
    matches: list[ClassMatches],
    targets: list[Target],
    data: Data,
    names: Sequence[str],
    thumbnails: Tensor | None,
) -> dict[str, Any]:
    """Return the baselines, and the bootstrap comparison of the net with the best of them.

    thumbnails: of the test pictures; None: nothing is fitted.
    """
    predictions = (
        baselines.constant(data, len(targets))
        if thumbnails is None
        else baselines.fit_predict(data, thumbnails)
    )
    renumbered = _renumber(
        [Target(torch.empty(0, 4), torch.arange(len(_class_names(data))))],
        _class_names(data),
        names,
    )
    class_index = renumbered[0].classes
    entries: dict[str, Any] = {}
    baseline_matches: dict[str, list[ClassMatches]] = {}
    for name, baseline in predictions.items():
        detections = [
            replace(picture_detections, classes=class_index[picture_detections.classes])
            for picture_detections in baseline.predictions
        ]
        baseline_matches[name] = match_boxes(targets, detections, len(names))
        entries[name] = compute_metrics(baseline_matches[name]) | baseline.entry
    best = max(entries, key=lambda name: entries[name]["ap50"])
    net_metric = resampled_metric(matches)
    baseline_metric = resampled_metric(baseline_matches[best])
    comparison = bootstrap.compare_scores(
        best,
        lambda weights: net_metric(weights) - baseline_metric(weights),
        torch.ones(len(targets)),
        data.test.groups,
    )
    return {"baseline": entries, "comparison": comparison}


def _arrays(outputs: Outputs, picture_ap50: Tensor) -> dict[str, Tensor]:
    has_boxes = torch.tensor([len(target.classes) > 0 for target in outputs.targets])
    chosen = _select_pictures(picture_ap50, has_boxes)
    return {
        "ids": outputs.ids,
        "ap50": picture_ap50.float(),
        "shown_ids": outputs.ids[chosen],
        "predicted": _box_rows(outputs.detections, chosen),
    }


def _select_pictures(picture_ap50: Tensor, has_boxes: Tensor) -> Tensor:
    """Return the indices of the worst and the best pictures, worst first.

    Pictures without boxes come last among the best.
    """
    order = torch.argsort(picture_ap50, stable=True)
    half = min(MAX_PICTURES // 2, (len(order) + 1) // 2)
    remaining = order[half:]
    remaining = torch.cat([remaining[~has_boxes[remaining]], remaining[has_boxes[remaining]]])
    return torch.cat([order[:half], remaining[-half:]])


def _box_rows(detections: list[Detections], chosen: Tensor) -> Tensor:
    """Return the most confident boxes of some pictures: (M, 7)."""
    rows = [torch.empty(0, 7)]
    for position, index in enumerate(chosen.tolist()):
        picture_detections = detections[index]
        positions = torch.full((len(picture_detections.scores), 1), float(position))
        scores_and_classes = torch.stack(
            [picture_detections.scores, picture_detections.classes.float()], dim=1
        )
        rows.append(
            torch.cat([positions, picture_detections.boxes, scores_and_classes], dim=1)[:MAX_BOXES]
        )
    return torch.cat(rows)
