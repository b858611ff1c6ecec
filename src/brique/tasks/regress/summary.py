"""The result of a regressor in words."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import (
    comparison_sentence,
    format_number,
    format_percent,
    interval_text,
)
from brique.tasks.regress.baselines import NAMES

_MAX_TARGETS = 4  # targets whose errors are listed


def sentence(result: Mapping[str, Any]) -> str:
    """Return R² and mean absolute error on test beside the best baseline.

    result: the values that `evaluate` returned.
    """
    r2, names = result["test"]["r2"], result["targets"]
    best_r2 = result["baseline"][result["comparison"]["best"]]["r2"]
    target_text = f"'{names[0]}'" if len(names) == 1 else f"{len(names)} targets"
    net_text = (
        f"Test R² {format_percent(r2)} for {target_text} on {result['examples']:,} examples"
        f" ({interval_text(result, 'r2', format_percent)}); MAE {_error_text(result)}"
    )
    text = comparison_sentence(
        net_text, format_percent(best_r2), result, NAMES, is_behind=r2 <= best_r2
    )
    lower_bound = result["interval"]["r2"][0]
    if lower_bound is None or lower_bound > 0:
        return text
    if r2 > 0:
        return f"{text} The interval includes R² = 0, that of the mean of the test targets."
    prefix = "" if r2 <= best_r2 else "No better than a constant. "
    return f"{prefix}{text} R² = 0 is that of the mean of the test targets."


def _error_text(result: Mapping[str, Any]) -> str:
    """Return the mean absolute error with its unit; with several targets, by target too."""
    mae, units = result["test"]["mae"], result.get("units") or [None]
    if len(result["targets"]) == 1:
        return _with_unit(mae, units[0])
    units = units if len(units) == len(result["targets"]) else [None] * len(result["targets"])
    errors = [
        f"{name} {_with_unit(metrics['mae'], unit)}"
        for (name, metrics), unit in zip(
            [*(result.get("by_target") or {}).items()][:_MAX_TARGETS], units, strict=False
        )
    ]
    by_target = f" ({', '.join(errors)})" if errors else ""
    return f"{mae:.3g} standard deviations{by_target}"


def _with_unit(value: float, unit: str | None) -> str:
    return f"{format_number(value)} {unit}" if unit else format_number(value)
