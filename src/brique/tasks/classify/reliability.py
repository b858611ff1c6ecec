"""Whether the net's probabilities can be taken at their word."""

from typing import Any

from brique.evaluation.calibration import MIN_EXAMPLES
from brique.evaluation.sentences import SMALL_TEST
from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import (
    Gap,
    Section,
    count,
    figure,
    parse_interval,
    percent,
    short_number,
    tiles,
)
from brique.tasks import classify


def section(facts: Facts) -> Section | Gap:
    """Return the reliability curve, the temperature, and the log loss before and after."""
    calibration = facts.values.get("calibration")
    bins = calibration.get("bins") if isinstance(calibration, dict) else None
    filled = [bin_ for bin_ in bins or [] if bin_.get("count")]
    if not filled or not isinstance(calibration, dict):
        return Gap("Calibration is not shown, since it was not measured in this run.")
    confidence, accuracy, total = _mean_confidence(filled)
    stored_interval = facts.values.get("interval", {}).get("accuracy")
    low, high = parse_interval(stored_interval) or classify.wilson_interval(accuracy, total)
    if total < SMALL_TEST:
        title = "Too few answers to say whether its certainty can be taken at its word"
    elif low <= confidence <= high:
        title = "On average its certainty can be taken at its word"
    elif confidence > high:
        title = "The net is surer than it should be"
    else:
        title = "The net is less sure than it could be"
    title += f": {percent(confidence)} sure, right in {percent(accuracy)}"
    body = f'<div class="pair">{_reliability_diagram(filled)}{_metric_tiles(facts, calibration)}</div>\n'
    return Section("certainty", "Certainty", figure(title, _description(filled), body))


def _mean_confidence(bins: list[dict[str, Any]]) -> tuple[float, float, int]:
    """Return the mean probability of the answers, the share of right ones, and their number."""
    total = sum(int(bin_["count"]) for bin_ in bins)
    confidence = sum(bin_["count"] * bin_["confidence"] for bin_ in bins) / total
    accuracy = sum(bin_["count"] * bin_["accuracy"] for bin_ in bins) / total
    return confidence, min(1.0, max(0.0, accuracy)), total


def _description(bins: list[dict[str, Any]]) -> str:
    largest = max(bins, key=lambda bin_: bin_["count"])
    caption = (
        f"When the net says about {percent(largest['confidence'])}, it is right in"
        f" {percent(largest['accuracy'])} of cases ({count(largest['count'], 'example')})."
    )
    others = [bin_ for bin_ in bins if bin_ is not largest]
    if others:
        confidence, accuracy, total = _mean_confidence(others)
        caption += (
            f" On the {count(total, 'other')} it says {percent(confidence)} on average and is right"
            f" in {percent(accuracy)}."
        )
    return caption + (
        " Each dot stands for answers of about the same probability; on the dashed line,"
        " probability and truth agree. Above it the net is too modest, below it too sure."
    )


def _reliability_diagram(bins: list[dict[str, Any]]) -> str:
    axis = chart.share_axis(0.0)
    style = "--ink-of:var(--accent)"
    max_count = max(bin_["count"] for bin_ in bins)
    marks = [chart.line(axis, axis, [(0, 0), (1, 1)], "--ink-of:var(--muted);stroke-dasharray:5 5")]
    for bin_ in bins:
        confidence, count_ = float(bin_["confidence"]), int(bin_["count"])
        stored_interval = bin_.get("interval") or classify.wilson_interval(
            float(bin_["accuracy"]), count_
        )
        interval = parse_interval(stored_interval)
        marks += (
            [] if interval is None else [chart.whisker(axis, axis, confidence, interval, style)]
        )
    for bin_ in bins:
        size = 3.5 + 4 * (bin_["count"] / max_count) ** 0.5
        point = (float(bin_["confidence"]), float(bin_["accuracy"]))
        marks.append(chart.dot(axis, axis, point, style, size))
    label = "share of right answers over probability, with 95% intervals"
    plot = chart.plot(axis, axis, marks, label=label, kind="plot square")
    return (
        '<div><p class="axis left">share of right answers ↑</p>\n'
        f'{plot}<p class="axis">probability that the net gave its answer; larger dots stand for'
        " more answers</p></div>\n"
    )


def _metric_tiles(facts: Facts, calibration: dict[str, Any]) -> str:
    rows: list[tuple[str, str]] = []
    if calibration.get("temperature") is not None:
        temperature, valid_count = (
            float(calibration["temperature"]),
            int(calibration.get("valid_examples") or 0),
        )
        halved = facts.record.settings.get("halves")
        is_few = (
            temperature == 1
            and "valid_examples" in calibration
            and valid_count < MIN_EXAMPLES
            and not halved
        )
        effect = (
            "toned down"
            if temperature > 1
            else "sharpened"
            if temperature < 1
            else "left as they are"
        )
        fitted_on = "valid and halves of train" if halved else "valid"
        description = f"fitted on {fitted_on}: scores {effect}"
        if is_few:
            description = (
                f"not fitted: {count(valid_count, 'answer')} on valid, and it takes {MIN_EXAMPLES}"
            )
        rows.append((f"<b>Temperature</b> {description}", short_number(temperature)))
    if calibration.get("log_loss_before") is not None and calibration.get("log_loss") is not None:
        before, after = float(calibration["log_loss_before"]), float(calibration["log_loss"])
        note = "lower is better"
        rows.append(
            (
                f"<b>Log loss on test</b> before and after that; {note}",
                f"{short_number(before)} → {short_number(after)}",
            )
        )
    error = facts.values.get("test", {}).get("calibration_error")
    if error is not None:
        description = "mean distance of the dots from the line"
        if calibration.get("error_by_chance") is not None:
            description += "; a net that is right as often as it says shows"
            description += f" {percent(calibration['error_by_chance'])} by chance"
        rows.append((f"<b>Calibration error</b> {description}", percent(error)))
    return tiles(rows) if rows else ""
