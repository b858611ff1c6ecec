"""Any net beside what needs no net, by its main score, and all its other scores."""

from typing import Any

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
from brique.tasks import TASKS
from brique.tasks.judged import Score
from brique.tasks.words import method

_STARTS = {
    "better": "Better than the best baseline",
    "even": "No clear difference from the best baseline",
    "worse": "Worse than the best baseline",
}


_OTHERS = {
    one.name: one
    for one in (
        Score("exact", "all right", "share of examples with every answer right"),
        Score("macro_f1", "F1", "mean over the targets"),
        Score("accuracy", "words", "share of words tagged rightly"),
        Score("precision", "precision", "share of the entities said that are meant"),
        Score("recall", "recall", "share of the entities meant that are found"),
        Score("unknown_accuracy", "new words", "share of words new to it tagged rightly"),
        Score("faultless", "faultless", "share of sentences without a mistake"),
        Score("log_loss", "log loss", "in nats; 0 is perfect", is_share=False),
        Score("rmse", "root mean square error", "large misses count more", is_share=False),
        Score("mae", "mean absolute error", "all misses count alike", is_share=False),
        Score("pixel_accuracy", "pixels", "share of all pixels named rightly"),
        Score("mean_accuracy", "recall", "share of its pixels found, mean over the classes"),
        Score("ap", "AP", "mean over overlaps of 0.5 to 0.95"),
        Score("real", "real near made", "share of real pictures whose nearest is a made one"),
        Score("made", "made near real", "share of made pictures whose nearest is a real one"),
        Score("copied", "copied", "nearer to train than 99% of test is; 1% by chance"),
    )
}
"""Scores beside the main ones, by name."""


def shown(score: Score, value: float) -> str:
    """Return a score as a percentage or a number."""
    return percent(value if abs(value) >= 5e-4 else 0.0) if score.is_share else figures(value)


def verdict(values: dict[str, Any]) -> tuple[str, str] | None:
    """Return the outcome ("better", "even", "worse") and what it says of the best baseline."""
    compared, score = values.get("comparison"), TASKS[values["task"]].main
    if not isinstance(compared, dict) or compared.get("outcome") not in _STARTS:
        return None
    best, outcome = str(compared["best"]), str(compared["outcome"])
    reached = values["baseline"][best].get(score.name)
    at = "" if reached is None else f" at {shown(score, float(reached))}"
    p = float(compared["p"])
    chance = "fewer than 1 in 1,000 cases" if p < 0.001 else f"{percent(p)} of cases"
    return outcome, (
        f"<strong>{_STARTS[outcome]}</strong>, {text(method(best))}{at}. Chance alone makes as"
        f" large a difference in {chance} (a paired test on"
        f" {count(int(compared['examples']), text(compared.get('unit', 'test example')))})."
    )


def numbers(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the main score, its interval and the number of test examples, with their titles."""
    score = TASKS[values["task"]].main
    rows = [(f"{score.called} on test", shown(score, float(values["test"][score.name])))]
    ends = ends_of(values.get("interval", {}).get(score.name))
    if ends is not None:
        rows.append(("95% interval", " to ".join(shown(score, end) for end in ends)))
    return [*rows, ("test examples", f"{values['examples']:,}")]


def section(facts: Facts) -> Section | Gap:
    """Return the net beside the baselines, and its scores."""
    values = facts.values
    if "task" not in values or not isinstance(values.get("test"), dict):
        return Gap("No test result is stored, so there is nothing to say on how good the net is.")
    score = TASKS[values["task"]].main
    body = _beside(values, score) + _scores(values, score)
    return Section("answer", "The answer", body)


def _beside(values: dict[str, Any], score: Score) -> str:
    rows = [("the net", float(values["test"][score.name]), True)]
    skipped: list[str] = []
    for key, entry in values.get("baseline", {}).items():
        if entry.get(score.name) is None:
            skipped.append(f"{method(key)} ({text(entry.get('skipped', 'no reason given'), 200)})")
        else:
            rows.append((method(key), float(entry[score.name]), False))
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
    reduced = [f"{method(k)} ({text(v['reduced'], 200)})" for k, v in known if v.get("reduced")]
    says += f" Fitted on less than usual: {'; '.join(reduced)}." if reduced else ""
    return figure(_rank(rows, values, score), says, table)


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


def _scores(values: dict[str, Any], score: Score) -> str:
    rows: list[tuple[str, str]] = []
    for key, value in values["test"].items():
        if isinstance(value, int | float) and key != score.name:
            plain = Score(key, key.replace("_", " "), "", is_share=False)
            other = _OTHERS.get(key, plain)
            told = f"<b>{text(other.called[0].upper() + other.called[1:])}</b> {text(other.says)}"
            rows.append((told, shown(other, float(value))))
    if not rows:
        return ""
    return (
        f"<h3>Other scores on {count(int(values['examples']), 'test example')}</h3>\n{tiles(rows)}"
    )
