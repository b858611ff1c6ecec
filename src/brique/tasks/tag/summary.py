"""A judgement of tags in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.tag.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how many words a net tags rightly, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    metrics, count = result["test"], result["examples"]
    comparison = result["comparison"]
    baseline_accuracy = result["baseline"][comparison["best"]]["accuracy"]
    unknown_accuracy = metrics.get("unknown_accuracy")
    unknown_text = (
        ""
        if unknown_accuracy is None
        else f", {unknown_accuracy:.1%} of the {result['unknown']:,} new ones"
    )
    summary = (
        f"{metrics['accuracy']:.1%} of {result['words']:,} words in {count:,} test sentences tagged"
        f" rightly ({interval_text(result, 'accuracy', format_percent)}){unknown_text}"
    )
    return comparison_sentence(
        summary,
        f"is right for {baseline_accuracy:.1%}",
        result,
        NAMES,
        is_behind=metrics["accuracy"] <= baseline_accuracy,
    )


def entities_sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how well entities are found, and whether the net was worth having.

    result: the values that `judge` returned of tags in BIO form.
    """
    metrics, count = result["test"], result["examples"]
    baseline_f1 = result["baseline"][result["comparison"]["best"]]["f1"]
    majority = result["baseline"]["majority"]
    summary = (
        f"entity F1 {metrics['f1']:.1%} on {result['entities']['count']:,} entities in {count:,}"
        f" test sentences ({interval_text(result, 'f1', format_percent)}; precision {metrics['precision']:.1%},"
        f" recall {metrics['recall']:.1%}); {metrics['accuracy']:.1%} of words tagged rightly, always"
        f" '{majority['answer']}' {majority['accuracy']:.1%}"
    )
    summary = comparison_sentence(
        summary,
        f"reaches F1 {baseline_f1:.1%}",
        result,
        NAMES,
        is_behind=metrics["f1"] <= baseline_f1,
    )
    return summary[0].upper() + summary[1:]
