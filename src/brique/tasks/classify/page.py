"""Test results: accuracy compared with baselines, metrics, and metrics by class."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.classification import wilson_interval
from brique.page import chart
from brique.page.baselines import NO_RESULT, OUTCOMES, p_value
from brique.page.facts import Facts
from brique.page.gaps import section_or_gap
from brique.page.markup import (
    Gap,
    Section,
    box,
    count,
    details,
    figure,
    format_interval,
    name,
    parse_interval,
    percent,
    text,
    tiles,
)  # fmt: skip
from brique.page.thumbnails import Gallery
from brique.tasks.classify import features, mistakes, reliability
from brique.tasks.classify.baselines import NAMES

MAX_CLASSES = 400  # rows of the table
VISIBLE_CLASSES = 20  # of them, shown unfolded
METRICS = {
    "accuracy": ("Accuracy", "share of correct predictions"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall over the classes"),
    "average_precision": ("Average precision", "of the rare class, or the mean over the classes"),
    "macro_precision": ("Precision", "mean over the classes"),
    "macro_recall": ("Recall", "mean over the classes"),
    "macro_f1": ("F1", "mean over the classes"),
    "auc": ("AUC", "area under the ROC curve"),
}


def verdict(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the outcome ("better", "even", "worse") and the comparison with the best baseline."""
    comparison = values.get("comparison")
    if not isinstance(comparison, dict) or comparison.get("outcome") not in OUTCOMES:
        return None
    best, outcome = _baseline_title(str(comparison["best"])), str(comparison["outcome"])
    accuracy = percent(values["baseline"][comparison["best"]]["accuracy"])
    only_net, only_baseline = comparison.get("only_net"), comparison.get("only_baseline")
    difference = ""
    if only_net is not None and only_baseline is not None:
        difference = (
            f" Only the net is correct on {count(int(only_net), 'test example')}, only the baseline"
            f" on {int(only_baseline):,} (exact McNemar test, {p_value(comparison['p'])})."
        )
    elif "unit" in comparison:
        units = count(int(comparison["examples"]), text(comparison["unit"]))
        difference = f" Paired test on {units}: {p_value(comparison['p'])}."
    return outcome, f"<strong>{OUTCOMES[outcome]}</strong>, {text(best)} at {accuracy}.{difference}"


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the sections: test results, mistakes, calibration, and learned features."""
    return [
        section_or_gap(lambda: section(facts), "result"),
        section_or_gap(lambda: mistakes.section(facts, gallery), "mistakes"),
        section_or_gap(lambda: reliability.section(facts), "calibration"),
        section_or_gap(lambda: features.filters_section(facts), "filters"),
        section_or_gap(lambda: features.map_section(facts), "map"),
    ]


def section(facts: Facts) -> Section | Gap:
    """Return the comparison with baselines, the metrics, and the metrics by class."""
    values = facts.values
    test = values.get("test")
    if not isinstance(test, dict) or "accuracy" not in test:
        return Gap(NO_RESULT)
    body = _baseline_table(values) + _metric_tiles(test, int(values["examples"]))
    if isinstance(values.get("classes"), dict):
        body += _class_figure(values["classes"])
    return Section("result", "Result", body)


def _baseline_title(key: str) -> str:
    return NAMES.get(key, key)


Row = tuple[str, float, tuple[float, float] | None, bool]  # name, accuracy, interval, is_net


def _accuracy_rows(values: dict[str, Any]) -> list[Row]:
    """Return a row for the net and each baseline, the best first."""
    examples = int(values["examples"])
    net_accuracy = float(values["test"]["accuracy"])
    rows: list[Row] = []
    rows += [
        (
            "net",
            net_accuracy,
            _stored_interval(values.get("interval", {}).get("accuracy"), net_accuracy, examples),
            True,
        )
    ]
    for key, entry in values.get("baseline", {}).items():
        if entry.get("accuracy") is None:
            continue
        accuracy = float(entry["accuracy"])
        title = f"always “{entry['answer']}”" if key == "majority" else _baseline_title(key)
        rows.append(
            (title, accuracy, _stored_interval(entry.get("interval"), accuracy, examples), False)
        )
    return sorted(rows, key=lambda row: -row[1])


def _stored_interval(stored: object, share: float, count_: int) -> tuple[float, float] | None:
    """Return an interval; None where there are too few groups for one."""
    return parse_interval(stored) if stored else wilson_interval(share, count_)


def _baseline_table(values: dict[str, Any]) -> str:
    rows = _accuracy_rows(values)
    close_rows = [row for row in rows if row[3] or row[1] >= rows[0][1] / 2]
    limits = [
        limit for _, accuracy, bounds, _ in close_rows for limit in (accuracy, *(bounds or ()))
    ]
    axis = chart.share_axis(min(limits), max(limits))
    lines: list[str] = []
    for title, accuracy, bounds, is_net in rows:
        style = "--ink-of:var(--accent)" if is_net else "--ink-of:var(--muted)"
        lines.append(
            f'<tr{" class=net" if is_net else ""}><th scope="row">{name(title)}</th>'
            f'<td class="strip">{chart.strip(axis, accuracy, bounds, style)}</td>'
            f'<td class="num">{percent(accuracy)}</td>'
            f'<td class="num wide">{format_interval(bounds)}</td></tr>'
        )
    below_axis = [title for title, accuracy, *_ in rows if accuracy < axis.low]
    note = (
        f" The axis starts at {axis.low:.0%}; an arrow at the left marks values below it."
        if below_axis
        else ""
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">method</th>'
        '<th scope="col">accuracy on test</th>'
        '<th scope="col" class="num">accuracy</th>'
        '<th scope="col" class="num wide">95% interval</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        '<td></td><td class="wide"></td></tr></tfoot></table>\n'
    )
    outcome = (values.get("comparison") or {}).get("outcome")
    return figure(_headline(rows, outcome), _description(values, rows) + note, table)


def _headline(rows: list[Row], outcome: object) -> str:
    """Return how the net compares with the best baseline."""
    net = next(row for row in rows if row[3])
    others = [row for row in rows if not row[3]]
    if not others:
        return f"Accuracy {percent(net[1])}"
    best = others[0]
    difference = round(net[1] * 100, 1) - round(best[1] * 100, 1)  # of the values as shown
    if abs(difference) < 0.05:
        return f"The net and {name(best[0])} both reach {percent(net[1])}"
    direction = "above" if difference > 0 else "below"
    suffix = " (not significant)" if outcome == "even" else ""
    points = count_points(abs(difference))
    return f"{points} {direction} the best baseline, {name(best[0])}{suffix}"


def count_points(points: float) -> str:
    """Return "1 point" or "1.4 points"."""
    formatted = f"{points:.1f}".removesuffix(".0")
    return f"{formatted} point" if formatted == "1" else f"{formatted} points"


def _description(values: dict[str, Any], rows: list[Row]) -> str:
    net = next(row for row in rows if row[3])
    caption = (
        f"95% confidence interval of the net's accuracy: {format_interval(net[2])}. Lines are"
        " 95% confidence intervals; they cover only the sampling of the test examples."
    )
    if net[2] is None:
        caption = "Too few test examples or groups for a confidence interval."
    skipped = [
        f" Not fitted: {_baseline_title(key)}"
        f" ({text(entry.get('skipped', 'no reason given'), 200)})."
        for key, entry in values.get("baseline", {}).items()
        if entry.get("accuracy") is None
    ]
    reduced = [
        f" Fitted on a subset: {_baseline_title(key)} ({text(entry['reduced'], 200)})."
        for key, entry in values.get("baseline", {}).items()
        if entry.get("reduced")
    ]
    return caption + "".join(skipped + reduced)


def _metric_tiles(test: dict[str, Any], examples: int) -> str:
    rows = [
        (f"<b>{title}</b> {description}", percent(test[key]))
        for key, (title, description) in METRICS.items()
        if key in test
    ]
    return f"<h3>Metrics on {count(examples, 'test example')}</h3>\n{tiles(rows)}"


def _class_figure(classes: dict[str, Any]) -> str:
    """Return the metrics by class; of many classes, the ones with the lowest recall first."""
    rows = list(classes.items())
    scored = [(key, entry) for key, entry in rows if entry.get("recall") is not None]
    if not scored:
        return ""
    hardest = min(scored, key=lambda row: row[1]["recall"])
    if len(rows) > VISIBLE_CLASSES:
        rows = sorted(rows, key=lambda row: (row[1].get("recall") is None, row[1].get("recall")))
    visible, hidden_count = rows[:MAX_CLASSES], len(rows) - MAX_CLASSES
    entry = hardest[1]
    correct = round(entry["recall"] * entry["count"])
    is_equal = all(other["recall"] == entry["recall"] for _, other in scored)
    title = f"Lowest recall: {name(hardest[0])}"
    title = "Recall is equal for all classes" if is_equal else title
    caption = (
        f"Of {count(entry['count'], 'test example')} of {name(hardest[0])}, {correct:,} are"
        f" predicted correctly: recall {percent(entry['recall'])}. Precision is the share of"
        " correct predictions of a class; F1 is the harmonic mean of precision and recall."
    )
    axis = chart.share_axis(min(_recall_low(other) for _, other in scored))
    body = _class_table(visible[:VISIBLE_CLASSES], axis)
    if len(visible) > VISIBLE_CLASSES:
        folded_count = len(visible) - VISIBLE_CLASSES
        caption += f" The {len(classes):,} classes are sorted by recall, lowest first."
        folded = _class_table(visible[VISIBLE_CLASSES:], axis)
        body += details(f"{count(folded_count, 'more class', 'more classes')}", folded)
    if hidden_count > 0:
        body += f"<p>{count(hidden_count, 'class is', 'classes are')} not shown.</p>\n"
    return figure(title, caption, body)


def _recall_low(entry: dict[str, Any]) -> float:
    """Return the lower end of the interval of a class's recall."""
    return (parse_interval(entry.get("interval")) or (float(entry["recall"]), 1.0))[0]


def _class_table(rows: list[tuple[str, Any]], axis: chart.Axis) -> str:
    lines: list[str] = []
    for key, entry in rows:
        recall = entry.get("recall")
        interval, style = parse_interval(entry.get("interval")), "--ink-of:var(--accent)"
        strip = "" if recall is None else chart.strip(axis, recall, interval, style)
        lines.append(
            f'<tr><th scope="row">{name(key, 40)}</th><td class="num">{entry["count"]:,}</td>'
            f'<td class="strip">{strip}</td><td class="num">{percent(recall)}</td>'
            f'<td class="num">{percent(entry.get("precision"))}</td>'
            f'<td class="num">{percent(entry.get("f1"))}</td></tr>'
        )
    head = (
        '<thead><tr><th scope="col">class</th><th scope="col" class="num">examples</th>'
        '<th scope="col">recall and its 95% interval</th><th scope="col" class="num">recall</th>'
        '<th scope="col" class="num">precision</th><th scope="col" class="num">F1</th></tr></thead>'
    )
    cells = f"<td></td><td></td><td>{chart.scale(axis)}</td><td></td><td></td><td></td>"
    foot = f"<tfoot><tr>{cells}</tr></tfoot>"
    table = f'<table class="strips classes">{head}<tbody>{"".join(lines)}</tbody>{foot}</table>'
    return box("metrics by class", table)
