"""A judgement in one sentence."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.sentences import amount, beside, percents, within
from brique.tasks.regress.baselines import NAMES

_FEW = 4  # targets that are told each


def sentence(judged: Mapping[str, Any]) -> str:
    """Return in one sentence how near a net comes, and whether it was worth having.

    judged: the values that `judge` returned. A net that is behind the best baseline is said to be
    so first.
    """
    share, off = judged["test"]["r2"], judged["test"]["mae"]
    compared, count = judged["comparison"], judged["examples"]
    rival = judged["baseline"][compared["best"]]["r2"]
    names = judged["targets"]
    unit = (judged.get("units") or [None])[0]
    what = f"'{names[0]}'" if len(names) == 1 else f"{len(names)} targets"
    miss = f"{amount(off)}{f' {unit}' if unit else ''}"
    if len(names) > 1:
        miss = f"{off:.3g} spreads{_each(judged)}"
    found = (
        f"{percents(share)} of the variance of {what} explained on {count:,} test examples ("
        f"{within(judged, 'r2', percents)}), off by {miss} in the mean"
    )
    said = beside(found, f"explains {percents(rival)}", judged, NAMES, is_behind=share <= rival)
    low = judged["interval"]["r2"][0]
    if low is None or low > 0:
        return said
    if share > 0:
        return f"{said}; the interval reaches 0, which the mean of these examples would reach"
    start = "" if share <= rival else "No better than a constant: "
    return f"{start}{said}; the mean of these examples alone would reach 0.0%"


def _each(judged: Mapping[str, Any]) -> str:
    """Return what the first targets are off by, in their units."""
    units = judged.get("units") or []
    told: list[str] = []
    for place, (name, found) in enumerate([*(judged.get("each") or {}).items()][:_FEW]):
        unit = units[place] if len(units) == len(judged["targets"]) else None
        told.append(f"{name} by {amount(found['mae'])}{f' {unit}' if unit else ''}")
    return f" ({', '.join(told)})" if told else ""
