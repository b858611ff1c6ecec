"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import beside, percents, within
from brique.tasks.reconstruct.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net rebuilds pictures, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    share = judged["test"]["r2"]
    rival = judged["baseline"][judged["comparison"]["best"]]["r2"]
    found = (
        f"{percents(share)} of what pictures differ by is rebuilt from {judged['code']} numbers on"
        f" {judged['examples']:,} test examples ({within(judged, 'r2', percents)})"
    )
    return beside(found, f"rebuilds {percents(rival)}", judged, NAMES, is_behind=share <= rival)
