"""The result of a tagger in words."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.tag.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return the accuracy of tags on test beside the best baseline's.

    result: the values that `evaluate` returned.
    """
    metrics = result["test"]
    best_accuracy = result["baseline"][result["comparison"]["best"]]["accuracy"]
    unknown_accuracy = metrics.get("unknown_accuracy")
    unknown_text = (
        ""
        if unknown_accuracy is None
        else f"; {unknown_accuracy:.1%} on {result['unknown']:,} unknown words"
    )
    net_text = (
        f"Test accuracy {metrics['accuracy']:.1%} on {result['words']:,} words in"
        f" {result['examples']:,} sentences"
        f" ({interval_text(result, 'accuracy', format_percent)}){unknown_text}"
    )
    return comparison_sentence(
        net_text, f"{best_accuracy:.1%}", result, NAMES,
        is_behind=metrics["accuracy"] <= best_accuracy,
    )  # fmt: skip


def entities_sentence(result: Mapping[str, Any]) -> str:
    """Return the F1 of entities on test beside the best baseline's.

    result: the values that `evaluate` returned for tags in BIO form.
    """
    metrics, majority = result["test"], result["baseline"]["majority"]
    best_f1 = result["baseline"][result["comparison"]["best"]]["f1"]
    net_text = (
        f"Test entity F1 {metrics['f1']:.1%} on {result['entities']['count']:,} entities in"
        f" {result['examples']:,} sentences ({interval_text(result, 'f1', format_percent)});"
        f" precision {metrics['precision']:.1%}, recall {metrics['recall']:.1%}; word accuracy"
        f" {metrics['accuracy']:.1%} (always '{majority['answer']}': {majority['accuracy']:.1%})"
    )
    return comparison_sentence(
        net_text, f"{best_f1:.1%}", result, NAMES, is_behind=metrics["f1"] <= best_f1
    )
