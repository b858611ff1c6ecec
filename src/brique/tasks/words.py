"""Words that the sentences of all tasks have in common."""

from collections.abc import Callable, Mapping
from typing import Any

FEW = 30
METHODS = {
    "logistic": "logistic regression",
    "svm": "an RBF-SVM",
    "neighbors": "nearest neighbors",
    "forest": "a random forest",
    "boosting": "gradient boosting",
    "bayes": "naive Bayes",
    "linear": "linear regression",
    "mean": "always answering the mean",
    "principal": "principal component analysis",
    "axes": "a normal distribution along principal components",
    "nearest_picture": "taking the boxes of the nearest picture",
    "usual_boxes": "always answering the usual boxes",
    "mean_box": "always answering the mean box",
    "majority": "always answering the commonest class",
    "usual": "the commonest tag of each word",
    "endings": "the commonest tag of each word, or of its ending",
    "window": "a linear model of each word and its neighbors",
    "yesterday": "the values before",
    "last": "the last value",
    "ridge": "a line of the target's own past",
    "all": "a line of the past of all columns",
    "copy": "the text as it is",
    "commonest": "always the commonest translation",
    "dictionary": "a dictionary, word by word",
}


def method(name: str) -> str:
    """Return what a baseline is called in a sentence."""
    return METHODS.get(name, name)


def percents(value: float) -> str:
    """Return a share as a percentage; one that is nearly 0 has no sign.

    >>> percents(-0.0001), percents(-123456.0)
    ('0.0%', 'less than -10,000%')
    """
    if value < -100:
        return "less than -10,000%"
    return f"{value:.1%}".replace("-0.0%", "0.0%")


def amount(value: float, figures: int = 4) -> str:
    """Return a number as people write it: with so many figures, large ones whole.

    >>> amount(131811.2), amount(0.0123456), amount(-2e15)
    ('131,811', '0.01235', '-2e+15')
    """
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e12 else f"{value:.{figures}g}"


def within(judged: Mapping[str, Any], score: str, show: Callable[[float], str]) -> str:
    """Return the 95% interval of a score, or that it has none; of groups it is said to be so.

    judged: "interval" and "comparison". show: says a score.
    """
    low, high = judged["interval"][score]
    if low is None or high is None:
        return "no interval: too few examples or groups"
    by = "" if _groups(judged) is None else " by groups"
    return f"95% interval{by} {show(low)} to {show(high)}"


def few(judged: Mapping[str, Any]) -> str:
    """Return what is to be said of so many test examples, or groups of them, if they are few."""
    groups = _groups(judged)
    count, unit = (judged["examples"], "test example") if groups is None else (groups, "group")
    if count >= FEW:
        return ""
    return f"; {count} {unit} says little" if count == 1 else f"; {count} {unit}s say little"


def _groups(judged: Mapping[str, Any]) -> int | None:
    """Return how many groups test examples are of; None where each stands alone."""
    compared = judged.get("comparison") or {}
    return int(compared["examples"]) if compared.get("unit") == "group" else None


def chance(compared: Mapping[str, Any] | None) -> str:
    """Return whether a difference can be chance."""
    if compared is None:
        return "not tested for chance"
    p = compared["p"]
    value = f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"
    if compared["outcome"] == "even":
        return f"a difference that can be chance ({value})"
    return f"a difference that is more than chance ({value})"


def beside(found: str, reached: str, judged: Mapping[str, Any], *, is_behind: bool) -> str:
    """Return what a net was found to do, beside the best simple method, in one sentence.

    found: of the net. reached: what the method does, such as "reaches 54.3%".
    judged: "comparison" and "examples". is_behind: whether the method is ahead: that is said first.
    """
    compared = judged["comparison"]
    name, rest = method(compared["best"]), f"{chance(compared)}{few(judged)}"
    if is_behind:
        verdict = "Behind" if compared["outcome"] == "worse" else "No better than"
        return f"{verdict} a simple method: {found}; {name} {reached}, {rest}"
    return f"{found}; the best simple method, {name}, {reached}, {rest}"
