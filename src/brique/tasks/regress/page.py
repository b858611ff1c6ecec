"""Predictions over targets, the coverage of the intervals, and the largest errors."""

import torch
from torch import Tensor

from brique.page import chart, example_table
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, count, figure, name, percent, short_number, text
from brique.page.thumbnails import Gallery

_MAX_DOTS = 400  # in a chart
_MAX_TARGETS = 3  # targets that are drawn
_NUM_WORST = 10  # errors that are listed


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return predictions over targets, coverage and the largest errors."""
    arrays = [facts.arrays.get(key) for key in ("ids", "target", "predictions", "half_width")]
    if any(value is None or not len(value) for value in arrays):
        return [Gap("Predictions are not shown: they are not stored.")]
    ids, target, predictions, half_width = (value for value in arrays if value is not None)
    names = [str(value) for value in facts.values.get("targets", [])]
    units = [f" {text(value)}" if value else "" for value in facts.values.get("units") or [None]]
    body = ""
    for index, title in enumerate(names[:_MAX_TARGETS]):
        unit = units[index] if index < len(units) else ""
        body += _scatter_figure(
            (title, unit), target[:, index], predictions[:, index], half_width[:, index]
        )
    if "coverage" in facts.values:
        body += _coverage_figure(facts)
    body += _worst_figure(facts, gallery, names[0], (ids, target[:, 0], predictions[:, 0]))
    return [Section("mistakes", "Predictions and errors", body)]


def _scatter_figure(
    title_and_unit: tuple[str, str], target: Tensor, predictions: Tensor, half_width: Tensor
) -> str:
    """Return predictions over targets. title_and_unit: of the target; the unit after a space."""
    rows = torch.linspace(0, len(target) - 1, min(_MAX_DOTS, len(target))).long()
    shown_values = torch.cat([target[rows], predictions[rows]]).double()
    low, high = shown_values.quantile(torch.tensor([0.002, 0.998]).double()).tolist()
    axis = chart.linear_axis(low, high)
    limits = (axis.low, axis.high)
    marks = [
        chart.line(axis, axis, [(limits[0], limits[0]), (limits[1], limits[1])],
                   "--ink-of:var(--muted);stroke-dasharray:5 5")
    ]  # fmt: skip
    for row in rows.tolist():
        point = (float(target[row]), float(predictions[row]))
        is_inside = not float((target[row] - predictions[row]).abs()) > float(half_width[row])
        style = "--ink-of:var(--accent)" if is_inside else "--ink-of:var(--c5)"
        marks.append(chart.dot(axis, axis, point, f"{style};stroke-width:.5", 3))
    errors = (target - predictions).abs().double()
    median_error = short_number(float(errors.median()))
    title = f"Median absolute error of {name(title_and_unit[0])}: {median_error}{title_and_unit[1]}"
    caption = "Predictions over targets of test examples; on the dashed line they are equal."
    if not bool(half_width.isnan().all()):
        caption += " Orange: the target is outside the 90% interval."
    if len(rows) < len(target):
        caption += f" {len(rows):,} of {count(len(target), 'example')} are shown."
    plot = chart.plot(axis, axis, marks, label="predictions over targets", kind="plot square")
    return figure(
        title,
        caption,
        f'<p class="axis left">prediction \u2191</p>\n{plot}<p class="axis">target</p>',
    )


def _coverage_figure(facts: Facts) -> str:
    """Return the coverage of the intervals."""
    coverage = facts.values["coverage"]
    covered_share, nominal_share = float(coverage["empirical"]), float(coverage["nominal"])
    unit = (facts.values.get("units") or [None])[0]
    unit = f" {text(unit)}" if unit else ""
    unit = " standard deviations" if len(facts.values.get("targets", [])) > 1 else unit
    caption = (
        f"Nominal coverage {percent(nominal_share)}; on test {percent(covered_share)}. Mean width"
        f" {short_number(float(coverage['width']))}{unit}. Widths are fitted on the errors on valid"
        " (conformal prediction, by bins of the prediction); coverage is marginal, for data like"
        " these."
    )
    title = f"90% intervals cover {percent(covered_share)} of the targets"
    return figure(title, caption, "")


def _worst_figure(facts: Facts, gallery: Gallery, title: str, arrays: tuple[Tensor, ...]) -> str:
    """Return the examples with the largest errors. arrays: ids, targets and predictions."""
    ids, target, predictions = arrays
    order = torch.argsort((target - predictions).abs(), descending=True, stable=True)[
        :_NUM_WORST
    ].tolist()
    rows = [
        (int(ids[row]), [short_number(float(values[row])) for values in (target, predictions)])
        for row in order
    ]
    table = example_table.render(facts, gallery, "errors", ["target", "prediction"], rows)
    largest_error = float((target - predictions).abs().max())
    caption = (
        "The test examples with the largest errors. Check whether their targets are right, and what"
        " they have in common that the inputs do not contain."
    )
    return figure(
        f"Largest error of {name(title)}: {short_number(largest_error)}",
        caption,
        table,
    )
