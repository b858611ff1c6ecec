"""Metrics of a classifier, from one pass over a split."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from brique.evaluation.calibration import bins, calibration_error, error_by_chance, log_loss
from brique.evaluation.categories import probabilities
from brique.evaluation.classification import (
    auc,
    average_precision,
    by_class,
    confusion,
    has_class_imbalance,
    macro_scores,
    recall_intervals,
    share_interval,
)
from brique.tasks.classify.outputs import Outputs


def result_values(
    outputs: Outputs, names: Sequence[str], temperature: float, groups: Tensor | None
) -> dict[str, Any]:
    """Return the metrics of a net, without baselines."""
    label, class_probabilities = outputs.label, probabilities(outputs.scores)
    predicted = outputs.scores.argmax(dim=1)
    counts = confusion(label, predicted, len(names))
    classes = by_class(counts, names, recall_intervals(label, predicted, len(names), groups))
    calibration_bins = bins(class_probabilities, label, groups)
    accuracy = int((predicted == label).sum()) / len(label)
    has_imbalance = has_class_imbalance(label)
    loss = log_loss(outputs.scores, label)
    return {
        "task": "classify",
        "examples": len(label),
        "test": {
            "accuracy": accuracy,
            **macro_scores(classes),
            **({"auc": auc(class_probabilities[:, 1], label)} if len(names) == 2 else {}),
            **(
                {"average_precision": average_precision(class_probabilities, label)}
                if has_imbalance
                else {}
            ),
            "log_loss": loss,
            "calibration_error": calibration_error(calibration_bins),
        },
        "interval": {"accuracy": share_interval(predicted == label, groups)},
        "classes": classes,
        "confusion": counts.tolist(),
        "names": list(names),
        "imbalanced": has_imbalance,
        "calibration": {
            "temperature": temperature,
            "log_loss_before": log_loss(outputs.scores.double() * temperature, label),
            "log_loss": loss,
            "error_by_chance": error_by_chance(class_probabilities),
            "bins": calibration_bins,
        },
    }
