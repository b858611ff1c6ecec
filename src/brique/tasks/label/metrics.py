"""Scores of nets that answer several questions of classes."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Split
from brique.evaluation.classes import auc, by_class, confusion, overall
from brique.schema import Category, Schema
from brique.tasks.label.predict import YES, by_target, kinds
from brique.tasks.label.reading import Reading, read


@dataclass(frozen=True)
class Look:
    """What a net does on a part: the share of answers that are right, and the mean loss in nats."""

    accuracy: float
    loss: float


def look(net: nn.Module, split: Split) -> Look:
    """Return how well a net does on a part, in one pass; of an empty part, NaN."""
    if not len(split):
        return Look(math.nan, math.nan)
    reading = read(net, split, split.schema)
    right = said(reading, split.schema) == reading.truth
    return Look(float(right.double().mean()), log_loss(reading, split.schema))


def said(reading: Reading, schema: Schema) -> Tensor:
    """Return the class that a net answers for each target: (N, T), int64."""
    return torch.stack([some.argmax(dim=1) for some in by_target(reading.scores, schema)], dim=1)


def log_loss(reading: Reading, schema: Schema) -> float:
    """Return the mean cross entropy in nats over examples and targets, in float64."""
    each = zip(by_target(reading.scores.double(), schema), reading.truth.unbind(1), strict=True)
    lost = [float(functional.cross_entropy(scores, label)) for scores, label in each]
    return math.fsum(lost) / len(lost)


def scores(answers: Tensor, truth: Tensor, schema: Schema) -> dict[str, float]:
    """Return the scores of answers (N, T).

    "accuracy": share of all answers that are right; "exact": of the examples with every answer
    right; "macro_f1": mean F1 of the targets, of a label that is borne or not that of bearing it.
    """
    right = answers == truth
    pairs = zip(kinds(schema), answers.unbind(1), truth.unbind(1), strict=True)
    return {
        "accuracy": float(right.double().mean()),
        "exact": float(right.all(dim=1).double().mean()),
        "macro_f1": math.fsum(f1(*pair) for pair in pairs) / truth.shape[1],
    }


def f1(kind: Category, answer: Tensor, truth: Tensor) -> float:
    """Return the F1 of one target: of bearing a label; of other classes their mean."""
    names = kind.names
    found = by_class(confusion(truth, answer, len(names)), names, [None] * len(names))
    if names == YES:
        return float(found[YES[1]]["f1"] or 0.0)
    return overall(found)["macro_f1"]


def each(reading: Reading, schema: Schema) -> dict[str, dict[str, Any]]:
    """Return by target: "accuracy", "f1", "auc" of two classes, "usual", "count" of each class.

    "usual": the share that always answering the commonest class of this part would reach.
    """
    found: dict[str, dict[str, Any]] = {}
    chances = by_target(reading.scores, schema)
    for place, (name, kind) in enumerate(zip(schema.targets, kinds(schema), strict=True)):
        truth, sure = reading.truth[:, place], chances[place].softmax(dim=1)
        answer = chances[place].argmax(dim=1)
        counts = torch.bincount(truth, minlength=len(kind.names))
        found[name] = {
            "accuracy": float((answer == truth).double().mean()),
            "f1": f1(kind, answer, truth),
            **({"auc": auc(sure[:, 1], truth)} if len(kind.names) == 2 else {}),
            "usual": float(counts.max()) / len(truth),
            "count": dict(zip(kind.names, counts.tolist(), strict=True)),
        }
    return found
