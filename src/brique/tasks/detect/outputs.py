"""One pass of a detector over a split: targets and detections."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Batch, Ragged, Split
from brique.inference import eval_mode, net_inputs, tensor_of
from brique.schema import Boxes, Schema, Tags
from brique.tasks.detect.detections import Detections, decode

BATCH_SIZE = 16  # pictures
THUMBNAIL_SIDE = 12  # in pixels


@dataclass(frozen=True)
class Target:
    """The annotated boxes of one picture: (T, 4), and their classes (T,), int64."""

    boxes: Tensor
    classes: Tensor


@dataclass(frozen=True)
class Outputs:
    """The outputs of a net on a split, picture by picture, on the CPU.

    ids: (N,), int64. targets: the annotated boxes. detections: the predicted ones.
    thumbnails: the pictures at a few pixels, (N, F).
    """

    ids: Tensor
    targets: list[Target]
    detections: list[Detections]
    thumbnails: Tensor


def target_fields(schema: Schema) -> tuple[Boxes, Tags]:
    """Return the boxes field and the classes field of a schema's targets."""
    fields = [schema[name] for name in schema.targets]
    assert isinstance(fields[0], Boxes)
    assert isinstance(fields[1], Tags)
    return fields[0], fields[1]


def collect_outputs(net: nn.Module, split: Split, classes: int) -> Outputs:
    """Return targets and detections of each picture of a split: one pass, in eval mode.

    classes: K of the net. Raises ShapeError when it does not return rows (N, P, 7 + K).
    """
    ids: list[Tensor] = []
    targets: list[Target] = []
    detections: list[Detections] = []
    thumbnails: list[Tensor] = []
    boxes_field, _ = target_fields(split.schema)
    with eval_mode(net) as device:
        for batch in split.batches(BATCH_SIZE):
            rows = net(net_inputs(batch.to(device), split.schema, net)).float()
            detections += decode(rows, boxes_field.shape, classes)
            pairs = zip(*batch_targets(batch, split.schema), strict=True)
            targets += [Target(box, label) for box, label in pairs]
            thumbnails.append(to_thumbnails(tensor_of(batch, split.schema.inputs[0])))
            ids.append(batch.ids)
    return Outputs(torch.cat(ids), targets, detections, torch.cat(thumbnails))


def batch_targets(batch: Batch, schema: Schema) -> tuple[Ragged, Ragged]:
    """Return the target boxes of N pictures, N sequences (T, 4), and their classes (T,)."""
    boxes, labels = (batch[name] for name in schema.targets)
    assert isinstance(boxes, Ragged)
    assert isinstance(labels, Ragged)
    return boxes, labels


def to_thumbnails(pictures: Tensor) -> Tensor:
    """Return pictures (N, C, H, W) pooled to thumbnails (N, F)."""
    return functional.adaptive_avg_pool2d(pictures, THUMBNAIL_SIDE).flatten(1)
