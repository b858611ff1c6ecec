"""The result of a forecaster in words."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import (
    comparison_sentence,
    format_number,
    format_percent,
    interval_text,
)
from brique.tasks.forecast.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return the skill score on test beside the best baseline's.

    result: the values that `evaluate` returned.
    """
    skill, names = result["test"]["skill"], result["targets"]
    target_text = f"'{names[0]}'" if len(names) == 1 else f"{len(names)} targets"
    error_text = f"; MAE {format_number(result['test']['mae'])}" if len(names) == 1 else ""
    best_skill = result["baseline"][result["comparison"]["best"]]["skill"]
    horizon, block = result["horizon"], result["block"]
    steps = "step" if horizon == 1 else f"{horizon} steps"
    interval = interval_text(result, "skill", format_percent)
    net_text = (
        f"Test skill score {format_percent(skill)} relative to the naive forecast for the next"
        f" {steps} of {target_text} on {result['examples']:,} windows"
        f" ({interval} of {block['windows']} consecutive windows){error_text}"
    )
    return comparison_sentence(
        net_text, format_percent(best_skill), result, NAMES,
        is_behind=skill <= best_skill,
    )  # fmt: skip
