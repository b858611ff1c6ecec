"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import (
    comparison_sentence,
    format_number,
    format_percent,
    interval_text,
)
from brique.tasks.regress.baselines import NAMES

_MAX_TARGETS = 4  # targets that are told each


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how near a net comes, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    r2, mae = result["test"]["r2"], result["test"]["mae"]
    comparison, count = result["comparison"], result["examples"]
    baseline_r2 = result["baseline"][comparison["best"]]["r2"]
    names = result["targets"]
    unit = (result.get("units") or [None])[0]
    target_text = f"'{names[0]}'" if len(names) == 1 else f"{len(names)} targets"
    error_text = f"{format_number(mae)}{f' {unit}' if unit else ''}"
    if len(names) > 1:
        error_text = f"{mae:.3g} spreads{_errors_by_target(result)}"
    summary = (
        f"{format_percent(r2)} of the variance of {target_text} explained on {count:,} test examples ("
        f"{interval_text(result, 'r2', format_percent)}), off by {error_text} in the mean"
    )
    text = comparison_sentence(
        summary,
        f"explains {format_percent(baseline_r2)}",
        result,
        NAMES,
        is_behind=r2 <= baseline_r2,
    )
    lower_bound = result["interval"]["r2"][0]
    if lower_bound is None or lower_bound > 0:
        return text
    if r2 > 0:
        return f"{text}; the interval reaches 0, which the mean of these examples would reach"
    prefix = "" if r2 <= baseline_r2 else "No better than a constant: "
    return f"{prefix}{text}; the mean of these examples alone would reach 0.0%"


def _errors_by_target(result: Mapping[str, Any]) -> str:
    """Return what the first targets are off by, in their units."""
    units = result.get("units") or []
    texts: list[str] = []
    for index, (name, metrics) in enumerate([*(result.get("each") or {}).items()][:_MAX_TARGETS]):
        unit = units[index] if len(units) == len(result["targets"]) else None
        texts.append(f"{name} by {format_number(metrics['mae'])}{f' {unit}' if unit else ''}")
    return f" ({', '.join(texts)})" if texts else ""
