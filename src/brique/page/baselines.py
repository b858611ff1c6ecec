"""Any net beside what needs no net, by its main score, and all its other scores."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.result import Metric
from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import (
    Gap,
    Section,
    count,
    figure,
    name,
    parse_interval,
    percent,
    short_number,
    text,
    tiles,
)  # fmt: skip
from brique.page.task_protocol import PageTask

_OUTCOMES = {
    "better": "Better than the best baseline",
    "even": "No clear difference from the best baseline",
    "worse": "Worse than the best baseline",
}


NO_RESULT = "No test result is stored, so there is nothing to say on how good the net is."


def format_metric(metric: Metric, value: float) -> str:
    """Return a score as a percentage or a number."""
    return percent(value if abs(value) >= 5e-4 else 0.0) if metric.is_share else short_number(value)


def verdict(values: Mapping[str, Any], task: PageTask) -> tuple[str, str] | None:
    """Return the outcome ("better", "even", "worse") and what it says of the best baseline."""
    comparison, metric = values.get("comparison"), task.main_metric
    if not isinstance(comparison, dict) or comparison.get("outcome") not in _OUTCOMES:
        return None
    best, outcome = str(comparison["best"]), str(comparison["outcome"])
    best_value = values["baseline"][best].get(metric.name)
    value_text = "" if best_value is None else f" at {format_metric(metric, float(best_value))}"
    p = float(comparison["p"])
    frequency = "fewer than 1 in 1,000 cases" if p < 0.001 else f"{percent(p)} of cases"
    return outcome, (
        f"<strong>{_OUTCOMES[outcome]}</strong>, {text(_baseline_title(best, task))}{value_text}. Chance alone makes"
        f" as large a difference in {frequency} (a paired test on"
        f" {count(int(comparison['examples']), text(comparison.get('unit', 'test example')))})."
    )


def key_numbers(values: Mapping[str, Any], task: PageTask) -> list[tuple[str, str]]:
    """Return the main score, its interval and the number of test examples, with their titles."""
    metric = task.main_metric
    rows = [(f"{metric.title} on test", format_metric(metric, float(values["test"][metric.name])))]
    interval = parse_interval(values.get("interval", {}).get(metric.name))
    if interval is not None:
        rows.append(
            ("95% interval", " to ".join(format_metric(metric, bound) for bound in interval))
        )
    return [*rows, ("test examples", f"{values['examples']:,}")]


def section(facts: Facts, task: PageTask) -> Section | Gap:
    """Return the net beside the baselines, and its scores."""
    values = facts.values
    if not isinstance(values.get("test"), dict):
        return Gap(NO_RESULT)
    body = _baseline_table(values, task) + _metric_tiles(values, task)
    return Section("answer", "The answer", body)


def _baseline_table(values: dict[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows = [("the net", float(values["test"][metric.name]), True)]
    skipped: list[str] = []
    for key, entry in values.get("baseline", {}).items():
        if entry.get(metric.name) is None:
            skipped.append(
                f"{_baseline_title(key, task)} ({text(entry.get('skipped', 'no reason given'), 200)})"
            )
        else:
            rows.append((_baseline_title(key, task), float(entry[metric.name]), False))
    rows.sort(key=lambda row: -row[1])
    net = next(row for row in rows if row[2])
    interval = parse_interval(values.get("interval", {}).get(metric.name)) or (net[1], net[1])
    low = min(interval[0], max(0.0, rows[-1][1]))
    axis = chart.linear_axis(low, max(interval[1], rows[0][1]), is_share=metric.is_share)
    lines = "".join(
        f'<tr{" class=net" if is_net else ""}><th scope="row">{name(title)}</th>'
        f'<td class="strip">{chart.strip(axis, value, interval if is_net else None, _style(is_net))}</td>'
        f'<td class="num">{format_metric(metric, value)}</td></tr>'
        for title, value, is_net in rows
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">who answers</th>'
        f'<th scope="col">{metric.title} on the test examples</th>'
        f'<th scope="col" class="num">{metric.title}</th></tr></thead>'
        f"<tbody>{lines}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        "<td></td></tr></tfoot></table>\n"
    )
    caption = (
        f"{metric.title}: {metric.description}. The line shows how far chance in the choice of test"
        " examples could move the net's figure; on other data of the same kind, expect it there."
    )
    caption += f" Not fitted: {'; '.join(skipped)}." if skipped else ""
    baselines = values.get("baseline", {}).items()
    reduced = [
        f"{_baseline_title(method, task)} ({text(fields['reduced'], 200)})"
        for method, fields in baselines
        if fields.get("reduced")
    ]
    caption += f" Fitted on less than usual: {'; '.join(reduced)}." if reduced else ""
    return figure(_headline(rows, values, metric), caption, table)


def _baseline_title(key: str, task: PageTask) -> str:
    return task.baseline_names.get(key, key)


def _style(is_net: bool) -> str:
    return "--ink-of:var(--accent)" if is_net else "--ink-of:var(--muted)"


def _headline(rows: list[tuple[str, float, bool]], values: dict[str, Any], metric: Metric) -> str:
    """Return where the net stands among the baselines."""
    net = next(row for row in rows if row[2])
    others = [row for row in rows if not row[2]]
    if not others:
        return f"The net reaches {format_metric(metric, net[1])}"
    outcome = (values.get("comparison") or {}).get("outcome")
    best = others[0][1]
    relation = "as does" if net[1] == best else "ahead of" if net[1] > best else "behind"
    significance = ", within chance" if outcome == "even" else ""
    return (
        f"The net reaches {format_metric(metric, net[1])}, {relation} the best baseline, {name(others[0][0])}"
        f" ({format_metric(metric, best)}){significance}"
    )


def _metric_tiles(values: dict[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows: list[tuple[str, str]] = []
    for key, value in values["test"].items():
        if isinstance(value, int | float) and key != metric.name:
            default = Metric(key, key.replace("_", " "), "", is_share=False)
            own_metric = task.metrics.get(key, default)
            heading = f"<b>{text(own_metric.title[0].upper() + own_metric.title[1:])}</b> {text(own_metric.description)}"
            rows.append((heading, format_metric(own_metric, float(value))))
    if not rows:
        return ""
    return (
        f"<h3>Other scores on {count(int(values['examples']), 'test example')}</h3>\n{tiles(rows)}"
    )
