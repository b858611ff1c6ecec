"""The result of an autoencoder in words."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, format_percent, interval_text
from brique.tasks.reconstruct.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return R² on test beside the best baseline's.

    result: the values that `evaluate` returned.
    """
    r2 = result["test"]["r2"]
    best_r2 = result["baseline"][result["comparison"]["best"]]["r2"]
    net_text = (
        f"Test R² {format_percent(r2)} from {result['latent']} latent dimensions on"
        f" {result['examples']:,} images ({interval_text(result, 'r2', format_percent)})"
    )
    return comparison_sentence(
        net_text, format_percent(best_r2), result, NAMES, is_behind=r2 <= best_r2
    )
