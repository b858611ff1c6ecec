"""Predictions of a detector, and its score threshold."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from brique.data import Batch, Split
from brique.evaluation.resize import size_and_transform
from brique.inference import net_inputs
from brique.nets.score_threshold import ScoreThreshold
from brique.schema import Schema
from brique.tasks.detect.detections import Detections, decode
from brique.tasks.detect.metrics import match_boxes
from brique.tasks.detect.outputs import collect_outputs, target_fields

DEFAULT_THRESHOLD = 0.3  # of scores, if none was fitted


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The detections in one picture.

    answer: number of boxes by class. boxes: x0, y0, x1, y1 in pixels of the original picture.
    classes, scores: of each box, highest score first.
    """

    answer: dict[str, int]
    boxes: tuple[tuple[float, float, float, float], ...]
    classes: tuple[str, ...]
    scores: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": counts by class, "boxes": [{"box": [4], "class", "score"}]}."""
        rows = zip(self.boxes, self.classes, self.scores, strict=True)
        boxes = [
            {"box": list(box), "class": class_name, "score": score}
            for box, class_name, score in rows
        ]
        return {"answer": self.answer, "boxes": boxes}

    def cells(self) -> dict[str, object]:
        """Return the number of boxes, and all of them in one text."""
        rows = zip(self.classes, self.scores, self.boxes, strict=True)
        texts = [
            f"{class_name} {score:.3f} {' '.join(f'{x:.1f}' for x in b)}"
            for class_name, score, b in rows
        ]
        return {"answer": len(self.boxes), "boxes": "; ".join(texts)}

    def summary(self) -> tuple[str, str]:
        """Return the counts by class, and the highest score."""
        text = ", ".join(f"{count} {name}" for name, count in self.answer.items())
        return text or "nothing", f"{self.scores[0]:.1%}" if self.scores else ""


def predictions(
    detections: list[Detections], names: tuple[str, ...], score_threshold: float
) -> list[Answer]:
    """Return the prediction of each picture: its boxes with a score of at least the threshold."""
    items: list[Answer] = []
    for picture_detections in detections:
        confident = picture_detections.above(score_threshold)
        class_names = tuple(names[number] for number in confident.classes.tolist())
        items.append(Answer(
            answer={name: class_names.count(name) for name in dict.fromkeys(class_names)},
            boxes=tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in confident.boxes.tolist()),
            classes=class_names, scores=tuple(confident.scores.tolist()),
        ))  # fmt: skip
    return items


def predict(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return the prediction of each picture of a batch, in pixels of the resized picture.

    Raises ShapeError when the net does not return rows (N, P, 7 + K).
    """
    boxes_field, tags_field = target_fields(schema)
    detections = decode(
        net(net_inputs(batch, schema, net)).float(), boxes_field.shape, len(tags_field.names)
    )
    return predictions(detections, tags_field.names, get_score_threshold(net))


def postprocess(answer: Answer, value: object, schema: Schema) -> Answer:
    """Return a prediction in pixels of the original picture: a path, a picture or an array.

    The resize is undone and boxes are clipped. Raises DataError when the size of the original is
    unknown.
    """
    (height, width), (scale, dx, dy) = size_and_transform(value, schema)
    boxes = torch.tensor(answer.boxes, dtype=torch.float64).reshape(-1, 4)
    boxes = (boxes - torch.tensor([dx, dy] * 2)) / scale
    limits = torch.tensor([width, height] * 2, dtype=torch.float64)
    clipped = boxes.clamp(min=0).minimum(limits).tolist()
    return replace(answer, boxes=tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in clipped))


def get_score_threshold(net: nn.Module) -> float:
    """Return the score threshold of a net: that of its ScoreThreshold layer, or 0.3."""
    layers = [module for module in net.modules() if isinstance(module, ScoreThreshold)]
    return float(layers[0].value) if len(layers) == 1 else DEFAULT_THRESHOLD


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set the score threshold of a net to the one with the best F1 on valid.

    net: with one ScoreThreshold layer. Without one, or without boxes in valid, nothing is set.
    """
    layers = [module for module in net.modules() if isinstance(module, ScoreThreshold)]
    if len(layers) != 1 or not len(valid):
        return
    names = target_fields(valid.schema)[1].names
    outputs = collect_outputs(net, valid, len(names))
    matches = match_boxes(outputs.targets, outputs.detections, len(names))
    score = torch.cat([class_matches.score for class_matches in matches])
    true_positive = torch.cat([class_matches.true_positive[0] for class_matches in matches])
    total = sum(int(class_matches.target_count.sum()) for class_matches in matches)
    if not total or not bool(true_positive.any()):
        return
    order = torch.argsort(score, descending=True, stable=True)
    true_positives = true_positive[order].double().cumsum(0)
    f1 = 2 * true_positives / (torch.arange(1, len(order) + 1) + total)
    best = int(f1.argmax())
    threshold = _midpoint(score[order], best)
    layers[0].value.fill_(threshold)


def _midpoint(score: Tensor, index: int) -> float:
    """Return the midpoint between the last accepted and the first rejected score."""
    next_score = float(score[index + 1]) if index + 1 < len(score) else 0.0
    return (float(score[index]) + next_score) / 2
