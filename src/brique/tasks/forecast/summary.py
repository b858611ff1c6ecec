"""A judgement of forecasts in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import SMALL_TEST, format_number, interval_text, significance
from brique.tasks.forecast.baselines import NAMES


def sentence(result: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net foretells, and whether it was worth having.

    result: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    skill, count = result["test"]["skill"], result["examples"]
    names, horizon = result["targets"], result["horizon"]
    target_text = f"'{names[0]}'" if len(names) == 1 else f"{len(names)} targets"
    comparison, block = result["comparison"], result["block"]
    error_text = (
        f", off by {format_number(result['test']['mae'])} in the mean" if len(names) == 1 else ""
    )
    summary = (
        f"The next {horizon} of {target_text} foretold with {_format_skill(skill)} squared error"
        f" {'than' if skill >= 0 else 'over'} the values before ("
        f"{interval_text(result, 'skill', _format_skill)}, by blocks of {block['windows']} windows), on"
        f" {count:,} test windows{error_text}"
    )
    best = comparison["best"]
    if best == "yesterday":
        naive_text = f"the best simple method, {significance(comparison)}"
        verdict = "Behind" if comparison["outcome"] == "worse" else "No better than"
        text = (
            f"{verdict} a simple method: {summary[0].lower()}{summary[1:]}"
            if skill <= 0
            else summary
        )
        return f"{text}; those are {naive_text}{_few_blocks_note(block['count'])}"
    best_skill = result["baseline"][best]["skill"]
    best_text = f"{NAMES.get(best, best)} has {_format_skill(best_skill)}"
    if skill < best_skill:
        verdict = "Behind" if comparison["outcome"] == "worse" else "No better than"
        return (
            f"{verdict} a simple method: {summary[0].lower()}{summary[1:]}; {best_text}, {significance(comparison)}"
            f"{_few_blocks_note(block['count'])}"
        )
    return f"{summary}; the best simple method, {best_text}, {significance(comparison)}{_few_blocks_note(block['count'])}"


def _format_skill(skill: float) -> str:
    return f"{abs(skill):.1%} {'less' if skill >= 0 else 'more'}"


def _few_blocks_note(num_blocks: int) -> str:
    return f"; {num_blocks} blocks of windows say little" if num_blocks < SMALL_TEST else ""
