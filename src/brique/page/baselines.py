"""The comparison of a net with its baselines by the main metric, and all other metrics."""

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

OUTCOMES = {
    "better": "Significantly better than the best baseline",
    "even": "No significant difference from the best baseline",
    "worse": "Significantly worse than the best baseline",
}


NO_RESULT = "The run stores no test result."


def format_metric(metric: Metric, value: float) -> str:
    """Return the value of a metric as a percentage or a number."""
    return percent(value if abs(value) >= 5e-4 else 0.0) if metric.is_share else short_number(value)


def verdict(values: Mapping[str, Any], task: PageTask) -> tuple[str, str] | None:
    """Return the outcome ("better", "even", "worse") and a sentence on the best baseline."""
    comparison, metric = values.get("comparison"), task.main_metric
    if not isinstance(comparison, dict) or comparison.get("outcome") not in OUTCOMES:
        return None
    best, outcome = str(comparison["best"]), str(comparison["outcome"])
    best_value = values["baseline"][best].get(metric.name)
    value_text = "" if best_value is None else f" ({format_metric(metric, float(best_value))})"
    return outcome, (
        f"<strong>{OUTCOMES[outcome]}</strong>, {text(_baseline_title(best, task))}{value_text}:"
        f" {p_value(float(comparison['p']))}, paired test on"
        f" {count(int(comparison['examples']), text(comparison.get('unit', 'test example')))}."
    )


def p_value(p: float) -> str:
    """Return a p-value as HTML.

    >>> p_value(0.0214), p_value(1e-9)
    ('p = 0.021', 'p &lt; 0.001')
    """
    return "p &lt; 0.001" if p < 0.001 else f"p = {p:.2g}"


def key_numbers(values: Mapping[str, Any], task: PageTask) -> list[tuple[str, str]]:
    """Return the main metric, its interval and the number of test examples, with their titles."""
    metric = task.main_metric
    rows = [(f"{metric.title} on test", format_metric(metric, float(values["test"][metric.name])))]
    interval = parse_interval(values.get("interval", {}).get(metric.name))
    if interval is not None:
        rows.append(("95% CI", " to ".join(format_metric(metric, bound) for bound in interval)))
    return [*rows, ("test examples", f"{values['examples']:,}")]


def section(facts: Facts, task: PageTask) -> Section | Gap:
    """Return the comparison with the baselines, and all metrics."""
    values = facts.values
    if not isinstance(values.get("test"), dict):
        return Gap(NO_RESULT)
    body = _baseline_table(values, task) + _metric_tiles(values, task)
    return Section("result", "Result", body)


def _baseline_table(values: dict[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows = [("net", float(values["test"][metric.name]), True)]
    skipped: list[str] = []
    for key, entry in values.get("baseline", {}).items():
        if entry.get(metric.name) is None:
            reason = text(entry.get("skipped", "no reason given"), 200)
            skipped.append(f"{_baseline_title(key, task)} ({reason})")
        else:
            rows.append((_baseline_title(key, task), float(entry[metric.name]), False))
    rows.sort(key=lambda row: -row[1])
    net = next(row for row in rows if row[2])
    interval = parse_interval(values.get("interval", {}).get(metric.name)) or (net[1], net[1])
    low = min(interval[0], max(0.0, rows[-1][1]))
    axis = chart.linear_axis(low, max(interval[1], rows[0][1]), is_share=metric.is_share)
    lines = ""
    for title, value, is_net in rows:
        strip = chart.strip(axis, value, interval if is_net else None, _style(is_net))
        lines += (
            f'<tr{" class=net" if is_net else ""}><th scope="row">{name(title)}</th>'
            f'<td class="strip">{strip}</td>'
            f'<td class="num">{format_metric(metric, value)}</td></tr>'
        )
    table = (
        '<table class="strips"><thead><tr><th scope="col">method</th>'
        f'<th scope="col">{metric.title} on test</th>'
        f'<th scope="col" class="num">{metric.title}</th></tr></thead>'
        f"<tbody>{lines}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        "<td></td></tr></tfoot></table>\n"
    )
    return figure(_headline(rows, values, metric), _caption(values, task, skipped), table)


def _caption(values: dict[str, Any], task: PageTask, skipped: list[str]) -> str:
    """Return the caption of the table: the metric, and the baselines that were not fitted fully."""
    metric = task.main_metric
    caption = (
        f"{metric.title}: {metric.description}. The line is the 95% confidence interval of the net;"
        " it reflects the sampling of the test examples only."
    )
    caption += f" Not fitted: {'; '.join(skipped)}." if skipped else ""
    reduced = [
        f"{_baseline_title(method, task)} ({text(fields['reduced'], 200)})"
        for method, fields in values.get("baseline", {}).items()
        if fields.get("reduced")
    ]
    return caption + (f" Fitted on a subset: {'; '.join(reduced)}." if reduced else "")


def _baseline_title(key: str, task: PageTask) -> str:
    return task.baseline_names.get(key, key)


def _style(is_net: bool) -> str:
    return "--ink-of:var(--accent)" if is_net else "--ink-of:var(--muted)"


def _headline(rows: list[tuple[str, float, bool]], values: dict[str, Any], metric: Metric) -> str:
    """Return the rank of the net among the baselines in one sentence."""
    net = next(row for row in rows if row[2])
    others = [row for row in rows if not row[2]]
    if not others:
        return f"{_capitalized(metric.title)} {format_metric(metric, net[1])}"
    outcome = (values.get("comparison") or {}).get("outcome")
    best = others[0][1]
    is_equal = format_metric(metric, net[1]) == format_metric(metric, best)
    relation = "equal to" if is_equal else "above" if net[1] > best else "below"
    significance = "; not significant" if outcome == "even" else ""
    return (
        f"{_capitalized(metric.title)} {format_metric(metric, net[1])}, {relation} the best"
        f" baseline, {name(others[0][0])} ({format_metric(metric, best)}{significance})"
    )


def _capitalized(title: str) -> str:
    return title[0].upper() + title[1:]


def _metric_tiles(values: dict[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows: list[tuple[str, str]] = []
    for key, value in values["test"].items():
        if isinstance(value, int | float) and key != metric.name:
            default = Metric(key, key.replace("_", " "), "", is_share=False)
            own_metric = task.metrics.get(key, default)
            title = text(_capitalized(own_metric.title))
            heading = f"<b>{title}</b> {text(own_metric.description)}"
            rows.append((heading, format_metric(own_metric, float(value))))
    if not rows:
        return ""
    return (
        f"<h3>Other metrics on {count(int(values['examples']), 'test example')}</h3>\n{tiles(rows)}"
    )
