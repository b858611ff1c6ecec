"""The result of a net with several class targets in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.label.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return the mean accuracy, its interval, and the comparison with the best baseline.

    result: the values that `evaluate` returned.
    """
    accuracy, exact = result["test"]["accuracy"], result["test"]["exact"]
    baseline_accuracy = result["baseline"][result["comparison"]["best"]]["accuracy"]
    text = (
        f"Test accuracy {format_percent(accuracy)} over {len(result['targets'])} targets on"
        f" {result['examples']:,} examples ({interval_text(result, 'accuracy', format_percent)}),"
        f" exact match {format_percent(exact)}"
    )
    return comparison_sentence(
        text,
        format_percent(baseline_accuracy),
        result,
        NAMES,
        is_behind=accuracy <= baseline_accuracy,
    )
