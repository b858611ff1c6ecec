"""Words that the sentences of all tasks have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from brique.evaluation.calibration import MIN_EXAMPLES

SMALL_TEST = 30
_MAX_NAMES = 5  # classes that a sentence names


def format_percent(value: float) -> str:
    """Return a share as a percentage; one that is nearly 0 has no sign.

    >>> percents(-0.0001), percents(-123456.0)
    ('0.0%', 'less than -10,000%')
    """
    if value < -100:
        return "less than -10,000%"
    return f"{value:.1%}".replace("-0.0%", "0.0%")


def format_number(value: float, digits: int = 4) -> str:
    """Return a number as people write it: with so many figures, large ones whole.

    >>> amount(131811.2), amount(0.0123456), amount(-2e15)
    ('131,811', '0.01235', '-2e+15')
    """
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e12 else f"{value:.{digits}g}"


def interval_text(
    result: Mapping[str, Any], metric: str, format_score: Callable[[float], str]
) -> str:
    """Return the 95% interval of a score, or that it has none; of groups it is said to be so.

    result: "interval" and "comparison". show: says a score.
    """
    low, high = result["interval"][metric]
    if low is None or high is None:
        return "no interval: too few examples or groups"
    unit = "" if _group_count(result) is None else " by groups"
    return f"95% interval{unit} {format_score(low)} to {format_score(high)}"


def small_test_note(result: Mapping[str, Any]) -> str:
    """Return what is to be said of so many test examples, or groups of them, if they are few."""
    groups = _group_count(result)
    count, unit = (result["examples"], "test example") if groups is None else (groups, "group")
    if count >= SMALL_TEST:
        return ""
    return f"; {count} {unit} says little" if count == 1 else f"; {count} {unit}s say little"


def _group_count(result: Mapping[str, Any]) -> int | None:
    """Return how many groups test examples are of; None where each stands alone."""
    comparison = result.get("comparison") or {}
    return int(comparison["examples"]) if comparison.get("unit") == "group" else None


def significance(comparison: Mapping[str, Any] | None) -> str:
    """Return whether a difference can be chance."""
    if comparison is None:
        return "not tested for chance"
    p = comparison["p"]
    value = f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"
    if comparison["outcome"] == "even":
        return f"a difference that can be chance ({value})"
    return f"a difference that is more than chance ({value})"


def comparison_sentence(
    net_text: str,
    baseline_text: str,
    result: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    is_behind: bool,
) -> str:
    """Return what a net was found to do, beside the best simple method, in one sentence.

    net_text: of the net. reached: what the method does, such as "reaches 54.3%".
    result: "comparison" and "examples". names: of the methods, for people.
    is_behind: whether the method is ahead: that is said first.
    """
    comparison = result["comparison"]
    name, remark = (
        names.get(comparison["best"], comparison["best"]),
        f"{significance(comparison)}{small_test_note(result)}",
    )
    if is_behind:
        verdict = "Behind" if comparison["outcome"] == "worse" else "No better than"
        return f"{verdict} a simple method: {net_text}; {name} {baseline_text}, {remark}"
    return f"{net_text}; the best simple method, {name}, {baseline_text}, {remark}"


def full_sentence(result: Mapping[str, Any], sentence: Callable[[Mapping[str, Any]], str]) -> str:
    """Return a result in one sentence, with what makes it worthless first.

    result: the values that a task's `evaluate` returned. sentence: that of the task.
    """
    return f"{distrust_prefix(result)}{_with_caveats(result, sentence(result))}"


def _with_caveats(result: Mapping[str, Any], text: str) -> str:
    """Return a sentence with what must be known to read it."""
    caveats: list[str] = []
    if num_seen := result.get("seen"):
        caveats.append(
            f"{num_seen:,} of them have the inputs of ones that the net has learned from"
        )
    if unknown_classes := {
        name: n for name, n in (result.get("unknown_classes") or {}).items() if n
    }:
        names = ", ".join(f"'{name}'" for name in list(unknown_classes)[:_MAX_NAMES])
        more = (
            f" and {len(unknown_classes) - _MAX_NAMES} more"
            if len(unknown_classes) > _MAX_NAMES
            else ""
        )
        caveats.append(
            f"{sum(unknown_classes.values()):,} are of classes that the net does not know ({names}{more})"
            " and count as wrong"
        )
    calibration = result.get("calibration") or {}
    if (
        calibration.get("temperature") == 1
        and calibration.get("valid_examples", MIN_EXAMPLES) < MIN_EXAMPLES
    ):
        text += f"; how sure it may be was not fitted, for want of {MIN_EXAMPLES} answers on valid"
    if not caveats:
        return text
    return f"Of {result['examples']:,} examples {'; '.join(caveats)}. {text}"


def distrust_prefix(result: Mapping[str, Any]) -> str:
    """Return what stands before any result on data that falsify it; nothing before others."""
    errors = result.get("distrusted") or []
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"Result not trustworthy: {errors[0].rstrip('.')}{more}. " if errors else ""
