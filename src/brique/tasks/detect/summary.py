"""The result of a detector in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.detect.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return average precision, its interval, and the comparison with the best baseline.

    result: the values that `evaluate` returned.
    """
    test, ap50 = result["test"], result["test"]["ap50"]
    baseline_ap50 = result["baseline"][result["comparison"]["best"]]["ap50"]
    text = (
        f"Test AP50 {format_percent(ap50)} on {result['examples']:,} pictures with"
        f" {result['boxes']:,} boxes ({interval_text(result, 'ap50', format_percent)}), AP"
        f" {format_percent(test['ap'])}"
    )
    return comparison_sentence(
        text, format_percent(baseline_ap50), result, NAMES, is_behind=ap50 <= baseline_ap50
    )
