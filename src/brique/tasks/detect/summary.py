"""A judgement of boxes in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import beside, percents, within
from brique.tasks.detect.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net finds things, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    test, compared, count = judged["test"], judged["comparison"], judged["examples"]
    rival = judged["baseline"][compared["best"]]["ap50"]
    found = (
        f"{test['ap50']:.1%} average precision at an overlap of 0.5 ({test['ap']:.1%} over 0.5 to"
        f" 0.95) of {judged['boxes']:,} boxes on {count:,} test pictures ("
        f"{within(judged, 'ap50', percents)})"
    )
    return beside(found, f"reaches {rival:.1%}", judged, NAMES, is_behind=test["ap50"] <= rival)
