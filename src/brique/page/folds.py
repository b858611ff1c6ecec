"""The page of a training of folds: what their nets reach together, and each alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brique import files
from brique.page.document import document
from brique.page.markup import Section, between, box, count, figure, percent, text, tiles


def write_folds(folder: Path, command: str, found: Mapping[str, Any]) -> Path:
    """Write report.html into the folder of a training of folds, and return its path.

    found: as `brique.workbench.folds.together` returns it. Raises StoreError when the disk refuses.
    """
    path = folder / "report.html"
    files.write(path, compose(command, found))
    return path


def sentence_of_folds(found: Mapping[str, Any]) -> str:
    """Return in one sentence what nets of k folds reach together."""
    low, high = found["interval"]["accuracy"]
    best = max(found["baseline"].items(), key=lambda pair: pair[1]["accuracy"], default=None)
    beside = (
        "" if best is None else f"; the best simple method ({best[0]}) {best[1]['accuracy']:.1%}"
    )
    return (
        f"{found['test']['accuracy']:.1%} of test examples named rightly in the mean of"
        f" {found['folds']} folds, spread {100 * found['spread']['accuracy']:.1f} points (95%"
        f" interval of the mean {low:.1%} to {high:.1%}){beside}"
    )


def compose(command: str, found: Mapping[str, Any]) -> str:
    """Return the page as HTML."""
    low, high = found["interval"]["accuracy"]
    head = tiles(
        [
            ("right on test, mean", percent(found["test"]["accuracy"])),
            ("spread over folds", percent(found["spread"]["accuracy"])),
            ("95% interval of the mean", between((low, high))),
            ("examples, each for test once", f"{found['examples']:,}"),
        ]
    )
    again = f"<p><code>{text(command, 600)}</code></p>\n"
    sections = [
        Section("folds", "Each fold", _each(found) + _scores(found)),
        Section("again", "The same again", again),
    ]
    over = f"brique · report of {count(found['folds'], 'fold')}"
    return document(text(sentence_of_folds(found), 400), over, head, sections)


def _each(found: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row"><a href="fold-{number}/report.html">fold {number}</a></th>'
        f'<td class="num">{percent(one["accuracy"])}</td>'
        f'<td class="num">{one["examples"]:,}</td></tr>'
        for number, one in enumerate(found["each"], 1)
    )
    columns = '<th class="num">right on test</th><th class="num">test examples</th>'
    head = f"<thead><tr><th>fold</th>{columns}</tr></thead>"
    says = (
        "Each net is judged on examples that it has not seen: the spread is what other training"
        " examples, and another test part of this size, change."
    )
    title = f"Accuracy varies by {100 * found['spread']['accuracy']:.1f} points from fold to fold"
    return figure(title, says, box("folds", f"<table>{head}<tbody>{rows}</tbody></table>"))


def _scores(found: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(name.replace("_", " "))}</th>'
        f'<td class="num">{value:.4f}</td><td class="num">{found["spread"][name]:.4f}</td></tr>'
        for name, value in found["test"].items()
    )
    rows += "".join(
        f'<tr><th scope="row">accuracy, {text(name)}</th><td class="num">{one["accuracy"]:.4f}</td>'
        f'<td class="num">{one["spread"]:.4f}</td></tr>'
        for name, one in found["baseline"].items()
    )
    columns = '<th class="num">mean</th><th class="num">standard deviation</th>'
    head = f"<thead><tr><th>score</th>{columns}</tr></thead>"
    says = "Mean and standard deviation over folds; simple methods were fitted on the same parts."
    table = box("scores", f"<table>{head}<tbody>{rows}</tbody></table>")
    return figure("All scores, beside simple methods", says, table)
