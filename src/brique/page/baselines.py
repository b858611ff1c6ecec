"""Any net beside what needs no net, by its main score, and all its other scores."""

from collections.abc import Mapping
from typing import Any

from brique.evaluation.result import Score
from brique.page import chart
from brique.page.facts import Facts
from brique.page.markup import (
    Gap,
    Section,
    count,
    ends_of,
    figure,
    figures,
    name,
    percent,
    text,
    tiles,
)  # fmt: skip
from brique.page.subject import Subject

_STARTS = {
    "better": "Better than the best baseline",
    "even": "No clear difference from the best baseline",
    "worse": "Worse than the best baseline",
}


NOTHING = "No test result is stored, so there is nothing to say on how good the net is."


def shown(score: Score, value: float) -> str:
    """Return a score as a percentage or a number."""
    return percent(value if abs(value) >= 5e-4 else 0.0) if score.is_share else figures(value)


def verdict(values: Mapping[str, Any], task: Subject) -> tuple[str, str] | None:
    """Return the outcome ("better", "even", "worse") and what it says of the best baseline."""
    compared, score = values.get("comparison"), task.main
    if not isinstance(compared, dict) or compared.get("outcome") not in _STARTS:
        return None
    best, outcome = str(compared["best"]), str(compared["outcome"])
    reached = values["baseline"][best].get(score.name)
    at = "" if reached is None else f" at {shown(score, float(reached))}"
    p = float(compared["p"])
    chance = "fewer than 1 in 1,000 cases" if p < 0.001 else f"{percent(p)} of cases"
    return outcome, (
        f"<strong>{_STARTS[outcome]}</strong>, {text(_called(best, task))}{at}. Chance alone makes"
        f" as large a difference in {chance} (a paired test on"
        f" {count(int(compared['examples']), text(compared.get('unit', 'test example')))})."
    )


def numbers(values: Mapping[str, Any], task: Subject) -> list[tuple[str, str]]:
    """Return the main score, its interval and the number of test examples, with their titles."""
    score = task.main
    rows = [(f"{score.called} on test", shown(score, float(values["test"][score.name])))]
    ends = ends_of(values.get("interval", {}).get(score.name))
    if ends is not None:
        rows.append(("95% interval", " to ".join(shown(score, end) for end in ends)))
    return [*rows, ("test examples", f"{values['examples']:,}")]


def section(facts: Facts, task: Subject) -> Section | Gap:
    """Return the net beside the baselines, and its scores."""
    values = facts.values
    if not isinstance(values.get("test"), dict):
        return Gap(NOTHING)
    body = _beside(values, task) + _scores(values, task)
    return Section("answer", "The answer", body)


def _beside(values: dict[str, Any], task: Subject) -> str:
    score = task.main
    rows = [("the net", float(values["test"][score.name]), True)]
    skipped: list[str] = []
    for key, entry in values.get("baseline", {}).items():
        if entry.get(score.name) is None:
            skipped.append(
                f"{_called(key, task)} ({text(entry.get('skipped', 'no reason given'), 200)})"
            )
        else:
            rows.append((_called(key, task), float(entry[score.name]), False))
    rows.sort(key=lambda row: -row[1])
    net = next(row for row in rows if row[2])
    ends = ends_of(values.get("interval", {}).get(score.name)) or (net[1], net[1])
    low = min(ends[0], max(0.0, rows[-1][1]))
    axis = chart.spread(low, max(ends[1], rows[0][1]), is_share=score.is_share)
    lines = "".join(
        f'<tr{" class=net" if is_net else ""}><th scope="row">{name(called)}</th>'
        f'<td class="strip">{chart.strip(axis, value, ends if is_net else None, _ink(is_net))}</td>'
        f'<td class="num">{shown(score, value)}</td></tr>'
        for called, value, is_net in rows
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">who answers</th>'
        f'<th scope="col">{score.called} on the test examples</th>'
        f'<th scope="col" class="num">{score.called}</th></tr></thead>'
        f"<tbody>{lines}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        "<td></td></tr></tfoot></table>\n"
    )
    says = (
        f"{score.called}: {score.says}. The line shows how far chance in the choice of test"
        " examples could move the net's figure; on other data of the same kind, expect it there."
    )
    says += f" Not fitted: {'; '.join(skipped)}." if skipped else ""
    known = values.get("baseline", {}).items()
    reduced = [
        f"{_called(k, task)} ({text(v['reduced'], 200)})" for k, v in known if v.get("reduced")
    ]
    says += f" Fitted on less than usual: {'; '.join(reduced)}." if reduced else ""
    return figure(_rank(rows, values, score), says, table)


def _called(key: str, task: Subject) -> str:
    return task.baselines.get(key, key)


def _ink(is_net: bool) -> str:
    return "--ink-of:var(--accent)" if is_net else "--ink-of:var(--muted)"


def _rank(rows: list[tuple[str, float, bool]], values: dict[str, Any], score: Score) -> str:
    """Return where the net stands among the baselines."""
    net = next(row for row in rows if row[2])
    others = [row for row in rows if not row[2]]
    if not others:
        return f"The net reaches {shown(score, net[1])}"
    outcome = (values.get("comparison") or {}).get("outcome")
    best = others[0][1]
    than = "as does" if net[1] == best else "ahead of" if net[1] > best else "behind"
    chance = ", within chance" if outcome == "even" else ""
    return (
        f"The net reaches {shown(score, net[1])}, {than} the best baseline, {name(others[0][0])}"
        f" ({shown(score, best)}){chance}"
    )


def _scores(values: dict[str, Any], task: Subject) -> str:
    score = task.main
    rows: list[tuple[str, str]] = []
    for key, value in values["test"].items():
        if isinstance(value, int | float) and key != score.name:
            plain = Score(key, key.replace("_", " "), "", is_share=False)
            other = task.scores.get(key, plain)
            told = f"<b>{text(other.called[0].upper() + other.called[1:])}</b> {text(other.says)}"
            rows.append((told, shown(other, float(value))))
    if not rows:
        return ""
    return (
        f"<h3>Other scores on {count(int(values['examples']), 'test example')}</h3>\n{tiles(rows)}"
    )
