"""What a net is trained by, and what it says of one input."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Batch, Split
from brique.errors import DataError, ShapeError
from brique.schema import Schema
from brique.tasks.rest import inputs


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a net says of one input: a class by name, and how likely each class is."""

    answer: str
    probabilities: dict[str, float]
    note: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return {"answer": name, "probabilities": {name: share}}."""
        return {"answer": self.answer, "probabilities": self.probabilities}

    def cells(self) -> dict[str, object]:
        """Return the class, its probability, and that of each class."""
        each = {f"p({name})": share for name, share in self.probabilities.items()}
        return {"answer": self.answer, "probability": self.probabilities[self.answer], **each}

    def said(self) -> tuple[str, str]:
        """Return the class, and how likely it is."""
        return self.answer, f"{self.probabilities[self.answer]:.1%}"


def loss(
    scores: Tensor, label: Tensor, weights: Tensor | None = None, *, smoothing: float = 0.0
) -> Tensor:
    """Return the mean cross entropy in nats.

    scores: (N, K), any real numbers.
    label: class indices (N,), int64 in [0, K).
    weights: (K,), what a mistake in each class costs; by default 1.
    smoothing: share of each label that is spread over all classes, so that no net grows too sure.
    """
    if weights is None:
        return functional.cross_entropy(scores, label, label_smoothing=smoothing)
    costs = weights.to(label.device)[label]
    lost = functional.cross_entropy(scores, label, reduction="none", label_smoothing=smoothing)
    return (costs * lost).mean()


def weights(split: Split, target: str | None = None) -> Tensor:
    """Return a weight for each class, the smaller the commoner it is: (K,), float32.

    target: the field of the classes, where there are several targets.

    Over the split's examples they are 1 in the mean, and each class weighs the same in all. A net
    trained with them takes all classes for equally common: its probabilities are those of data in
    which they are, not of data like these.
    Raises DataError when the split is empty.
    """
    target = target or split.schema.target
    labels = split[target]
    assert isinstance(labels, Tensor)
    if not len(labels):
        raise DataError("weights: the split is empty; pass one with at least one example.")
    counts = torch.bincount(labels, minlength=len(split.schema[target].names))
    return len(labels) / (counts > 0).sum() / counts.clamp(min=1)


def answers(scores: Tensor, names: Sequence[str]) -> list[Answer]:
    """Return an Answer for each row of scores; of equal scores the first class wins.

    scores: (N, K), on any device.
    names: the K classes, in the order of the scores.
    Raises ShapeError when scores and names disagree on K.
    """
    check_scores("answers", scores, len(names))
    rows = probabilities(scores)
    return [
        Answer(
            answer=names[int(row.argmax())],
            probabilities=dict(zip(names, row.tolist(), strict=True)),
        )
        for row in rows
    ]


def answered(net: nn.Module, batch: Batch, schema: Schema) -> list[Answer]:
    """Return an Answer for each example of a batch. Raises ShapeError as `answers` does."""
    return answers(net(inputs(batch, schema, net)).float(), schema[schema.target].names)


def probabilities(scores: Tensor) -> Tensor:
    """Return how likely each class is, (N, K), float32, on the processor.

    scores: (N, K), on any device.
    """
    return functional.softmax(scores.detach().float().cpu(), dim=1)


def check_scores(where: str, scores: Tensor, classes: int) -> None:
    """Raise ShapeError unless the scores are (N, classes)."""
    if scores.ndim != 2 or scores.shape[1] != classes:
        raise ShapeError(
            f"{where}: scores have shape {tuple(scores.shape)} but there are {classes} classes;"
            f" pass scores (N, {classes})."
        )
