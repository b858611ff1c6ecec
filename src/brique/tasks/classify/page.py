"""The answer: how often the net is right, beside what needs no net, in all and by class."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.classification import wilson_interval
from brique.page import chart
from brique.page.baselines import NO_RESULT
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
VISIBLE_CLASSES = 20  # of them shown unfolded
METRICS = {
    "accuracy": ("Accuracy", "share of examples named rightly"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall, each class counted alike"),
    "average_precision": ("Average precision", "of the rare class, or the mean over the classes"),
    "macro_precision": ("Precision", "mean over the classes"),
    "macro_recall": ("Recall", "mean over the classes"),
    "macro_f1": ("F1", "mean over the classes"),
    "auc": ("AUC", "how often an example of one class gets a higher chance of it than the other's"),
}


def verdict(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the outcome ("better", "even", "worse") and what it says of the best baseline."""
    comparison = values.get("comparison")
    if not isinstance(comparison, dict) or comparison.get("outcome") not in (
        "better",
        "even",
        "worse",
    ):
        return None
    best, outcome = _baseline_title(str(comparison["best"])), str(comparison["outcome"])
    accuracy = percent(values["baseline"][comparison["best"]]["accuracy"])
    headline = {
        "better": "Better than the best baseline",
        "even": "No clear difference from the best baseline",
        "worse": "Worse than the best baseline",
    }[outcome]
    only_net, only_baseline = comparison.get("only_net"), comparison.get("only_baseline")
    difference = ""
    if only_net is not None and only_baseline is not None:
        net_examples = count(int(only_net), "test example") if only_net else "no test example"
        difference = (
            f" On {net_examples} only the net is right, on {int(only_baseline):,} only the baseline; chance alone"
            f" makes as large a difference in {_of_cases(comparison['p'])} (the exact test of"
            " McNemar)."
        )
    elif "unit" in comparison:
        units = count(int(comparison["examples"]), text(comparison["unit"]))
        difference = (
            f" Chance alone makes as large a difference in {_of_cases(comparison['p'])} (a paired"
            f" test on {units})."
        )
    return outcome, f"<strong>{headline}</strong>, {text(best)} at {accuracy}.{difference}"


def _of_cases(p: float) -> str:
    return "fewer than 1 in 1,000 cases" if p < 0.001 else f"{percent(p)} of cases"


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the scores, the mistakes, how sure the net may be, and what is inside of it."""
    return [
        section_or_gap(lambda: section(facts), "result"),
        section_or_gap(lambda: mistakes.section(facts, gallery), "mistakes"),
        section_or_gap(lambda: reliability.section(facts), "certainty"),
        section_or_gap(lambda: features.filters_section(facts), "inside"),
        section_or_gap(lambda: features.map_section(facts), "inside"),
    ]


def section(facts: Facts) -> Section | Gap:
    """Return the net beside the baselines, its scores, and those of each class."""
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


Row = tuple[str, float, tuple[float, float] | None, bool]  # name, accuracy, ends, if it is the net


def _accuracy_rows(values: dict[str, Any]) -> list[Row]:
    """Return (name, accuracy, interval if any, whether it is the net), the best first."""
    examples = int(values["examples"])
    net_accuracy = float(values["test"]["accuracy"])
    rows: list[Row] = []
    rows += [
        (
            "the net",
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
    """Return an interval; None where too few groups are left for one."""
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
        f" The chart starts at {axis.low:.0%}; an arrow at its left end stands for less."
        if below_axis
        else ""
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">who answers</th>'
        '<th scope="col">accuracy on the test examples</th>'
        '<th scope="col" class="num">accuracy</th>'
        '<th scope="col" class="num wide">95% interval</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        '<td></td><td class="wide"></td></tr></tfoot></table>\n'
    )
    outcome = (values.get("comparison") or {}).get("outcome")
    return figure(_headline(rows, outcome), _description(values, rows) + note, table)


def _headline(rows: list[Row], outcome: object) -> str:
    """Return where the net stands among the baselines, and whether that can be chance."""
    net = next(row for row in rows if row[3])
    others = [row for row in rows if not row[3]]
    if not others:
        return f"The net is right in {percent(net[1])}"
    best = others[0]
    difference = (net[1] - best[1]) * 100
    if abs(difference) < 0.05:
        return f"The net and {name(best[0])} are both right in {percent(net[1])}"
    direction = "above" if difference > 0 else "below"
    suffix = ", within chance" if outcome == "even" else ""
    return f"The net is {count_points(abs(difference))} {direction} the best baseline, {name(best[0])}{suffix}"


def count_points(points: float) -> str:
    """Return "1 point" or "1.4 points"."""
    formatted = f"{points:.1f}".removesuffix(".0")
    return f"{formatted} point" if formatted == "1" else f"{formatted} points"


def _description(values: dict[str, Any], rows: list[Row]) -> str:
    net = next(row for row in rows if row[3])
    caption = (
        f"On other examples of the same kind, expect the net to be right in {format_interval(net[2])} of"
        " cases: the lines show how far chance in the choice of test examples could move each"
        " figure."
    )
    if net[2] is None:
        caption = "Too few test examples, or groups of them, to say how far chance could move this."
    skipped = [
        f" Not fitted: {_baseline_title(key)} ({text(entry.get('skipped', 'no reason given'), 200)})."
        for key, entry in values.get("baseline", {}).items()
        if entry.get("accuracy") is None
    ]
    reduced = [
        f" Fitted on less than usual: {_baseline_title(key)} ({text(entry['reduced'], 200)})."
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
    return f"<h3>Scores on {count(examples, 'test example')}</h3>\n{tiles(rows)}"


def _class_figure(classes: dict[str, Any]) -> str:
    """Return the scores of each class; of very many, those with the lowest recall."""
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
    title = "Every class is found equally often" if is_equal else \
        f"Hardest to find: {name(hardest[0])}"  # fmt: skip
    caption = (
        f"Of {count(entry['count'], 'test example')} of {name(hardest[0])}, the net finds"
        f" {correct:,} ({percent(entry['recall'])}, the recall). Precision is the share of the"
        " answers with this name that are right; F1 is high only where both are."
    )
    axis = chart.share_axis(min(_recall_low(other) for _, other in scored))
    body = _class_table(visible[:VISIBLE_CLASSES], axis)
    if len(visible) > VISIBLE_CLASSES:
        folded_count = len(visible) - VISIBLE_CLASSES
        caption += f" Of {len(classes):,} classes, those with the lowest recall stand first."
        folded = _class_table(visible[VISIBLE_CLASSES:], axis)
        body += details(f"{count(folded_count, 'more class', 'more classes')}", folded)
    if hidden_count > 0:
        body += f"<p>{count(hidden_count, 'class is', 'classes are')} left out here.</p>\n"
    return figure(title, caption, body)


def _recall_low(entry: dict[str, Any]) -> float:
    """Return where the interval of a class's recall begins."""
    return (parse_interval(entry.get("interval")) or (float(entry["recall"]), 1.0))[0]


def _class_table(rows: list[tuple[str, Any]], axis: chart.Axis) -> str:
    lines: list[str] = []
    for key, entry in rows:
        recall = entry.get("recall")
        ends, style = parse_interval(entry.get("interval")), "--ink-of:var(--accent)"
        strip = "" if recall is None else chart.strip(axis, recall, ends, style)
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
    ends = f"<td></td><td></td><td>{chart.scale(axis)}</td><td></td><td></td><td></td>"
    foot = f"<tfoot><tr>{ends}</tr></tfoot>"
    table = f'<table class="strips classes">{head}<tbody>{"".join(lines)}</tbody>{foot}</table>'
    return box("scores of each class", table)
