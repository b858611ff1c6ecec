"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.reconstruct.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net rebuilds pictures, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    r2 = result["test"]["r2"]
    baseline_r2 = result["baseline"][result["comparison"]["best"]]["r2"]
    summary = (
        f"{format_percent(r2)} of what pictures differ by is rebuilt from {result['code']} numbers on"
        f" {result['examples']:,} test examples ({interval_text(result, 'r2', format_percent)})"
    )
    return comparison_sentence(
        summary,
        f"rebuilds {format_percent(baseline_r2)}",
        result,
        NAMES,
        is_behind=r2 <= baseline_r2,
    )
