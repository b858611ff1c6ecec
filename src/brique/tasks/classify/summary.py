"""The result of a classifier in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import (
    comparison_sentence,
    format_percent,
    interval_text,
    significance,
)
from brique.tasks.classify.baselines import NAMES
from brique.tasks.classify.comparison import SIGNIFICANCE_LEVEL


def sentence(result: Mapping[str, Any]) -> str:
    """Return accuracy, its interval, and the comparison with the best baseline.

    result: the values that `evaluate` returned.
    """
    comparison = result.get("comparison") or {"best": "majority"}
    best = comparison["best"]
    accuracy, baseline_accuracy = result["test"]["accuracy"], result["baseline"][best]["accuracy"]
    net_percent, baseline_percent = _distinct_percents(accuracy, baseline_accuracy)
    interval = interval_text(result, "accuracy", format_percent)
    text = comparison_sentence(
        f"Test accuracy {net_percent} on {result['examples']:,} examples ({interval})"
        f"{_imbalance_remark(result)}",
        baseline_percent,
        {**result, "comparison": comparison},
        {**NAMES, "majority": f"always '{result['baseline']['majority']['answer']}'"},
        is_behind=accuracy <= baseline_accuracy,
    )
    return f"{text}{_majority_remark(result, best)}"


def _majority_remark(result: Mapping[str, Any], best_name: str) -> str:
    """Return a sentence on the majority class, if the net does not differ from it significantly."""
    majority = result["baseline"]["majority"]
    p = (result.get("comparison") or {}).get("p_majority", 0)
    if best_name == "majority" or result.get("imbalanced") or p < SIGNIFICANCE_LEVEL:
        return ""
    comparison = {"p": p, "outcome": "even"}
    return (
        f" Always '{majority['answer']}': {majority['accuracy']:.1%}; {significance(comparison)}."
    )


def _imbalance_remark(result: Mapping[str, Any]) -> str:
    """Return balanced accuracy and average precision, if classes are imbalanced."""
    if not result.get("imbalanced"):
        return ""
    test, counts = result["test"], {k: v["count"] for k, v in result["classes"].items()}
    nonzero = [n for n in counts.values() if n]
    rarest = min((name for name in counts if counts[name]), key=lambda name: counts[name])
    title = f"average precision of '{rarest}'" if len(counts) == 2 else "mean average precision"
    chance_level = min(nonzero) / sum(nonzero) if len(counts) == 2 else 1 / len(nonzero)
    return (
        f", balanced accuracy {test['balanced_accuracy']:.1%} (chance {1 / len(nonzero):.1%}),"
        f" {title} {test['average_precision']:.1%} (chance {chance_level:.1%})"
    )


def _distinct_percents(first: float, second: float) -> tuple[str, str]:
    """Return two shares with enough digits to differ from each other and from 100%."""
    for digits in (1, 2, 3):
        texts = f"{first:.{digits}%}", f"{second:.{digits}%}"
        is_distinct = first == second or texts[0] != texts[1]
        if is_distinct and all(
            share == 1 or not text.startswith("100")
            for share, text in zip((first, second), texts, strict=True)
        ):
            break
    return texts
