"""The page of a training of folds: what their nets reach together, and each alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brique import files
from brique.evaluation.sentences import distrust
from brique.page.baselines import shown
from brique.page.document import document
from brique.page.markup import Section, box, count, figure, figures, text, tiles
from brique.page.subject import Subject


def write_folds(folder: Path, command: str, found: Mapping[str, Any], task: Subject) -> Path:
    """Write report.html into the folder of a training of folds, and return its path.

    found: as `brique.workbench.folds.together` returns it. Raises StoreError when the disk refuses.
    """
    path = folder / "report.html"
    files.write(path, compose(command, found, task))
    return path


def sentence_of_folds(found: Mapping[str, Any], task: Subject) -> str:
    """Return in one sentence what nets of k folds reach together."""
    score = task.main
    low, high = (shown(score, end) for end in found["interval"][score.name])
    best = max(found["baseline"].items(), key=lambda pair: pair[1][score.name], default=None)
    beside = (
        ""
        if best is None
        else f"; {task.baselines.get(best[0], best[0])} {shown(score, best[1][score.name])}"
    )
    reached = shown(score, found["test"][score.name])
    is_behind = best is not None and best[1][score.name] > found["test"][score.name]
    start = "Behind a simple method in the mean: " if is_behind else ""
    return (
        f"{distrust(found)}{start}{score.called} {reached} in the mean of {found['folds']} folds,"
        f" spread {_spread(found, task)} (95% interval of the mean {low} to {high}){beside}"
    )


def compose(command: str, found: Mapping[str, Any], task: Subject) -> str:
    """Return the page as HTML."""
    score = task.main
    ends = [shown(score, end) for end in found["interval"][score.name]]
    head = tiles(
        [
            (f"{score.called} on test, mean", shown(score, found["test"][score.name])),
            ("spread over folds", shown(score, found["spread"][score.name])),
            ("95% interval of the mean", " to ".join(ends)),
            ("examples, each for test once", f"{found['examples']:,}"),
        ]
    )
    again = f"<p><code>{text(command, 600)}</code></p>\n"
    sections = [
        Section("folds", "Each fold", _each(found, task) + _scores(found, task)),
        Section("again", "The same again", again),
    ]
    over = f"brique · report of {count(found['folds'], 'fold')}"
    return document(text(sentence_of_folds(found, task), 400), over, head, sections)


def _spread(found: Mapping[str, Any], task: Subject) -> str:
    """Return the standard deviation of the main score over folds."""
    score = task.main
    spread = float(found["spread"][score.name])
    return f"{100 * spread:.1f} points" if score.is_share else figures(spread)


def _each(found: Mapping[str, Any], task: Subject) -> str:
    score = task.main
    rows = "".join(
        f'<tr><th scope="row"><a href="fold-{number}/report.html">fold {number}</a></th>'
        f'<td class="num">{shown(score, one[score.name])}</td>'
        f'<td class="num">{one["examples"]:,}</td></tr>'
        for number, one in enumerate(found["each"], 1)
    )
    columns = f'<th class="num">{score.called}</th><th class="num">test examples</th>'
    head = f"<thead><tr><th>fold</th>{columns}</tr></thead>"
    says = (
        "Each net is judged on examples that it has not seen: the spread is what other training"
        " examples, and another test part of this size, change."
    )
    called = score.called[0].upper() + score.called[1:]
    title = f"{called} varies by {_spread(found, task)} from fold to fold"
    return figure(title, says, box("folds", f"<table>{head}<tbody>{rows}</tbody></table>"))


def _scores(found: Mapping[str, Any], task: Subject) -> str:
    score = task.main
    rows = "".join(
        f'<tr><th scope="row">{text(name.replace("_", " "))}</th>'
        f'<td class="num">{value:.4f}</td><td class="num">{found["spread"][name]:.4f}</td></tr>'
        for name, value in found["test"].items()
    )
    rows += "".join(
        f'<tr><th scope="row">{score.called}, {text(task.baselines.get(name, name))}</th>'
        f'<td class="num">{one[score.name]:.4f}</td><td class="num">{one["spread"]:.4f}</td></tr>'
        for name, one in found["baseline"].items()
    )
    columns = '<th class="num">mean</th><th class="num">standard deviation</th>'
    head = f"<thead><tr><th>score</th>{columns}</tr></thead>"
    says = "Mean and standard deviation over folds; simple methods were fitted on the same parts."
    table = box("scores", f"<table>{head}<tbody>{rows}</tbody></table>")
    return figure("All scores, beside simple methods", says, table)
