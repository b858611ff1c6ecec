"""Words that the sentences of all tasks have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from brique.evaluation.calibration import LEAST

FEW = 30
_NAMED = 5  # classes that a sentence names


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


def beside(
    found: str,
    reached: str,
    judged: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    is_behind: bool,
) -> str:
    """Return what a net was found to do, beside the best simple method, in one sentence.

    found: of the net. reached: what the method does, such as "reaches 54.3%".
    judged: "comparison" and "examples". names: of the methods, for people.
    is_behind: whether the method is ahead: that is said first.
    """
    compared = judged["comparison"]
    name, rest = names.get(compared["best"], compared["best"]), f"{chance(compared)}{few(judged)}"
    if is_behind:
        verdict = "Behind" if compared["outcome"] == "worse" else "No better than"
        return f"{verdict} a simple method: {found}; {name} {reached}, {rest}"
    return f"{found}; the best simple method, {name}, {reached}, {rest}"


def whole(judged: Mapping[str, Any], sentence: Callable[[Mapping[str, Any]], str]) -> str:
    """Return a result in one sentence, with what makes it worthless first.

    judged: the values that a task's `evaluate` returned. sentence: that of the task.
    """
    return f"{distrust(judged)}{_noted(judged, sentence(judged))}"


def _noted(judged: Mapping[str, Any], found: str) -> str:
    """Return a sentence with what must be known to read it."""
    before: list[str] = []
    if seen := judged.get("seen"):
        before.append(f"{seen:,} of them have the inputs of ones that the net has learned from")
    if strange := {name: n for name, n in (judged.get("strange") or {}).items() if n}:
        names = ", ".join(f"'{name}'" for name in list(strange)[:_NAMED])
        more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
        before.append(
            f"{sum(strange.values()):,} are of classes that the net does not know ({names}{more})"
            " and count as wrong"
        )
    known = judged.get("calibration") or {}
    if known.get("temperature") == 1 and known.get("answers", LEAST) < LEAST:
        found += f"; how sure it may be was not fitted, for want of {LEAST} answers on valid"
    if not before:
        return found
    return f"Of {judged['examples']:,} examples {'; '.join(before)}. {found}"


def distrust(judged: Mapping[str, Any]) -> str:
    """Return what stands before any result on data that falsify it; nothing before others."""
    errors = judged.get("distrusted") or []
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"Result not trustworthy: {errors[0].rstrip('.')}{more}. " if errors else ""
