"""What a net says of the things in one picture, and from which score on it says it."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from brique.bricks import Least
from brique.data import Batch, Split
from brique.evaluation.placing import placing_of
from brique.inference import inputs
from brique.schema import Schema
from brique.tasks.detect.found import Found, found
from brique.tasks.detect.metrics import marks
from brique.tasks.detect.reading import kinds, read

DEFAULT = 0.3  # the least score of a box that is said, where none was fitted


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one picture.

    answer: how many things it sees, by class. boxes: of each x0, y0, x1, y1, in pixels of the
    picture as it was given. classes, scores: of each, the surest first.
    """

    answer: dict[str, int]
    boxes: tuple[tuple[float, float, float, float], ...]
    classes: tuple[str, ...]
    scores: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        """Return {"answer": counts by class, "boxes": [{"box": [4], "class", "score"}]}."""
        rows = zip(self.boxes, self.classes, self.scores, strict=True)
        boxes = [{"box": list(box), "class": one, "score": score} for box, one, score in rows]
        return {"answer": self.answer, "boxes": boxes}

    def cells(self) -> dict[str, object]:
        """Return how many boxes there are, and all of them in one text."""
        rows = zip(self.classes, self.scores, self.boxes, strict=True)
        told = [f"{one} {score:.3f} {' '.join(f'{x:.1f}' for x in b)}" for one, score, b in rows]
        return {"answer": len(self.boxes), "boxes": "; ".join(told)}

    def said(self) -> tuple[str, str]:
        """Return how many of what there are, and the surest score."""
        told = ", ".join(f"{count} {name}" for name, count in self.answer.items())
        return told or "nothing", f"{self.scores[0]:.1%}" if self.scores else ""


def answers(seen: list[Found], names: tuple[str, ...], least: float) -> list[Answer]:
    """Return an Answer for each picture: its boxes of a score of `least` or more."""
    made: list[Answer] = []
    for one in seen:
        good = one.above(least)
        called = tuple(names[number] for number in good.classes.tolist())
        made.append(Answer(
            answer={name: called.count(name) for name in dict.fromkeys(called)},
            boxes=tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in good.boxes.tolist()),
            classes=called, scores=tuple(good.scores.tolist()),
        ))  # fmt: skip
    return made


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each picture of a batch, in pixels of the picture as the net takes it.

    Raises ShapeError when the net does not say rows (N, P, 7 + K).
    """
    shape, tags = kinds(schema)
    seen = found(net(inputs(batch, schema, net)).float(), shape.shape, len(tags.names))
    return answers(seen, tags.names, least_of(net))


def placed(answer: Answer, given: object, schema: Schema) -> Answer:
    """Return an answer in pixels of the picture as it was given: a path, a picture or an array.

    Boxes are moved back as the picture was moved, and cut to it. Raises DataError when its size
    cannot be told.
    """
    (height, width), (scale, dx, dy) = placing_of(given, schema)
    boxes = torch.tensor(answer.boxes, dtype=torch.float64).reshape(-1, 4)
    boxes = (boxes - torch.tensor([dx, dy] * 2)) / scale
    far = torch.tensor([width, height] * 2, dtype=torch.float64)
    cut = boxes.clamp(min=0).minimum(far).tolist()
    return replace(answer, boxes=tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in cut))


def least_of(net: nn.Module) -> float:
    """Return the score from which on a net says a box: what its brick holds, or 0.3."""
    bricks = [part for part in net.modules() if isinstance(part, Least)]
    return float(bricks[0].value) if len(bricks) == 1 else DEFAULT


def calibrate(net: nn.Module, valid: Split) -> None:
    """Set the score from which on a net says a box to that with the best F1 on valid.

    net: with one `brique.bricks.Least`; without, nothing is set, nor on a part without boxes.
    """
    bricks = [part for part in net.modules() if isinstance(part, Least)]
    if len(bricks) != 1 or not len(valid):
        return
    names = kinds(valid.schema)[1].names
    reading = read(net, valid, len(names))
    every = marks(reading.truths, reading.said, len(names))
    score, hit = torch.cat([one.score for one in every]), torch.cat([one.hit[0] for one in every])
    true = sum(int(one.true.sum()) for one in every)
    if not true or not bool(hit.any()):
        return
    order = torch.argsort(score, descending=True, stable=True)
    right = hit[order].double().cumsum(0)
    f1 = 2 * right / (torch.arange(1, len(order) + 1) + true)
    at = int(f1.argmax())
    value = _between(score[order], at)
    bricks[0].value.fill_(value)


def _between(score: Tensor, at: int) -> float:
    """Return a number between the last score that is taken and the first that is not."""
    after = float(score[at + 1]) if at + 1 < len(score) else 0.0
    return (float(score[at]) + after) / 2
