"""The answer: how often the net is right, beside what needs no net, in all and by class."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.classes import interval
from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import (
    Gap,
    Section,
    between,
    box,
    count,
    details,
    ends_of,
    figure,
    name,
    percent,
    text,
    tiles,
)  # fmt: skip
from brique.page.parts import part
from brique.page.thumbnails import Gallery
from brique.tasks.classify import certainty, inside, mistakes
from brique.tasks.classify.baselines import NAMES

MOST_CLASSES = 400  # rows of the table
OPEN_CLASSES = 20  # of them shown unfolded
SCORES = {
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
    compared = values.get("comparison")
    if not isinstance(compared, dict) or compared.get("outcome") not in ("better", "even", "worse"):
        return None
    best, outcome = _called(str(compared["best"])), str(compared["outcome"])
    share = percent(values["baseline"][compared["best"]]["accuracy"])
    start = {
        "better": "Better than the best baseline",
        "even": "No clear difference from the best baseline",
        "worse": "Worse than the best baseline",
    }[outcome]
    net, other = compared.get("only_net"), compared.get("only_baseline")
    differ = ""
    if net is not None and other is not None:
        on = count(int(net), "test example") if net else "no test example"
        differ = (
            f" On {on} only the net is right, on {int(other):,} only the baseline; chance alone"
            f" makes as large a difference in {_of_cases(compared['p'])} (the exact test of"
            " McNemar)."
        )
    elif "unit" in compared:
        units = count(int(compared["examples"]), text(compared["unit"]))
        differ = (
            f" Chance alone makes as large a difference in {_of_cases(compared['p'])} (a paired"
            f" test on {units})."
        )
    return outcome, f"<strong>{start}</strong>, {text(best)} at {share}.{differ}"


def _of_cases(p: float) -> str:
    return "fewer than 1 in 1,000 cases" if p < 0.001 else f"{percent(p)} of cases"


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the scores, the mistakes, how sure the net may be, and what is inside of it."""
    return [
        part(lambda: section(facts), "answer"),
        part(lambda: mistakes.section(facts, gallery), "mistakes"),
        part(lambda: certainty.section(facts), "certainty"),
        part(lambda: inside.filters(facts), "inside"),
        part(lambda: inside.landscape(facts), "inside"),
    ]


def section(facts: Facts) -> Section | Gap:
    """Return the net beside the baselines, its scores, and those of each class."""
    values = facts.values
    test = values.get("test")
    if not isinstance(test, dict) or "accuracy" not in test:
        return Gap("No test result is stored, so there is nothing to say on how good the net is.")
    body = _beside(values) + _scores(test, int(values["examples"]))
    if isinstance(values.get("classes"), dict):
        body += _classes(values["classes"])
    return Section("answer", "The answer", body)


def _called(key: str) -> str:
    return NAMES.get(key, key)


Row = tuple[str, float, tuple[float, float] | None, bool]  # name, accuracy, ends, if it is the net


def _rivals(values: dict[str, Any]) -> list[Row]:
    """Return (name, accuracy, interval if any, whether it is the net), the best first."""
    n = int(values["examples"])
    share = float(values["test"]["accuracy"])
    rows: list[Row] = []
    rows += [("the net", share, _ends(values.get("interval", {}).get("accuracy"), share, n), True)]
    for key, entry in values.get("baseline", {}).items():
        if entry.get("accuracy") is None:
            continue
        reached = float(entry["accuracy"])
        called = f"always “{entry['answer']}”" if key == "majority" else _called(key)
        rows.append((called, reached, _ends(entry.get("interval"), reached, n), False))
    return sorted(rows, key=lambda row: -row[1])


def _ends(stored: object, share: float, count_: int) -> tuple[float, float] | None:
    """Return an interval; None where too few groups are left for one."""
    return ends_of(stored) if stored else interval(share, count_)


def _beside(values: dict[str, Any]) -> str:
    rows = _rivals(values)
    near = [row for row in rows if row[3] or row[1] >= rows[0][1] / 2]
    reach = [end for _, share, ends, _ in near for end in (share, *(ends or ()))]
    axis = chart.shares(min(reach), max(reach))
    lines: list[str] = []
    for called, share, ends, is_net in rows:
        style = "--ink-of:var(--accent)" if is_net else "--ink-of:var(--muted)"
        lines.append(
            f'<tr{" class=net" if is_net else ""}><th scope="row">{name(called)}</th>'
            f'<td class="strip">{chart.strip(axis, share, ends, style)}</td>'
            f'<td class="num">{percent(share)}</td>'
            f'<td class="num wide">{between(ends)}</td></tr>'
        )
    below = [called for called, share, *_ in rows if share < axis.low]
    note = (
        f" The chart starts at {axis.low:.0%}; an arrow at its left end stands for less."
        if below
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
    return figure(_rank(rows, outcome), _meaning(values, rows) + note, table)


def _rank(rows: list[Row], outcome: object) -> str:
    """Return where the net stands among the baselines, and whether that can be chance."""
    net = next(row for row in rows if row[3])
    others = [row for row in rows if not row[3]]
    if not others:
        return f"The net is right in {percent(net[1])}"
    best = others[0]
    gap = (net[1] - best[1]) * 100
    if abs(gap) < 0.05:
        return f"The net and {name(best[0])} are both right in {percent(net[1])}"
    than = "above" if gap > 0 else "below"
    chance = ", within chance" if outcome == "even" else ""
    return f"The net is {count_points(abs(gap))} {than} the best baseline, {name(best[0])}{chance}"


def count_points(points: float) -> str:
    """Return "1 point" or "1.4 points"."""
    shown = f"{points:.1f}".removesuffix(".0")
    return f"{shown} point" if shown == "1" else f"{shown} points"


def _meaning(values: dict[str, Any], rows: list[Row]) -> str:
    net = next(row for row in rows if row[3])
    says = (
        f"On other examples of the same kind, expect the net to be right in {between(net[2])} of"
        " cases: the lines show how far chance in the choice of test examples could move each"
        " figure."
    )
    if net[2] is None:
        says = "Too few test examples, or groups of them, to say how far chance could move this."
    skipped = [
        f" Not fitted: {_called(key)} ({text(entry.get('skipped', 'no reason given'), 200)})."
        for key, entry in values.get("baseline", {}).items()
        if entry.get("accuracy") is None
    ]
    reduced = [
        f" Fitted on less than usual: {_called(key)} ({text(entry['reduced'], 200)})."
        for key, entry in values.get("baseline", {}).items()
        if entry.get("reduced")
    ]
    return says + "".join(skipped + reduced)


def _scores(test: dict[str, Any], examples: int) -> str:
    rows = [
        (f"<b>{called}</b> {says}", percent(test[key]))
        for key, (called, says) in SCORES.items()
        if key in test
    ]
    return f"<h3>Scores on {count(examples, 'test example')}</h3>\n{tiles(rows)}"


def _classes(classes: dict[str, Any]) -> str:
    """Return the scores of each class; of very many, those with the lowest recall."""
    rows = list(classes.items())
    judged = [(key, entry) for key, entry in rows if entry.get("recall") is not None]
    if not judged:
        return ""
    hardest = min(judged, key=lambda row: row[1]["recall"])
    if len(rows) > OPEN_CLASSES:
        rows = sorted(rows, key=lambda row: (row[1].get("recall") is None, row[1].get("recall")))
    shown, more = rows[:MOST_CLASSES], len(rows) - MOST_CLASSES
    entry = hardest[1]
    right = round(entry["recall"] * entry["count"])
    is_even = all(one["recall"] == entry["recall"] for _, one in judged)
    title = "Every class is found equally often" if is_even else \
        f"Hardest to find: {name(hardest[0])}"  # fmt: skip
    says = (
        f"Of {count(entry['count'], 'test example')} of {name(hardest[0])}, the net finds"
        f" {right:,} ({percent(entry['recall'])}, the recall). Precision is the share of the"
        " answers with this name that are right; F1 is high only where both are."
    )
    axis = chart.shares(min(_low(one) for _, one in judged))
    body = _class_table(shown[:OPEN_CLASSES], axis)
    if len(shown) > OPEN_CLASSES:
        rest = len(shown) - OPEN_CLASSES
        says += f" Of {len(classes):,} classes, those with the lowest recall stand first."
        folded = _class_table(shown[OPEN_CLASSES:], axis)
        body += details(f"{count(rest, 'more class', 'more classes')}", folded)
    if more > 0:
        body += f"<p>{count(more, 'class is', 'classes are')} left out here.</p>\n"
    return figure(title, says, body)


def _low(entry: dict[str, Any]) -> float:
    """Return where the interval of a class's recall begins."""
    return (ends_of(entry.get("interval")) or (float(entry["recall"]), 1.0))[0]


def _class_table(rows: list[tuple[str, Any]], axis: chart.Axis) -> str:
    lines: list[str] = []
    for key, entry in rows:
        recall = entry.get("recall")
        ends, style = ends_of(entry.get("interval")), "--ink-of:var(--accent)"
        drawn = "" if recall is None else chart.strip(axis, recall, ends, style)
        lines.append(
            f'<tr><th scope="row">{name(key, 40)}</th><td class="num">{entry["count"]:,}</td>'
            f'<td class="strip">{drawn}</td><td class="num">{percent(recall)}</td>'
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
