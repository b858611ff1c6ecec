"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.label.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how often a net is right, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    accuracy, exact = result["test"]["accuracy"], result["test"]["exact"]
    baseline_accuracy = result["baseline"][result["comparison"]["best"]]["accuracy"]
    text = (
        f"{format_percent(accuracy)} of the answers for {len(result['targets'])} targets right ("
        f"{interval_text(result, 'accuracy', format_percent)}), and all of them on {format_percent(exact)} of"
        f" {result['examples']:,} test examples"
    )
    return comparison_sentence(
        text,
        f"reaches {format_percent(baseline_accuracy)}",
        result,
        NAMES,
        is_behind=accuracy <= baseline_accuracy,
    )
