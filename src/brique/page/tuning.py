"""The report of a hyperparameter search: trials, importance of settings, final choice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brique import files
from brique.page.document import document
from brique.page.markup import Section, box, count, figure, name, percent, short_number, text, tiles

_MAX_TRIALS = 60  # trials


def write_tuning(folder: Path, command: str, search: Mapping[str, Any]) -> Path:
    """Write report.html into the folder of a search and return its path.

    search: the contents of tune.json. Raises StoreError when the file cannot be written.
    """
    path = folder / "report.html"
    files.write(path, compose(command, search))
    return path


def compose(command: str, search: Mapping[str, Any]) -> str:
    """Return the report as HTML."""
    score, trials = search["score"], search["trials"]
    best = max(trials, key=lambda trial: trial["score"])
    if search["chosen"]:
        title = f"Trial {search['chosen']} beats the plan in every repetition"
    elif len(search["comparison"]) > 1:
        title = "The plan is kept: the best trial does not beat it in every repetition"
    else:
        title = "The plan is kept: no trial was better"
    link = f'<a href="{text(search["final"])}/report.html">its report</a>'
    plan = next((trial["score"] for trial in trials if trial["number"] == 0), None)
    head = f"<p>The final net is trained with the chosen settings: {link}.</p>\n" + tiles(
        [
            (f"{text(score)} on test, the final net", short_number(search["test"][score])),
            (f"{text(score)} on valid, the plan", short_number(plan)),
            (f"{text(score)} on valid, the best trial", short_number(best["score"])),
            ("trials", f"{len(trials):,}"),
        ]
    )
    sections = [
        Section("importance", "Importance", _importance(search)),
        Section("trials", "Trials", _trials(search)),
        Section("reproduction", "Reproduction", f"<p><code>{text(command, 600)}</code></p>\n"),
    ]
    return document(title, "brique · report of a search", head, sections)


def _importance(search: Mapping[str, Any]) -> str:
    importances = search["importance"]
    if not importances:
        return "<p>Too few trials for an estimate.</p>\n"
    rows = "".join(
        f'<tr><th scope="row">{name(key)}</th><td><svg class="bar" aria-hidden="true">'
        f'<rect width="{100 * importance:.1f}%"/></svg></td>'
        f'<td class="num">{percent(importance)}</td></tr>'
        for key, importance in importances.items()
    )
    caption = (
        "Share of the variance between trials that each setting explains (functional ANOVA)."
        " Settings with an x multiply those of the plan."
    )
    table = f'<table class="strips bars"><tbody>{rows}</tbody></table>\n'
    return figure(f"Most important: {name(next(iter(importances)))}", caption, table)


def _trials(search: Mapping[str, Any]) -> str:
    trials = sorted(search["trials"], key=lambda trial: -trial["score"])
    names = list(dict.fromkeys(key for trial in trials for key in trial["settings"]))
    rows = "".join(
        f'<tr><th scope="row"><a href="trial-{trial["number"]:03d}/report.html">trial'
        f" {trial['number']}{', the plan' * (trial['number'] == 0)}</a></th>"
        f'<td class="num">{short_number(trial["score"])}</td>'
        + "".join(f'<td class="num">{_value(trial["settings"].get(key))}</td>' for key in names)
        + "</tr>"
        for trial in trials[:_MAX_TRIALS]
    )
    header_cells = "".join(f'<th class="num">{name(key)}</th>' for key in names)
    head = (
        f'<thead><tr><th>trial</th><th class="num">{text(search["score"])}</th>{header_cells}</tr>'
    )
    table = box("trials", f"<table>{head}</thead><tbody>{rows}</tbody></table>")
    comparison = "; ".join(
        f"trial {number}: {' '.join(map(short_number, values))}"
        for number, values in search["comparison"].items()
    )
    caption = "Scores on valid; test was not read."
    if len(search["comparison"]) > 1:
        caption += (
            " The best trial is compared with the plan (trial 0) with new seeds and, if possible,"
            f" on other validation examples: {comparison}."
        )
    return figure(f"{count(len(trials), 'trial')}, best first", caption, table)


def _value(value: object) -> str:
    return "" if value is None else short_number(float(str(value)))
