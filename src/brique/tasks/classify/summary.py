"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import interval_text, significance, small_test_note
from brique.tasks.classify.baselines import NAMES
from brique.tasks.classify.comparison import SIGNIFICANCE_LEVEL


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how good a net is, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first; "by chance" is meant as in the exact test of McNemar at 5%.
    """
    accuracy, count = result["test"]["accuracy"], result["examples"]
    baseline_name = result.get("comparison", {}).get("best", "majority")
    baseline_accuracy = result["baseline"][baseline_name]["accuracy"]
    net_percent, best_percent = _distinct_percents(accuracy, baseline_accuracy)
    method = NAMES[baseline_name]
    if baseline_name == "majority":
        method = f"always answering '{result['baseline'][baseline_name]['answer']}'"
    interval = f"({interval_text(result, 'accuracy', '{:.1%}'.format)})"
    accuracy_text = f"{net_percent} of {count:,} test examples named rightly {interval}{_imbalance_remark(result)}"
    comparison, caveats = (
        result.get("comparison"),
        f"{_majority_remark(result, baseline_name)}{small_test_note(result)}",
    )
    if accuracy < baseline_accuracy:
        is_worse = result.get("comparison", {}).get("outcome") == "worse"
        verdict = "Behind" if is_worse else "No better than"
        baseline_text = f"{method} reaches {best_percent}, {significance(comparison)}{caveats}"
        return f"{verdict} a simple method: {accuracy_text}; {baseline_text}"
    if accuracy == baseline_accuracy:
        return (
            f"No better than a simple method: {accuracy_text}; {method} reaches the same{caveats}"
        )
    return f"{accuracy_text}; the best simple method, {method}, reaches {best_percent}, {significance(comparison)}{caveats}"


def _majority_remark(result: Mapping[str, Any], best_name: str) -> str:
    """Return what always answering the same reaches, where the net may be no better than that."""
    majority, p = (
        result["baseline"]["majority"],
        (result.get("comparison") or {}).get("p_majority", 0),
    )
    if best_name == "majority" or result.get("imbalanced") or p < SIGNIFICANCE_LEVEL:
        return ""
    comparison = {"p": p, "outcome": "even"}
    return (
        f"; always answering '{majority['answer']}' reaches {majority['accuracy']:.1%},"
        f" {significance(comparison)}"
    )


def _imbalance_remark(result: Mapping[str, Any]) -> str:
    """Return the scores that count rare classes, where classes are imbalanced."""
    if not result.get("imbalanced"):
        return ""
    test, counts = result["test"], {k: v["count"] for k, v in result["classes"].items()}
    nonzero = [n for n in counts.values() if n]
    rarest = min((name for name in counts if counts[name]), key=lambda name: counts[name])
    averaged_over = f" of '{rarest}'" if len(counts) == 2 else ", mean over the classes,"
    chance_level = min(nonzero) / sum(nonzero) if len(counts) == 2 else 1 / len(nonzero)
    return (
        f", balanced accuracy {test['balanced_accuracy']:.1%} ({1 / len(nonzero):.1%} for always the"
        f" same), average precision{averaged_over} {test['average_precision']:.1%} ({chance_level:.1%} by chance)"
    )


def _distinct_percents(first: float, second: float) -> tuple[str, str]:
    """Return two shares with as many digits as tell them apart, from each other and from 100%."""
    for digits in (1, 2, 3):
        texts = f"{first:.{digits}%}", f"{second:.{digits}%}"
        is_distinct = first == second or texts[0] != texts[1]
        if is_distinct and all(
            share == 1 or not text.startswith("100")
            for share, text in zip((first, second), texts, strict=True)
        ):
            break
    return texts
