"""A judgement of translations in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import beside, within
from brique.tasks.translation.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net translates, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    scores, count = judged["test"], judged["examples"]
    source, target = judged["languages"]
    compared = judged["comparison"]
    rival = judged["baseline"][compared["best"]]["bleu"]
    found = (
        f"{scores['bleu']:.1f} BLEU from {source} to {target} on {count:,} test texts ("
        f"{within(judged, 'bleu', '{:.1f}'.format)}), {scores['exact']:.1%} of them to the letter"
    )
    return beside(found, f"has {rival:.1f}", judged, NAMES, is_behind=scores["bleu"] <= rival)
