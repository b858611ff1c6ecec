"""A judgement of tags in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import beside, percents, within
from brique.tasks.tag.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how many words a net tags rightly, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    scores, count = judged["test"], judged["examples"]
    compared = judged["comparison"]
    rival = judged["baseline"][compared["best"]]["accuracy"]
    strange = scores.get("unknown_accuracy")
    among = "" if strange is None else f", {strange:.1%} of the {judged['unknown']:,} new ones"
    found = (
        f"{scores['accuracy']:.1%} of {judged['words']:,} words in {count:,} test sentences tagged"
        f" rightly ({within(judged, 'accuracy', percents)}){among}"
    )
    return beside(
        found, f"is right for {rival:.1%}", judged, NAMES, is_behind=scores["accuracy"] <= rival
    )


def sentence_of_entities(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how well entities are found, and whether the net was worth having.

    judged: the values that `judge` returned of tags in BIO form.
    """
    scores, count = judged["test"], judged["examples"]
    rival = judged["baseline"][judged["comparison"]["best"]]["f1"]
    usual = judged["baseline"]["majority"]
    found = (
        f"entity F1 {scores['f1']:.1%} on {judged['entities']['count']:,} entities in {count:,}"
        f" test sentences ({within(judged, 'f1', percents)}; precision {scores['precision']:.1%},"
        f" recall {scores['recall']:.1%}); {scores['accuracy']:.1%} of words tagged rightly, always"
        f" '{usual['answer']}' {usual['accuracy']:.1%}"
    )
    found = beside(found, f"reaches F1 {rival:.1%}", judged, NAMES, is_behind=scores["f1"] <= rival)
    return found[0].upper() + found[1:]
