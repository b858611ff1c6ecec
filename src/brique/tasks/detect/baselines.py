"""Boxes without a net: always the mean one, always the usual ones, those of the nearest picture."""

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from brique.data import Data, Ragged, Split
from brique.inference import tensor_of
from brique.tasks.detect.boxes import kept, overlap
from brique.tasks.detect.found import Found
from brique.tasks.detect.reading import seen_small

NAMES = {
    "nearest_picture": "taking the boxes of the nearest picture",
    "usual_boxes": "always answering the usual boxes",
    "mean_box": "always answering the mean box",
}
"""What the methods are called in a sentence."""

USUAL = 8  # boxes that always are said
_SEEN = 2000  # training boxes or pictures that are looked at
_FOUND = 0.5  # overlap with which a training box counts as found


@dataclass(frozen=True)
class Said:
    """What one method says of each picture; entry: its place in run.json."""

    entry: dict[str, Any]
    answers: list[Found]


def constant(data: Data, count: int) -> dict[str, Said]:
    """Return the mean box of the commonest class as an answer to each of `count` pictures."""
    boxes, classes = _marks(data.train)
    usual = int(torch.bincount(classes.values).argmax())
    mean = boxes.values[classes.values == usual].mean(0, keepdim=True)
    one = Found(mean, torch.ones(1), torch.full((1,), usual))
    return {"mean_box": Said({"box": mean[0].tolist()}, [one] * count)}


def fitted(data: Data, small: Tensor) -> dict[str, Said]:
    """Return what each simple method says of pictures, which are given at a few pixels: (N, F)."""
    found = constant(data, len(small))
    begun = time.perf_counter()
    usual = _usual(data.train)
    spent = round(time.perf_counter() - begun, 3)
    found["usual_boxes"] = Said({"seconds": spent}, [usual] * len(small))
    begun = time.perf_counter()
    nearest = _nearest(data.train, small)
    spent = round(time.perf_counter() - begun, 3)
    found["nearest_picture"] = Said({"seconds": spent}, nearest)
    return found


def _usual(train: Split) -> Found:
    """Return the training boxes that find most others, each with the share of pictures it suits."""
    boxes, classes = _marks(train)
    step = max(1, len(boxes.values) // _SEEN)
    some, labels = boxes.values[::step], classes.values[::step]
    alike = (overlap(some, some) >= _FOUND) & (labels[:, None] == labels)
    share = alike.double().mean(1).float() * min(1.0, len(boxes.values) / len(boxes))
    first = kept(some, share, labels)[:USUAL]
    return Found(some[first], share[first].clamp(max=1.0), labels[first])


def _nearest(train: Split, small: Tensor) -> list[Found]:
    """Return for each picture the boxes of the training picture whose pixels are most like its."""
    boxes, classes = _marks(train)
    some = train.ids[:: max(1, len(train) // _SEEN)]
    places = torch.arange(len(train))[:: max(1, len(train) // _SEEN)]
    pictures = (tensor_of(one, train.schema.inputs[0]) for one in train.select(some).batches(16))
    known = torch.cat([seen_small(one) for one in pictures])
    near = places[torch.cdist(small, known).argmin(1)]
    answers: list[Found] = []
    for place in near.tolist():
        own, labels = boxes[place], classes[place]
        assert isinstance(own, Tensor)
        assert isinstance(labels, Tensor)
        area = (own[:, 2:] - own[:, :2]).prod(1)
        order = torch.argsort(area, descending=True, stable=True)
        sure = torch.linspace(1.0, 0.5, len(order)) if len(order) else torch.empty(0)
        answers.append(Found(own[order], sure, labels[order]))
    return answers


def _marks(split: Split) -> tuple[Ragged, Ragged]:
    """Return the boxes of a part, and their classes."""
    boxes, classes = (split[name] for name in split.schema.targets)
    assert isinstance(boxes, Ragged)
    assert isinstance(classes, Ragged)
    return boxes, classes
