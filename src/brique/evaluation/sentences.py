"""Parts of the result sentences of all tasks.

A result reads: "Test accuracy 99.4% on 359 examples (95% CI 98.0 to 99.8%). Best baseline: RBF-SVM,
99.2%; the difference is not significant (p = 1)."
"""

from collections.abc import Callable, Mapping
from typing import Any

from brique.evaluation.calibration import MIN_EXAMPLES

SMALL_TEST = 30
_MAX_NAMES = 5  # classes that a sentence names


def format_percent(value: float) -> str:
    """Return a share as a percentage, without the sign of a negative zero.

    >>> format_percent(-0.0001), format_percent(-123456.0)
    ('0.0%', 'less than -10,000%')
    """
    if value < -100:
        return "less than -10,000%"
    return f"{value:.1%}".replace("-0.0%", "0.0%")


def format_number(value: float, digits: int = 4) -> str:
    """Return a number with a number of significant digits; large ones without decimals.

    >>> format_number(131811.2), format_number(0.0123456), format_number(-2e15)
    ('131,811', '0.01235', '-2e+15')
    """
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e12 else f"{value:.{digits}g}"


def interval_text(
    result: Mapping[str, Any], metric: str, format_score: Callable[[float], str]
) -> str:
    """Return the 95% confidence interval of a metric, such as "95% CI 98.0 to 99.8%".

    result: "interval" and "comparison". format_score: formats one bound.
    """
    low, high = result["interval"][metric]
    if low is None or high is None:
        return "no 95% CI: too few examples or groups"
    low_text, high_text = format_score(low), format_score(high)
    if high_text.endswith("%"):
        low_text = low_text.removesuffix("%")
    resampled = _resampled_units(result)
    units = f", resampling {resampled[1]}s" if resampled else ""
    return f"95% CI {low_text} to {high_text}{units}"


def small_test_note(result: Mapping[str, Any]) -> str:
    """Return a sentence, after a space, if the test set is small; else ""."""
    count, unit = _resampled_units(result) or (result["examples"], "example")
    if count >= SMALL_TEST:
        return ""
    windows = " of consecutive windows" if unit == "block" else ""
    return f" Small test set: {count} {unit}{'' if count == 1 else 's'}{windows}."


def _resampled_units(result: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return the number and name of the groups or blocks resampled; None for single examples."""
    comparison = result.get("comparison") or {}
    unit = comparison.get("unit")
    return (int(comparison["examples"]), unit) if unit in ("group", "block") else None


def significance(comparison: Mapping[str, Any] | None) -> str:
    """Return whether the difference from the best baseline is significant, with its p-value."""
    if not comparison or comparison.get("p") is None:
        return "the difference was not tested"
    p = comparison["p"]
    p_text = f"p = {p:.2g}" if p >= 1e-4 else "p < 0.0001"
    negation = "not " if comparison["outcome"] == "even" else ""
    return f"the difference is {negation}significant ({p_text})"


def behind_prefix(comparison: Mapping[str, Any] | None) -> str:
    """Return the sentence that stands first where the net does not beat the best baseline."""
    is_worse = (comparison or {}).get("outcome") == "worse"
    return f"{'Worse' if is_worse else 'No better'} than the best baseline. "


def comparison_sentence(
    net_text: str,
    baseline_text: str,
    result: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    is_behind: bool,
) -> str:
    """Return the result of a net and that of the best baseline, with a full stop.

    net_text: "Test accuracy 99.4% on 359 examples (95% CI 98.0 to 99.8%)".
    baseline_text: the baseline's score, "99.2%".
    result: "comparison" and "examples". names: of the baselines.
    is_behind: whether the net does not beat the baseline; the text then begins with that.
    """
    comparison = result["comparison"]
    name = names.get(comparison["best"], comparison["best"])
    return (
        f"{behind_prefix(comparison) if is_behind else ''}{net_text}. Best baseline: {name},"
        f" {baseline_text}; {significance(comparison)}.{small_test_note(result)}"
    )


def full_sentence(result: Mapping[str, Any], sentence: Callable[[Mapping[str, Any]], str]) -> str:
    """Return a result in words; reasons not to trust it and caveats stand first.

    result: the values that a task's `evaluate` returned. sentence: that of the task.
    """
    return f"{distrust_prefix(result)}{_with_caveats(result, sentence(result))}"


def _with_caveats(result: Mapping[str, Any], text: str) -> str:
    """Return a result sentence between what limits it."""
    caveats: list[str] = []
    count = f"of {result['examples']:,} test examples"
    if num_duplicates := result.get("train_duplicates"):
        verb = "has" if num_duplicates == 1 else "have"
        caveats.append(f"{num_duplicates:,} {count} {verb} the same inputs as training examples. ")
    if unknown := {name: n for name, n in (result.get("unknown_classes") or {}).items() if n}:
        num_unknown = sum(unknown.values())
        names = ", ".join(f"'{name}'" for name in list(unknown)[:_MAX_NAMES])
        more = f" and {len(unknown) - _MAX_NAMES} more" if len(unknown) > _MAX_NAMES else ""
        verb = "is" if num_unknown == 1 else "are"
        caveats.append(
            f"{num_unknown:,} {count} {verb} of classes unknown to the net ({names}{more}) and"
            " count as errors. "
        )
    calibration = result.get("calibration") or {}
    num_valid = calibration.get("valid_examples", MIN_EXAMPLES)
    if calibration.get("temperature") == 1 and num_valid < MIN_EXAMPLES:
        text += f" Probabilities are not calibrated: fewer than {MIN_EXAMPLES} validation examples."
    return f"{''.join(caveats)}{text}"


def distrust_prefix(result: Mapping[str, Any]) -> str:
    """Return the first reason not to trust a result, as a sentence; "" for a sound result."""
    errors = result.get("trust_errors") or []
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"Result not trustworthy: {errors[0].rstrip('.')}{more}. " if errors else ""
