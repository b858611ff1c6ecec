"""Baselines: the mean box, the most frequent boxes, the boxes of the nearest training picture."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique.data import Data, Ragged, Split
from brique.inference import tensor_of
from brique.tasks.detect.boxes import box_iou, non_max_suppression
from brique.tasks.detect.detections import Detections
from brique.tasks.detect.outputs import to_thumbnails

NAMES = {
    "nearest_picture": "the boxes of the nearest picture",
    "frequent_boxes": "always the most frequent boxes",
    "mean_box": "always the mean box",
}
"""Names of the baselines in sentences."""

MAX_FREQUENT_BOXES = 8  # predicted in every picture
_MAX_TRAIN = 2000  # training boxes, or pictures, that are compared
_MIN_IOU = 0.5  # IoU from which on two training boxes match


@dataclass(frozen=True)
class BaselinePredictions:
    """The predictions of one method for each picture; entry: its JSON values in run.json."""

    entry: dict[str, Any]
    predictions: list[Detections]


def constant(data: Data, count: int) -> dict[str, BaselinePredictions]:
    """Return the mean box of the most frequent class as the prediction for `count` pictures."""
    boxes, classes = _targets(data.train)
    most_common = int(torch.bincount(classes.values).argmax())
    mean_box = boxes.values[classes.values == most_common].mean(0, keepdim=True)
    detections = Detections(mean_box, torch.ones(1), torch.full((1,), most_common))
    return {"mean_box": BaselinePredictions({"box": mean_box[0].tolist()}, [detections] * count)}


def fit_predict(data: Data, thumbnails: Tensor) -> dict[str, BaselinePredictions]:
    """Return the predictions of each baseline for pictures, given as thumbnails (N, F)."""
    predictions = constant(data, len(thumbnails))
    started = time.perf_counter()
    frequent = _frequent_boxes(data.train)
    seconds = round(time.perf_counter() - started, 3)
    predictions["frequent_boxes"] = BaselinePredictions(
        {"seconds": seconds}, [frequent] * len(thumbnails)
    )
    started = time.perf_counter()
    nearest = _nearest_boxes(data.train, thumbnails)
    seconds = round(time.perf_counter() - started, 3)
    predictions["nearest_picture"] = BaselinePredictions({"seconds": seconds}, nearest)
    return predictions


def _frequent_boxes(train: Split) -> Detections:
    """Return the training boxes that match most others, scored by their frequency."""
    boxes, classes = _targets(train)
    stride = max(1, len(boxes.values) // _MAX_TRAIN)
    sample, labels = boxes.values[::stride], classes.values[::stride]
    matches = (box_iou(sample, sample) >= _MIN_IOU) & (labels[:, None] == labels)
    frequency = matches.double().mean(1).float() * min(1.0, len(boxes.values) / len(boxes))
    chosen = non_max_suppression(sample, frequency, labels)[:MAX_FREQUENT_BOXES]
    return Detections(sample[chosen], frequency[chosen].clamp(max=1.0), labels[chosen])


def _nearest_boxes(train: Split, thumbnails: Tensor) -> list[Detections]:
    """Return for each picture the boxes of the training picture with the nearest thumbnail."""
    boxes, classes = _targets(train)
    sample_ids = train.ids[:: max(1, len(train) // _MAX_TRAIN)]
    rows = torch.arange(len(train))[:: max(1, len(train) // _MAX_TRAIN)]
    pictures = (
        tensor_of(batch, train.schema.inputs[0]) for batch in train.select(sample_ids).batches(16)
    )
    train_thumbnails = torch.cat([to_thumbnails(batch) for batch in pictures])
    nearest = rows[torch.cdist(thumbnails, train_thumbnails).argmin(1)]
    detections: list[Detections] = []
    for row in nearest.tolist():
        row_boxes, labels = boxes[row], classes[row]
        assert isinstance(row_boxes, Tensor)
        assert isinstance(labels, Tensor)
        area = (row_boxes[:, 2:] - row_boxes[:, :2]).prod(1)
        order = torch.argsort(area, descending=True, stable=True)
        scores = torch.linspace(1.0, 0.5, len(order)) if len(order) else torch.empty(0)
        detections.append(Detections(row_boxes[order], scores, labels[order]))
    return detections


def _targets(split: Split) -> tuple[Ragged, Ragged]:
    """Return the boxes of a split, and their classes."""
    boxes, classes = (split[name] for name in split.schema.targets)
    assert isinstance(boxes, Ragged)
    assert isinstance(classes, Ragged)
    return boxes, classes
