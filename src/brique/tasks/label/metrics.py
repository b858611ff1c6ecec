"""Metrics of nets with several class targets."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brique.data import Split
from brique.evaluation.classification import auc, by_class, confusion, macro_scores
from brique.schema import Category, Schema
from brique.tasks.label.outputs import Outputs, collect_outputs
from brique.tasks.label.predict import BINARY_NAMES, split_by_target, target_fields


@dataclass(frozen=True)
class Validation:
    """Metrics on a split: accuracy over all targets, and the mean loss in nats."""

    accuracy: float
    loss: float


def validate(net: nn.Module, split: Split) -> Validation:
    """Return the metrics of a net on a split, in one pass; NaN on an empty split."""
    if not len(split):
        return Validation(math.nan, math.nan)
    outputs = collect_outputs(net, split, split.schema)
    correct = predicted_classes(outputs, split.schema) == outputs.target
    return Validation(float(correct.double().mean()), log_loss(outputs, split.schema))


def predicted_classes(outputs: Outputs, schema: Schema) -> Tensor:
    """Return the predicted class of each target: (N, T), int64."""
    return torch.stack(
        [target_scores.argmax(dim=1) for target_scores in split_by_target(outputs.scores, schema)],
        dim=1,
    )


def log_loss(outputs: Outputs, schema: Schema) -> float:
    """Return the mean cross entropy in nats over examples and targets, in float64."""
    pairs = zip(
        split_by_target(outputs.scores.double(), schema), outputs.target.unbind(1), strict=True
    )
    losses = [float(functional.cross_entropy(scores, label)) for scores, label in pairs]
    return math.fsum(losses) / len(losses)


def compute_metrics(predicted: Tensor, target: Tensor, schema: Schema) -> dict[str, float]:
    """Return the metrics of predictions (N, T).

    "accuracy": share of correct predictions over all targets; "exact": share of examples with all
    targets correct (exact match); "macro_f1": mean F1 over the targets.
    """
    correct = predicted == target
    pairs = zip(target_fields(schema), predicted.unbind(1), target.unbind(1), strict=True)
    return {
        "accuracy": float(correct.double().mean()),
        "exact": float(correct.all(dim=1).double().mean()),
        "macro_f1": math.fsum(f1(*pair) for pair in pairs) / target.shape[1],
    }


def f1(field: Category, predicted: Tensor, target: Tensor) -> float:
    """Return the F1 of one target: of "yes" for a label, else the mean over the classes."""
    names = field.names
    class_metrics = by_class(confusion(target, predicted, len(names)), names, [None] * len(names))
    if names == BINARY_NAMES:
        return float(class_metrics[BINARY_NAMES[1]]["f1"] or 0.0)
    return macro_scores(class_metrics)["macro_f1"]


def metrics_by_target(outputs: Outputs, schema: Schema) -> dict[str, dict[str, Any]]:
    """Return by target: "accuracy", "f1", "auc" of two classes, "majority", "count" of each class.

    "majority": the accuracy of always predicting the most frequent class of this split.
    """
    metrics: dict[str, dict[str, Any]] = {}
    split_scores = split_by_target(outputs.scores, schema)
    for index, (name, field) in enumerate(zip(schema.targets, target_fields(schema), strict=True)):
        target, probabilities = outputs.target[:, index], split_scores[index].softmax(dim=1)
        predicted = split_scores[index].argmax(dim=1)
        counts = torch.bincount(target, minlength=len(field.names))
        metrics[name] = {
            "accuracy": float((predicted == target).double().mean()),
            "f1": f1(field, predicted, target),
            **({"auc": auc(probabilities[:, 1], target)} if len(field.names) == 2 else {}),
            "majority": float(counts.max()) / len(target),
            "count": dict(zip(field.names, counts.tolist(), strict=True)),
        }
    return metrics
