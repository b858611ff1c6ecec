"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import beside, percents, within
from brique.tasks.generate.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how hard made pictures are to tell from real ones.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    test = judged["test"]
    rival = judged["baseline"][judged["comparison"]["best"]]["mixed"]
    found = (
        f"made pictures mix with {judged['examples']:,} of test to {percents(test['mixed'])} ("
        f"{within(judged, 'mixed', percents)}; 100% cannot be told apart), and"
        f" {percents(test['copied'])} are nearly copies of training pictures"
    )
    return beside(
        found, f"reaches {percents(rival)}", judged, NAMES, is_behind=test["mixed"] <= rival
    )
