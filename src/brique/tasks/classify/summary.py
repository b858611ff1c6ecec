"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import chance, few, within
from brique.tasks.classify.baselines import NAMES
from brique.tasks.classify.comparison import LEVEL


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how good a net is, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first; "by chance" is meant as in the exact test of McNemar at 5%.
    """
    share, count = judged["test"]["accuracy"], judged["examples"]
    name = judged.get("comparison", {}).get("best", "majority")
    other = judged["baseline"][name]["accuracy"]
    net, best = _percents(share, other)
    method = NAMES[name]
    if name == "majority":
        method = f"always answering '{judged['baseline'][name]['answer']}'"
    interval = f"({within(judged, 'accuracy', '{:.1%}'.format)})"
    found = f"{net} of {count:,} test examples named rightly {interval}{_uneven(judged)}"
    compared, little = judged.get("comparison"), f"{_unlearnt(judged, name)}{few(judged)}"
    if share < other:
        is_worse = judged.get("comparison", {}).get("outcome") == "worse"
        verdict = "Behind" if is_worse else "No better than"
        rest = f"{method} reaches {best}, {chance(compared)}{little}"
        return f"{verdict} a simple method: {found}; {rest}"
    if share == other:
        return f"No better than a simple method: {found}; {method} reaches the same{little}"
    return f"{found}; the best simple method, {method}, reaches {best}, {chance(compared)}{little}"


def _unlearnt(judged: Mapping[str, Any], best: str) -> str:
    """Return what always answering the same reaches, where the net may be no better than that."""
    usual, p = judged["baseline"]["majority"], (judged.get("comparison") or {}).get("p_majority", 0)
    if best == "majority" or judged.get("imbalanced") or p < LEVEL:
        return ""
    compared = {"p": p, "outcome": "even"}
    return (
        f"; always answering '{usual['answer']}' reaches {usual['accuracy']:.1%},"
        f" {chance(compared)}"
    )


def _uneven(judged: Mapping[str, Any]) -> str:
    """Return the scores that count rare classes, where classes are imbalanced."""
    if not judged.get("imbalanced"):
        return ""
    test, counts = judged["test"], {k: v["count"] for k, v in judged["classes"].items()}
    there = [n for n in counts.values() if n]
    rarest = min((name for name in counts if counts[name]), key=lambda name: counts[name])
    what = f" of '{rarest}'" if len(counts) == 2 else ", mean over the classes,"
    chance = min(there) / sum(there) if len(counts) == 2 else 1 / len(there)
    return (
        f", balanced accuracy {test['balanced_accuracy']:.1%} ({1 / len(there):.1%} for always the"
        f" same), average precision{what} {test['average_precision']:.1%} ({chance:.1%} by chance)"
    )


def _percents(first: float, second: float) -> tuple[str, str]:
    """Return two shares with as many digits as tell them apart, from each other and from 100%."""
    for digits in (1, 2, 3):
        texts = f"{first:.{digits}%}", f"{second:.{digits}%}"
        is_told = first == second or texts[0] != texts[1]
        if is_told and all(
            share == 1 or not text.startswith("100")
            for share, text in zip((first, second), texts, strict=True)
        ):
            break
    return texts
