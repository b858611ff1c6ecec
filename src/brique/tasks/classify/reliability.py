"""Calibration: the reliability diagram, the temperature, log loss and calibration error."""

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
    """Return the reliability diagram, the temperature, and the log loss before and after it."""
    calibration = facts.values.get("calibration")
    bins = calibration.get("bins") if isinstance(calibration, dict) else None
    filled = [bin_ for bin_ in bins or [] if bin_.get("count")]
    if not filled or not isinstance(calibration, dict):
        return Gap("Calibration is not shown: it was not measured in this run.")
    confidence, accuracy, total = _mean_confidence(filled)
    stored_interval = facts.values.get("interval", {}).get("accuracy")
    low, high = parse_interval(stored_interval) or classify.wilson_interval(accuracy, total)
    if total < SMALL_TEST:
        title = "Too few predictions to assess calibration"
    elif low <= confidence <= high:
        title = "Well calibrated on average"
    elif confidence > high:
        title = "Overconfident"
    else:
        title = "Underconfident"
    title += f": confidence {percent(confidence)}, accuracy {percent(accuracy)}"
    diagram, metrics = _reliability_diagram(filled), _metric_tiles(facts, calibration)
    body = f'<div class="pair">{diagram}{metrics}</div>\n'
    return Section("calibration", "Calibration", figure(title, _description(filled), body))


def _mean_confidence(bins: list[dict[str, Any]]) -> tuple[float, float, int]:
    """Return the mean confidence, the accuracy, and the number of predictions."""
    total = sum(int(bin_["count"]) for bin_ in bins)
    confidence = sum(bin_["count"] * bin_["confidence"] for bin_ in bins) / total
    accuracy = sum(bin_["count"] * bin_["accuracy"] for bin_ in bins) / total
    return confidence, min(1.0, max(0.0, accuracy)), total


def _description(bins: list[dict[str, Any]]) -> str:
    largest = max(bins, key=lambda bin_: bin_["count"])
    caption = (
        f"At a mean confidence of {percent(largest['confidence'])}, accuracy is"
        f" {percent(largest['accuracy'])} ({count(largest['count'], 'example')})."
    )
    others = [bin_ for bin_ in bins if bin_ is not largest]
    if others:
        confidence, accuracy, total = _mean_confidence(others)
        caption += (
            f" On the {count(total, 'other')}, mean confidence is {percent(confidence)} and"
            f" accuracy {percent(accuracy)}."
        )
    return caption + (
        " Each dot is a confidence bin. On the dashed line the net is calibrated; above it, it is"
        " underconfident; below it, overconfident."
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
    label = "accuracy over confidence, with 95% intervals"
    plot = chart.plot(axis, axis, marks, label=label, kind="plot square")
    return (
        '<div><p class="axis left">accuracy ↑</p>\n'
        f'{plot}<p class="axis">confidence; larger dots hold more'
        " predictions</p></div>\n"
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
        effect = "softened" if temperature > 1 else "sharpened" if temperature < 1 else "unchanged"
        fitted_on = "valid and halves of train" if halved else "valid"
        description = f"fitted on {fitted_on}: scores {effect}"
        if is_few:
            description = (
                f"not fitted: {count(valid_count, 'example')} in valid, {MIN_EXAMPLES} needed"
            )
        rows.append((f"<b>Temperature</b> {description}", short_number(temperature)))
    if calibration.get("log_loss_before") is not None and calibration.get("log_loss") is not None:
        before, after = float(calibration["log_loss_before"]), float(calibration["log_loss"])
        note = "lower is better"
        rows.append(
            (
                f"<b>Log loss on test</b> before and after scaling; {note}",
                f"{short_number(before)} → {short_number(after)}",
            )
        )
    error = facts.values.get("test", {}).get("calibration_error")
    if error is not None:
        description = "mean distance of the dots from the dashed line"
        if calibration.get("error_by_chance") is not None:
            by_chance = percent(calibration["error_by_chance"])
            description += f"; a perfectly calibrated net would get {by_chance} by chance"
        rows.append((f"<b>Calibration error</b> {description}", percent(error)))
    return tiles(rows) if rows else ""
