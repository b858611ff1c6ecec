"""Whether the net's probabilities can be taken at their word."""

from typing import Any

from brique.evaluation.calibration import LEAST
from brique.evaluation.sentences import FEW
from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, count, ends_of, figure, figures, percent, tiles
from brique.tasks import classify


def section(facts: Facts) -> Section | Gap:
    """Return the reliability curve, the temperature, and the log loss before and after."""
    found = facts.values.get("calibration")
    bins = found.get("bins") if isinstance(found, dict) else None
    filled = [one for one in bins or [] if one.get("count")]
    if not filled or not isinstance(found, dict):
        return Gap("Calibration is not shown, since it was not measured in this run.")
    claimed, reached, total = _means(filled)
    stored = facts.values.get("interval", {}).get("accuracy")
    low, high = ends_of(stored) or classify.interval(reached, total)
    if total < FEW:
        title = "Too few answers to say whether its certainty can be taken at its word"
    elif low <= claimed <= high:
        title = "On average its certainty can be taken at its word"
    elif claimed > high:
        title = "The net is surer than it should be"
    else:
        title = "The net is less sure than it could be"
    title += f": {percent(claimed)} sure, right in {percent(reached)}"
    body = f'<div class="pair">{_curve(filled)}{_numbers(facts, found)}</div>\n'
    return Section("certainty", "Certainty", figure(title, _meaning(filled), body))


def _means(bins: list[dict[str, Any]]) -> tuple[float, float, int]:
    """Return the mean probability of the answers, the share of right ones, and their number."""
    total = sum(int(one["count"]) for one in bins)
    claimed = sum(one["count"] * one["confidence"] for one in bins) / total
    reached = sum(one["count"] * one["accuracy"] for one in bins) / total
    return claimed, min(1.0, max(0.0, reached)), total


def _meaning(bins: list[dict[str, Any]]) -> str:
    most = max(bins, key=lambda one: one["count"])
    says = (
        f"When the net says about {percent(most['confidence'])}, it is right in"
        f" {percent(most['accuracy'])} of cases ({count(most['count'], 'example')})."
    )
    rest = [one for one in bins if one is not most]
    if rest:
        claimed, reached, total = _means(rest)
        says += (
            f" On the {count(total, 'other')} it says {percent(claimed)} on average and is right"
            f" in {percent(reached)}."
        )
    return says + (
        " Each dot stands for answers of about the same probability; on the dashed line,"
        " probability and truth agree. Above it the net is too modest, below it too sure."
    )


def _curve(bins: list[dict[str, Any]]) -> str:
    axis = chart.shares(0.0)
    style = "--ink-of:var(--accent)"
    most = max(one["count"] for one in bins)
    marks = [chart.line(axis, axis, [(0, 0), (1, 1)], "--ink-of:var(--muted);stroke-dasharray:5 5")]
    for one in bins:
        at, count_ = float(one["confidence"]), int(one["count"])
        stored = one.get("interval") or classify.interval(float(one["accuracy"]), count_)
        ends = ends_of(stored)
        marks += [] if ends is None else [chart.whisker(axis, axis, at, ends, style)]
    for one in bins:
        size = 3.5 + 4 * (one["count"] / most) ** 0.5
        point = (float(one["confidence"]), float(one["accuracy"]))
        marks.append(chart.dot(axis, axis, point, style, size))
    label = "share of right answers over probability, with 95% intervals"
    drawn = chart.plot(axis, axis, marks, label=label, kind="plot square")
    return (
        '<div><p class="axis left">share of right answers ↑</p>\n'
        f'{drawn}<p class="axis">probability that the net gave its answer; larger dots stand for'
        " more answers</p></div>\n"
    )


def _numbers(facts: Facts, found: dict[str, Any]) -> str:
    rows: list[tuple[str, str]] = []
    if found.get("temperature") is not None:
        heat, few = float(found["temperature"]), int(found.get("answers") or 0)
        halved = facts.record.settings.get("halves")
        is_few = heat == 1 and "answers" in found and few < LEAST and not halved
        effect = "toned down" if heat > 1 else "sharpened" if heat < 1 else "left as they are"
        on = "valid and halves of train" if halved else "valid"
        says = f"fitted on {on}: scores {effect}"
        if is_few:
            says = f"not fitted: {count(few, 'answer')} on valid, and it takes {LEAST}"
        rows.append((f"<b>Temperature</b> {says}", figures(heat)))
    if found.get("log_loss_before") is not None and found.get("log_loss") is not None:
        before, after = float(found["log_loss_before"]), float(found["log_loss"])
        note = "lower is better"
        rows.append(
            (
                f"<b>Log loss on test</b> before and after that; {note}",
                f"{figures(before)} → {figures(after)}",
            )
        )
    error = facts.values.get("test", {}).get("calibration_error")
    if error is not None:
        says = "mean distance of the dots from the line"
        if found.get("error_by_chance") is not None:
            says += "; a net that is right as often as it says shows"
            says += f" {percent(found['error_by_chance'])} by chance"
        rows.append((f"<b>Calibration error</b> {says}", percent(error)))
    return tiles(rows) if rows else ""
