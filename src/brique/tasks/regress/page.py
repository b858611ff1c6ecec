"""What a net that answers with numbers said: beside the truths, with its intervals and misses."""

import torch
from torch import Tensor

from brique.page import chart, example_table
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, count, figure, name, percent, short_number, text
from brique.page.thumbnails import Gallery

_MAX_DOTS = 400  # in a chart
_MAX_TARGETS = 3  # that are drawn
_NUM_WORST = 10  # misses that are listed


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return answers beside truths, how far the intervals hold, and the worst misses."""
    arrays = [facts.arrays.get(key) for key in ("ids", "target", "predictions", "half_width")]
    if any(value is None or not len(value) for value in arrays):
        return [Gap("Answers are not shown, since they are not stored.")]
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
    return [Section("mistakes", "Answers and truths", body)]


def _scatter_figure(
    title_and_unit: tuple[str, str], target: Tensor, predictions: Tensor, half_width: Tensor
) -> str:
    """Return a chart of answers over truths. called: the target, and its unit behind a blank."""
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
    title = f"Half of the answers for {name(title_and_unit[0])} are off by less than {median_error}{title_and_unit[1]}"
    caption = (
        "Each dot is a test example, the truth to the right, the answer upwards: on the dashed line"
        " both are equal."
    )
    if not bool(half_width.isnan().all()):
        caption += " Orange dots lie outside of their 90% interval."
    if len(rows) < len(target):
        caption += f" {len(rows):,} of {count(len(target), 'example')} are drawn."
    plot = chart.plot(axis, axis, marks, label="answers over truths", kind="plot square")
    return figure(
        title, caption, f'<p class="axis left">answer \u2191</p>\n{plot}<p class="axis">truth</p>'
    )


def _coverage_figure(facts: Facts) -> str:
    """Say how many truths lie in the 90% intervals."""
    coverage = facts.values["coverage"]
    covered_share, nominal_share = float(coverage["empirical"]), float(coverage["nominal"])
    unit = (facts.values.get("units") or [None])[0]
    unit = f" {text(unit)}" if unit else ""
    unit = " spreads" if len(facts.values.get("targets", [])) > 1 else unit
    caption = (
        f"Each answer has an interval that is meant to hold the truth in {percent(nominal_share)} of cases;"
        f" on test it held {percent(covered_share)}. It is {short_number(float(coverage['width']))}{unit} wide in"
        " the mean: as wide as the net was off on valid at answers of that size. It holds for data"
        " like these, in the mean over all of them."
    )
    title = f"The 90% intervals hold {percent(covered_share)} of the truths"
    return figure(title, caption, "")


def _worst_figure(facts: Facts, gallery: Gallery, title: str, arrays: tuple[Tensor, ...]) -> str:
    """Return the examples on which the answer is furthest off; found: ids, truths and answers."""
    ids, target, predictions = arrays
    order = torch.argsort((target - predictions).abs(), descending=True, stable=True)[
        :_NUM_WORST
    ].tolist()
    rows = [
        (int(ids[row]), [short_number(float(values[row])) for values in (target, predictions)])
        for row in order
    ]
    table = example_table.render(facts, gallery, "misses", ["truth", "answer"], rows)
    largest_error = float((target - predictions).abs().max())
    caption = (
        "The test examples on which the net was furthest off. Look whether the truth is right, and"
        " what these examples have in common: often something that the inputs do not tell."
    )
    return figure(
        f"The worst answer for {name(title)} is off by {short_number(largest_error)}",
        caption,
        table,
    )
