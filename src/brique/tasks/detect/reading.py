"""One pass of a net over a part: the boxes that there are, and those that it sees."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Batch, Ragged, Split
from brique.inference import at_rest, inputs, tensor_of
from brique.schema import Boxes, Schema, Tags
from brique.tasks.detect.found import Found, found

AT_ONCE = 16  # pictures
SIDE = 12  # pixels of a picture that is made small


@dataclass(frozen=True)
class Truth:
    """The boxes that there are in one picture: (T, 4), and their classes (T,), int64."""

    boxes: Tensor
    classes: Tensor


@dataclass(frozen=True)
class Reading:
    """A part, picture by picture, on the processor.

    ids: (N,), int64. truths: what there is. said: what a net sees.
    small: the pictures at a few pixels, (N, F).
    """

    ids: Tensor
    truths: list[Truth]
    said: list[Found]
    small: Tensor


def kinds(schema: Schema) -> tuple[Boxes, Tags]:
    """Return the boxes and the classes that are the targets of a schema."""
    targets = [schema[name] for name in schema.targets]
    assert isinstance(targets[0], Boxes)
    assert isinstance(targets[1], Tags)
    return targets[0], targets[1]


def read(net: nn.Module, split: Split, classes: int) -> Reading:
    """Return what there is in each picture of a part, and what a net sees: one pass, in eval mode.

    classes: that the net scores. Raises ShapeError when it does not say rows (N, P, 7 + K).
    """
    ids: list[Tensor] = []
    truths: list[Truth] = []
    said: list[Found] = []
    small: list[Tensor] = []
    shape, _ = kinds(split.schema)
    with at_rest(net) as device:
        for batch in split.batches(AT_ONCE):
            rows = net(inputs(batch.to(device), split.schema, net)).float()
            said += found(rows, shape.shape, classes)
            pairs = zip(*wanted(batch, split.schema), strict=True)
            truths += [Truth(box, label) for box, label in pairs]
            small.append(seen_small(tensor_of(batch, split.schema.inputs[0])))
            ids.append(batch.ids)
    return Reading(torch.cat(ids), truths, said, torch.cat(small))


def wanted(batch: Batch, schema: Schema) -> tuple[Ragged, Ragged]:
    """Return the boxes that there are in N pictures, N sequences (T, 4), and their classes (T,)."""
    boxes, labels = (batch[name] for name in schema.targets)
    assert isinstance(boxes, Ragged)
    assert isinstance(labels, Ragged)
    return boxes, labels


def seen_small(pictures: Tensor) -> Tensor:
    """Return pictures (N, C, H, W) at a few pixels, (N, F)."""
    return functional.adaptive_avg_pool2d(pictures, SIDE).flatten(1)
