"""A judgement of masks in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.segment.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net finds areas, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    test, comparison, count = result["test"], result["comparison"], result["examples"]
    baseline_iou = result["baseline"][comparison["best"]]["mean_iou"]
    classes = len(result["classes"])
    text = (
        f"{test['mean_iou']:.1%} mean IoU of {classes} classes on {count:,} test pictures ("
        f"{interval_text(result, 'mean_iou', format_percent)}), {test['pixel_accuracy']:.1%} of the pixels named"
        " rightly"
    )
    return comparison_sentence(
        text,
        f"reaches {baseline_iou:.1%}",
        result,
        NAMES,
        is_behind=test["mean_iou"] <= baseline_iou,
    )
