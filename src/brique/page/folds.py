"""The report of a cross-validation: mean and standard deviation over folds, and each fold."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brique import files
from brique.evaluation.sentences import distrust_prefix
from brique.page.baselines import format_metric
from brique.page.document import document
from brique.page.markup import Section, box, figure, short_number, text, tiles
from brique.page.task_protocol import PageTask


def write_folds(folder: Path, command: str, result: Mapping[str, Any], task: PageTask) -> Path:
    """Write report.html into the folder of a cross-validation and return its path.

    result: "result" in folds.json. Raises StoreError when the file cannot be written.
    """
    path = folder / "report.html"
    files.write(path, compose(command, result, task))
    return path


def folds_sentence(result: Mapping[str, Any], task: PageTask) -> str:
    """Return the result of a cross-validation in one sentence."""
    metric = task.main_metric
    low, high = (format_metric(metric, bound) for bound in result["interval"][metric.name])
    best_baseline = max(
        result["baseline"].items(), key=lambda pair: pair[1][metric.name], default=None
    )
    mean = result["test"][metric.name]
    prefix, baseline_text = "", ""
    if best_baseline is not None:
        key, entry = best_baseline
        value = format_metric(metric, entry[metric.name])
        baseline_text = f" Best baseline: {task.baseline_names.get(key, key)}, {value}."
        prefix = "Below a baseline on average: " if entry[metric.name] > mean else ""
    return (
        f"{distrust_prefix(result)}{prefix}Test {metric.title} {format_metric(metric, mean)}, mean"
        f" of {result['folds']} folds (std {_std_text(result, task)}, 95% CI of the mean {low} to"
        f" {high}).{baseline_text}"
    )


def compose(command: str, result: Mapping[str, Any], task: PageTask) -> str:
    """Return the page as HTML."""
    metric = task.main_metric
    bounds = [format_metric(metric, bound) for bound in result["interval"][metric.name]]
    head = tiles(
        [
            (f"{metric.title} on test, mean", format_metric(metric, result["test"][metric.name])),
            ("standard deviation over folds", format_metric(metric, result["std"][metric.name])),
            ("95% CI of the mean", " to ".join(bounds)),
            ("examples, each tested once", f"{result['examples']:,}"),
        ]
    )
    command_html = f"<p><code>{text(command, 600)}</code></p>\n"
    sections = [
        Section("folds", "Folds", _folds_table(result, task) + _metrics_table(result, task)),
        Section("again", "Reproduction", command_html),
    ]
    eyebrow = "brique · report of a cross-validation"
    return document(text(folds_sentence(result, task), 400), eyebrow, head, sections)


def _std_text(result: Mapping[str, Any], task: PageTask) -> str:
    """Return the standard deviation of the main metric over folds."""
    metric = task.main_metric
    std = float(result["std"][metric.name])
    return f"{100 * std:.1f} points" if metric.is_share else short_number(std)


def _folds_table(result: Mapping[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows = "".join(
        f'<tr><th scope="row"><a href="fold-{number}/report.html">fold {number}</a></th>'
        f'<td class="num">{format_metric(metric, fold[metric.name])}</td>'
        f'<td class="num">{fold["examples"]:,}</td></tr>'
        for number, fold in enumerate(result["by_fold"], 1)
    )
    columns = f'<th class="num">{metric.title}</th><th class="num">test examples</th>'
    head = f"<thead><tr><th>fold</th>{columns}</tr></thead>"
    caption = (
        "Each net is evaluated on its held-out fold. The standard deviation reflects the variation"
        " due to the training examples and to a test split of this size."
    )
    metric_title = metric.title[0].upper() + metric.title[1:]
    title = f"{metric_title} by fold (standard deviation {_std_text(result, task)})"
    return figure(title, caption, box("folds", f"<table>{head}<tbody>{rows}</tbody></table>"))


def _metrics_table(result: Mapping[str, Any], task: PageTask) -> str:
    metric = task.main_metric
    rows = "".join(
        f'<tr><th scope="row">{text(name.replace("_", " "))}</th>'
        f'<td class="num">{value:.4f}</td><td class="num">{result["std"][name]:.4f}</td></tr>'
        for name, value in result["test"].items()
    )
    rows += "".join(
        f'<tr><th scope="row">{metric.title}, {text(task.baseline_names.get(name, name))}</th>'
        f'<td class="num">{entry[metric.name]:.4f}</td>'
        f'<td class="num">{entry["std"]:.4f}</td></tr>'
        for name, entry in result["baseline"].items()
    )
    columns = '<th class="num">mean</th><th class="num">standard deviation</th>'
    head = f"<thead><tr><th>metric</th>{columns}</tr></thead>"
    caption = "Mean and standard deviation over folds; baselines were fitted on the same splits."
    table = box("scores", f"<table>{head}<tbody>{rows}</tbody></table>")
    return figure("All metrics, with baselines", caption, table)
