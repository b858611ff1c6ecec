"""A judgement of forecasts in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import FEW, amount, chance, within
from brique.tasks.forecast.baselines import NAMES


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how well a net foretells, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    skill, count = judged["test"]["skill"], judged["examples"]
    names, ahead = judged["targets"], judged["horizon"]
    what = f"'{names[0]}'" if len(names) == 1 else f"{len(names)} targets"
    compared, block = judged["comparison"], judged["block"]
    off = f", off by {amount(judged['test']['mae'])} in the mean" if len(names) == 1 else ""
    found = (
        f"The next {ahead} of {what} foretold with {_less(skill)} squared error"
        f" {'than' if skill >= 0 else 'over'} the values before ("
        f"{within(judged, 'skill', _less)}, by blocks of {block['windows']} windows), on"
        f" {count:,} test windows{off}"
    )
    best = compared["best"]
    if best == "yesterday":
        rival = f"the best simple method, {chance(compared)}"
        verdict = "Behind" if compared["outcome"] == "worse" else "No better than"
        said = f"{verdict} a simple method: {found[0].lower()}{found[1:]}" if skill <= 0 else found
        return f"{said}; those are {rival}{_few(block['count'])}"
    other = judged["baseline"][best]["skill"]
    told = f"{NAMES.get(best, best)} has {_less(other)}"
    if skill < other:
        verdict = "Behind" if compared["outcome"] == "worse" else "No better than"
        return (
            f"{verdict} a simple method: {found[0].lower()}{found[1:]}; {told}, {chance(compared)}"
            f"{_few(block['count'])}"
        )
    return f"{found}; the best simple method, {told}, {chance(compared)}{_few(block['count'])}"


def _less(skill: float) -> str:
    return f"{abs(skill):.1%} {'less' if skill >= 0 else 'more'}"


def _few(blocks: int) -> str:
    return f"; {blocks} blocks of windows say little" if blocks < FEW else ""
