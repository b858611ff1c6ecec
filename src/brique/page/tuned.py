"""The page of a search for settings: what was tried, what mattered, what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brique import files
from brique.page.document import document
from brique.page.markup import Section, box, count, figure, figures, name, percent, text, tiles

_SHOWN = 60  # trials


def write_tuned(folder: Path, command: str, found: Mapping[str, Any]) -> Path:
    """Write report.html into the folder of a search, and return its path.

    found: as `brique.workbench.tune` writes it. Raises StoreError when the disk refuses.
    """
    path = folder / "report.html"
    files.write(path, compose(command, found))
    return path


def compose(command: str, found: Mapping[str, Any]) -> str:
    """Return the page as HTML."""
    score, trials = found["score"], found["trials"]
    best = max(trials, key=lambda one: one["score"])
    if found["chosen"]:
        title = f"Trial {found['chosen']} beats the plan in each new training"
    elif len(found["compared"]) > 1:
        title = "The plan stays: the best trial does not beat it in each new training"
    else:
        title = "The plan stays: no trial was better"
    link = f'<a href="{text(found["final"])}/report.html">the report of that net</a>'
    plan = next((one["score"] for one in trials if one["number"] == 0), None)
    head = f"<p>What was chosen is trained on all: {link}.</p>\n" + tiles(
        [
            (f"{text(score)} on test, the final net", figures(found["test"][score])),
            (f"{text(score)} on valid, the plan", figures(plan)),
            (f"{text(score)} on valid, the best trial", figures(best["score"])),
            ("trials", f"{len(trials):,}"),
        ]
    )
    sections = [
        Section("mattered", "What mattered", _mattered(found)),
        Section("trials", "The trials", _trials(found)),
        Section("again", "The same again", f"<p><code>{text(command, 600)}</code></p>\n"),
    ]
    return document(title, "brique · report of a search for settings", head, sections)


def _mattered(found: Mapping[str, Any]) -> str:
    shares = found["mattered"]
    if not shares:
        return "<p>Too few trials were made to say.</p>\n"
    rows = "".join(
        f'<tr><th scope="row">{name(key)}</th><td><svg class="bar" aria-hidden="true">'
        f'<rect width="{100 * share:.1f}%"/></svg></td><td class="num">{percent(share)}</td></tr>'
        for key, share in shares.items()
    )
    says = (
        "Which share of the differences between trials each setting explains (functional analysis"
        " of variance). Settings with an x are factors of the plan's."
    )
    table = f'<table class="strips bars"><tbody>{rows}</tbody></table>\n'
    return figure(f"Most of it was {name(next(iter(shares)))}", says, table)


def _trials(found: Mapping[str, Any]) -> str:
    trials = sorted(found["trials"], key=lambda one: -one["score"])
    names = list(dict.fromkeys(key for one in trials for key in one["settings"]))
    rows = "".join(
        f'<tr><th scope="row"><a href="trial-{one["number"]:03d}/report.html">trial'
        f" {one['number']}{', the plan' * (one['number'] == 0)}</a></th>"
        f'<td class="num">{figures(one["score"])}</td>'
        + "".join(f'<td class="num">{_value(one["settings"].get(key))}</td>' for key in names)
        + "</tr>"
        for one in trials[:_SHOWN]
    )
    heads = "".join(f'<th class="num">{name(key)}</th>' for key in names)
    head = f'<thead><tr><th>trial</th><th class="num">{text(found["score"])}</th>{heads}</tr>'
    table = box("trials", f"<table>{head}</thead><tbody>{rows}</tbody></table>")
    compared = "; ".join(
        f"trial {number}: {' '.join(map(figures, values))}"
        for number, values in found["compared"].items()
    )
    says = "Scores on valid, by nets that learned without it; test was not read."
    if len(found["compared"]) > 1:
        says += (
            " The best is compared with the plan (trial 0) by nets of other seeds, and on other"
            f" examples where that can be, by which nothing was chosen: {compared}."
        )
    return figure(f"{count(len(trials), 'trial')}, the best first", says, table)


def _value(value: object) -> str:
    return "" if value is None else figures(float(str(value)))
