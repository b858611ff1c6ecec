"""Report sections for several class targets: metrics by target, and the worst mistakes."""

from typing import Any

import torch
from torch import Tensor

from brique.page import chart, example_table
from brique.page.facts import Facts
from brique.page.markup import (
    Gap,
    Section,
    box,
    count,
    figure,
    format_confidence,
    name,
    percent,
    short_number,
)
from brique.page.thumbnails import Gallery
from brique.tasks.label.predict import BINARY_NAMES

_MAX_WORST = 10  # examples that are listed
_MAX_MISTAKES = 4  # listed mistakes of each


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the section: metrics by target, and the examples with the worst mistakes."""
    arrays = [facts.arrays.get(key) for key in ("ids", "target", "probabilities")]
    if any(array is None or not len(array) for array in arrays):
        return [Gap("Predictions are not shown: they are not stored.")]
    ids, target, probabilities = (array for array in arrays if array is not None)
    body = _target_figure(facts.values) + _worst(facts, gallery, (ids, target, probabilities))
    return [Section("mistakes", "Metrics by target", body)]


def _target_figure(values: dict[str, Any]) -> str:
    """Return the metrics of each target, the best first."""
    rows = sorted(values["by_target"].items(), key=lambda pair: -float(pair[1]["f1"]))
    axis = chart.share_axis(0.0, 1.0)
    lines = "".join(
        f'<tr><th scope="row">{name(key, 40)}</th><td class="strip">'
        f"{chart.strip(axis, float(row['f1']), None, '--ink-of:var(--accent)')}</td>"
        f'<td class="num">{percent(row["f1"])}</td><td class="num">{percent(row["accuracy"])}</td>'
        f'<td class="num">{percent(row["majority"])}</td>'
        f'<td class="num">{short_number(row.get("auc"))}</td>'
        f'<td class="num">{_class_count(row)}</td></tr>'
        for key, row in rows
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">target</th><th scope="col">F1</th>'
        '<th scope="col" class="num">F1</th><th scope="col" class="num">accuracy</th>'
        '<th scope="col" class="num">majority</th><th scope="col" class="num">AUC</th>'
        '<th scope="col" class="num">positives</th></tr></thead>'
        f"<tbody>{lines}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        "<td></td><td></td><td></td><td></td><td></td></tr></tfoot></table>\n"
    )
    caption = (
        "F1 is the harmonic mean of precision and recall: of the positives for a label, the mean"
        " over the classes otherwise. Majority: the accuracy of always predicting the most frequent"
        " class; for rare labels both accuracies are high, and F1 is more informative."
    )
    if len(rows) == 1:
        return figure(f"F1 of {name(rows[0][0])}", caption, box("metrics by target", table))
    title = f"Highest F1: {name(rows[0][0])}; lowest: {name(rows[-1][0])}"
    return figure(title, caption, box("metrics by target", table))


def _class_count(row: dict[str, Any]) -> str:
    """Return the number of positives of a label; for other targets, of classes."""
    counts = row["count"]
    return (
        f"{counts[BINARY_NAMES[1]]:,}"
        if tuple(counts) == BINARY_NAMES
        else count(len(counts), "class", "classes")
    )


def _worst(facts: Facts, gallery: Gallery, arrays: tuple[Tensor, Tensor, Tensor]) -> str:
    """Return the examples with the most mistakes, of equal ones the most confident."""
    ids, target, probabilities = arrays
    classes: dict[str, list[str]] = facts.values["classes"]
    split_probabilities = probabilities.split([len(names) for names in classes.values()], dim=1)
    predicted = torch.stack([values.argmax(dim=1) for values in split_probabilities], dim=1)
    wrong = predicted != target
    if not bool(wrong.any()):
        return figure("No mistakes on test", "All predictions are correct.", "")
    surest = torch.stack([values.amax(dim=1) for values in split_probabilities], dim=1) * wrong
    order = (wrong.sum(dim=1) + 0.5 * surest.amax(dim=1)).argsort(descending=True, stable=True)
    rows = [
        (
            int(ids[row]),
            [
                _mistakes(
                    classes,
                    target[row],
                    predicted[row],
                    [target_probabilities[row] for target_probabilities in split_probabilities],
                )
            ],
        )
        for row in order[:_MAX_WORST].tolist()
        if bool(wrong[row].any())
    ]
    table = example_table.render(facts, gallery, "mistakes", ["mistakes"], rows)
    wrong_examples = int(wrong.any(dim=1).sum())
    caption = (
        "The examples with the most mistakes; ties are sorted by confidence. Check whether the"
        " labels are correct."
    )
    title = f"Mistakes on {count(wrong_examples, 'test example')}"
    return figure(title, caption, table)


def _mistakes(
    classes: dict[str, list[str]], labels: Tensor, predicted: Tensor, probabilities: list[Tensor]
) -> str:
    """Return the mistakes on one example, the most confident first."""
    wrong: list[tuple[float, str]] = []
    for index, (target, names) in enumerate(classes.items()):
        label, predicted_label = int(labels[index]), int(predicted[index])
        if label != predicted_label:
            probability = float(probabilities[index][predicted_label])
            prefix = f"{name(target, 32)}: <b>{name(names[label], 24)}</b> predicted as"
            wrong.append(
                (
                    probability,
                    f"{prefix} <b>{name(names[predicted_label], 24)}</b> (confidence"
                    f" {format_confidence(probability)})",
                )
            )
    wrong.sort(key=lambda pair: -pair[0])
    more = f"<br>and {len(wrong) - _MAX_MISTAKES} more" if len(wrong) > _MAX_MISTAKES else ""
    return "<br>".join(line for _, line in wrong[:_MAX_MISTAKES]) + more
