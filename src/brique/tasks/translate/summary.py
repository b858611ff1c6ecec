"""The result of a translator in words."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, interval_text
from brique.tasks.translate.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return BLEU on test beside the best baseline's.

    result: the values that `evaluate` returned.
    """
    metrics, (source, target) = result["test"], result["languages"]
    best_bleu = result["baseline"][result["comparison"]["best"]]["bleu"]
    net_text = (
        f"Test BLEU {metrics['bleu']:.1f} from {source} to {target} on {result['examples']:,} texts"
        f" ({interval_text(result, 'bleu', '{:.1f}'.format)}); {metrics['exact']:.1%} exact matches"
    )
    return comparison_sentence(
        net_text, f"{best_bleu:.1f}", result, NAMES, is_behind=metrics["bleu"] <= best_bleu
    )
