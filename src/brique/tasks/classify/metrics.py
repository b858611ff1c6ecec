"""How well classes are named: all scores of one pass."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from brique.evaluation.calibration import bins, calibration_error, error_by_chance, log_loss
from brique.evaluation.categories import probabilities
from brique.evaluation.classes import (
    auc,
    average_precision,
    by_class,
    confusion,
    imbalanced,
    overall,
    recall_intervals,
    share_interval,
)
from brique.tasks.classify.reading import Reading


def values_of(
    reading: Reading, names: Sequence[str], value: float, together: Tensor | None
) -> dict[str, Any]:
    """Return the scores of a net by itself."""
    label, chances = reading.label, probabilities(reading.scores)
    answer = reading.scores.argmax(dim=1)
    counts = confusion(label, answer, len(names))
    classes = by_class(counts, names, recall_intervals(label, answer, len(names), together))
    ranges = bins(chances, label, together)
    share = int((answer == label).sum()) / len(label)
    is_uneven = imbalanced(label)
    loss = log_loss(reading.scores, label)
    return {
        "task": "classify",
        "examples": len(label),
        "test": {
            "accuracy": share,
            **overall(classes),
            **({"auc": auc(chances[:, 1], label)} if len(names) == 2 else {}),
            **({"average_precision": average_precision(chances, label)} if is_uneven else {}),
            "log_loss": loss,
            "calibration_error": calibration_error(ranges),
        },
        "interval": {"accuracy": share_interval(answer == label, together)},
        "classes": classes,
        "confusion": counts.tolist(),
        "names": list(names),
        "imbalanced": is_uneven,
        "calibration": {
            "temperature": value,
            "log_loss_before": log_loss(reading.scores.double() * value, label),
            "log_loss": loss,
            "error_by_chance": error_by_chance(chances),
            "bins": ranges,
        },
    }
