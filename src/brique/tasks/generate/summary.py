"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.generate.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how hard made pictures are to tell from real ones.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    test = result["test"]
    baseline_mixing = result["baseline"][result["comparison"]["best"]]["mixed"]
    summary = (
        f"made pictures mix with {result['examples']:,} of test to {format_percent(test['mixed'])} ("
        f"{interval_text(result, 'mixed', format_percent)}; 100% cannot be told apart), and"
        f" {format_percent(test['copied'])} are nearly copies of training pictures"
    )
    return comparison_sentence(
        summary,
        f"reaches {format_percent(baseline_mixing)}",
        result,
        NAMES,
        is_behind=test["mixed"] <= baseline_mixing,
    )
