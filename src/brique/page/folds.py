"""The page of a training of folds: what their nets reach together, and each alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brique import files
from brique.evaluation.sentences import distrust_prefix
from brique.page.baselines import format_metric
from brique.page.document import document
from brique.page.markup import Section, box, count, figure, short_number, text, tiles
from brique.page.task_protocol import PageTask


def write_folds(folder: Path, command: str, result: Mapping[str, Any], task: PageTask) -> Path:
    """Write report.html into the folder of a training of folds, and return its path.

    result: as `brique.workbench.folds.together` returns it. Raises StoreError when the disk refuses.
    """
    path = folder / "report.html"
    files.write(path, compose(command, result, task))
    return path


def folds_sentence(result: Mapping[str, Any], task: PageTask) -> str:
    """Return in one sentence what nets of k folds reach together."""
    metric = task.main_metric
    low, high = (format_metric(metric, bound) for bound in result["interval"][metric.name])
    best_baseline = max(
        result["baseline"].items(), key=lambda pair: pair[1][metric.name], default=None
    )
    baseline_text = (
        ""
        if best_baseline is None
        else f"; {task.baseline_names.get(best_baseline[0], best_baseline[0])} {format_metric(metric, best_baseline[1][metric.name])}"
    )
    mean_text = format_metric(metric, result["test"][metric.name])
    is_behind = (
        best_baseline is not None and best_baseline[1][metric.name] > result["test"][metric.name]
    )
    prefix = "Behind a simple method in the mean: " if is_behind else ""
    return (
        f"{distrust_prefix(result)}{prefix}{metric.title} {mean_text} in the mean of {result['folds']} folds,"
        f" spread {_std_text(result, task)} (95% interval of the mean {low} to {high}){baseline_text}"
    )


def compose(command: str, result: Mapping[str, Any], task: PageTask) -> str:
    """Return the page as HTML."""
    metric = task.main_metric
    bounds = [format_metric(metric, bound) for bound in result["interval"][metric.name]]
    head = tiles(
        [
            (f"{metric.title} on test, mean", format_metric(metric, result["test"][metric.name])),
            ("spread over folds", format_metric(metric, result["spread"][metric.name])),
            ("95% interval of the mean", " to ".join(bounds)),
            ("examples, each for test once", f"{result['examples']:,}"),
        ]
    )
    command_html = f"<p><code>{text(command, 600)}</code></p>\n"
    sections = [
        Section("folds", "Each fold", _folds_table(result, task) + _metrics_table(result, task)),
        Section("again", "The same again", command_html),
    ]
    overline = f"brique · report of {count(result['folds'], 'fold')}"
    return document(text(folds_sentence(result, task), 400), overline, head, sections)


def _std_text(result: Mapping[str, Any], task: PageTask) -> str:
    """Return the standard deviation of the main score over folds."""
    metric = task.main_metric
    std = float(result["spread"][metric.name])
    return f"{100 * std:.1f} points" if metric.is_share else short_number(std)


def _folds_table(result: Mapping[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows = "".join(
        f'<tr><th scope="row"><a href="fold-{number}/report.html">fold {number}</a></th>'
        f'<td class="num">{format_metric(metric, fold[metric.name])}</td>'
        f'<td class="num">{fold["examples"]:,}</td></tr>'
        for number, fold in enumerate(result["each"], 1)
    )
    columns = f'<th class="num">{metric.title}</th><th class="num">test examples</th>'
    head = f"<thead><tr><th>fold</th>{columns}</tr></thead>"
    caption = (
        "Each net is judged on examples that it has not seen: the spread is what other training"
        " examples, and another test part of this size, change."
    )
    metric_title = metric.title[0].upper() + metric.title[1:]
    title = f"{metric_title} varies by {_std_text(result, task)} from fold to fold"
    return figure(title, caption, box("folds", f"<table>{head}<tbody>{rows}</tbody></table>"))


def _metrics_table(result: Mapping[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows = "".join(
        f'<tr><th scope="row">{text(name.replace("_", " "))}</th>'
        f'<td class="num">{value:.4f}</td><td class="num">{result["spread"][name]:.4f}</td></tr>'
        for name, value in result["test"].items()
    )
    rows += "".join(
        f'<tr><th scope="row">{metric.title}, {text(task.baseline_names.get(name, name))}</th>'
        f'<td class="num">{entry[metric.name]:.4f}</td><td class="num">{entry["spread"]:.4f}</td></tr>'
        for name, entry in result["baseline"].items()
    )
    columns = '<th class="num">mean</th><th class="num">standard deviation</th>'
    head = f"<thead><tr><th>score</th>{columns}</tr></thead>"
    caption = (
        "Mean and standard deviation over folds; simple methods were fitted on the same parts."
    )
    table = box("scores", f"<table>{head}<tbody>{rows}</tbody></table>")
    return figure("All scores, beside simple methods", caption, table)
