"""The result of a segmentation net in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.segment.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return the mean IoU, its interval, and the comparison with the best baseline.

    result: the values that `evaluate` returned.
    """
    test, mean_iou = result["test"], result["test"]["mean_iou"]
    baseline_iou = result["baseline"][result["comparison"]["best"]]["mean_iou"]
    text = (
        f"Test mean IoU {format_percent(mean_iou)} over {len(result['classes'])} classes on"
        f" {result['examples']:,} pictures ({interval_text(result, 'mean_iou', format_percent)}),"
        f" pixel accuracy {format_percent(test['pixel_accuracy'])}"
    )
    return comparison_sentence(
        text, format_percent(baseline_iou), result, NAMES, is_behind=mean_iou <= baseline_iou
    )
