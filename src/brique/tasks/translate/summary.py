"""A judgement of translations in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import comparison_sentence, interval_text
from brique.tasks.translate.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net translates, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    metrics, count = result["test"], result["examples"]
    source, target = result["languages"]
    comparison = result["comparison"]
    baseline_bleu = result["baseline"][comparison["best"]]["bleu"]
    summary = (
        f"{metrics['bleu']:.1f} BLEU from {source} to {target} on {count:,} test texts ("
        f"{interval_text(result, 'bleu', '{:.1f}'.format)}), {metrics['exact']:.1%} of them to the letter"
    )
    return comparison_sentence(
        summary,
        f"has {baseline_bleu:.1f}",
        result,
        NAMES,
        is_behind=metrics["bleu"] <= baseline_bleu,
    )
