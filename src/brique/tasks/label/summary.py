"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import beside, percents, within
from brique.tasks.label.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how often a net is right, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    share, exact = judged["test"]["accuracy"], judged["test"]["exact"]
    rival = judged["baseline"][judged["comparison"]["best"]]["accuracy"]
    found = (
        f"{percents(share)} of the answers for {len(judged['targets'])} targets right ("
        f"{within(judged, 'accuracy', percents)}), and all of them on {percents(exact)} of"
        f" {judged['examples']:,} test examples"
    )
    return beside(found, f"reaches {percents(rival)}", judged, NAMES, is_behind=share <= rival)
