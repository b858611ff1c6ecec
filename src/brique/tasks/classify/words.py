"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

FEW = 30
_METHODS = {
    "logistic": "logistic regression",
    "svm": "an RBF-SVM",
    "neighbors": "nearest neighbors",
    "forest": "a random forest",
}


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how good a net is, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first; "by chance" is meant as in the exact test of McNemar at 5%.
    """
    share, count = judged["test"]["accuracy"], judged["examples"]
    low, high = judged["interval"]["accuracy"]
    name = judged.get("comparison", {}).get("best", "majority")
    other = judged["baseline"][name]["accuracy"]
    net, best = _percents(share, other)
    method = _METHODS.get(name) or f"always answering '{judged['baseline'][name]['answer']}'"
    interval = f"(95% interval {low:.1%} to {high:.1%})"
    found = f"{net} of {count:,} test examples named rightly {interval}"
    few = f"; {count} test examples say little" if count < FEW else ""
    if share < other:
        is_worse = judged.get("comparison", {}).get("outcome") == "worse"
        verdict = "Behind" if is_worse else "No better than"
        return (
            f"{verdict} a simple method: {found}; {method} reaches {best}, {_chance(judged)}{few}"
        )
    if share == other:
        return f"No better than a simple method: {found}; {method} reaches the same{few}"
    return f"{found}; the best simple method, {method}, reaches {best}, {_chance(judged)}{few}"


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


def _chance(judged: Mapping[str, Any]) -> str:
    compared = judged.get("comparison")
    if compared is None:
        return "not tested for chance"
    p = compared["p"]
    value = f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"
    if compared["outcome"] == "even":
        return f"a difference that can be chance ({value})"
    return f"a difference that is more than chance ({value})"
