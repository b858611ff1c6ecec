"""A judgement of masks in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import beside, percents, within
from brique.tasks.segment.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net finds areas, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    test, compared, count = judged["test"], judged["comparison"], judged["examples"]
    rival = judged["baseline"][compared["best"]]["mean_iou"]
    classes = len(judged["classes"])
    found = (
        f"{test['mean_iou']:.1%} mean IoU of {classes} classes on {count:,} test pictures ("
        f"{within(judged, 'mean_iou', percents)}), {test['pixel_accuracy']:.1%} of the pixels named"
        " rightly"
    )
    return beside(found, f"reaches {rival:.1%}", judged, NAMES, is_behind=test["mean_iou"] <= rival)
