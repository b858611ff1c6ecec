"""A judgement of boxes in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.detect.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net finds things, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    test, comparison, count = result["test"], result["comparison"], result["examples"]
    baseline_ap50 = result["baseline"][comparison["best"]]["ap50"]
    text = (
        f"{test['ap50']:.1%} average precision at an overlap of 0.5 ({test['ap']:.1%} over 0.5 to"
        f" 0.95) of {result['boxes']:,} boxes on {count:,} test pictures ("
        f"{interval_text(result, 'ap50', format_percent)})"
    )
    return comparison_sentence(
        text, f"reaches {baseline_ap50:.1%}", result, NAMES, is_behind=test["ap50"] <= baseline_ap50
    )
