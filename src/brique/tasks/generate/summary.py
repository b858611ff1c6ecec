"""The result of a generator in words."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.generate.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return how well generated and test images mix, beside the best baseline.

    result: the values that `evaluate` returned.
    """
    test = result["test"]
    best_mixing = result["baseline"][result["comparison"]["best"]]["mixing"]
    net_text = (
        f"Nearest-neighbor mixing of {result['examples']:,} generated and test images:"
        f" {format_percent(test['mixing'])} ({interval_text(result, 'mixing', format_percent)};"
        f" 100% = indistinguishable); {format_percent(test['copied'])} near-copies of training"
        " images"
    )
    return comparison_sentence(
        net_text, format_percent(best_mixing), result, NAMES,
        is_behind=test["mixing"] <= best_mixing,
    )  # fmt: skip
