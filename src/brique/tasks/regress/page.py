"""What a net that answers with numbers said: beside the truths, with its intervals and misses."""

import torch
from torch import Tensor

from brique.page import chart, inputs
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, count, figure, figures, name, percent, text
from brique.page.thumbnails import Gallery

_DOTS = 400  # in a chart
_TARGETS = 3  # that are drawn
_WORST = 10  # misses that are listed


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return answers beside truths, how far the intervals hold, and the worst misses."""
    found = [facts.arrays.get(key) for key in ("ids", "truth", "said", "reach")]
    if any(one is None or not len(one) for one in found):
        return [Gap("Answers are not shown, since they are not stored.")]
    ids, truth, said, reach = (one for one in found if one is not None)
    names = [str(one) for one in facts.values.get("targets", [])]
    units = [f" {text(one)}" if one else "" for one in facts.values.get("units") or [None]]
    body = ""
    for place, called in enumerate(names[:_TARGETS]):
        unit = units[place] if place < len(units) else ""
        body += _beside((called, unit), truth[:, place], said[:, place], reach[:, place])
    if "coverage" in facts.values:
        body += _covered(facts)
    body += _worst(facts, gallery, names[0], (ids, truth[:, 0], said[:, 0]))
    return [Section("mistakes", "Answers and truths", body)]


def _beside(called: tuple[str, str], truth: Tensor, said: Tensor, reach: Tensor) -> str:
    """Return a chart of answers over truths. called: the target, and its unit behind a blank."""
    rows = torch.linspace(0, len(truth) - 1, min(_DOTS, len(truth))).long()
    both = torch.cat([truth[rows], said[rows]]).double()
    low, high = both.quantile(torch.tensor([0.002, 0.998]).double()).tolist()
    axis = chart.spread(low, high)
    ends = (axis.low, axis.high)
    marks = [
        chart.line(axis, axis, [(ends[0], ends[0]), (ends[1], ends[1])],
                   "--ink-of:var(--muted);stroke-dasharray:5 5")
    ]  # fmt: skip
    for row in rows.tolist():
        point = (float(truth[row]), float(said[row]))
        is_inside = not float((truth[row] - said[row]).abs()) > float(reach[row])
        ink = "--ink-of:var(--accent)" if is_inside else "--ink-of:var(--c5)"
        marks.append(chart.dot(axis, axis, point, f"{ink};stroke-width:.5", 3))
    off = (truth - said).abs().double()
    middle = figures(float(off.median()))
    title = f"Half of the answers for {name(called[0])} are off by less than {middle}{called[1]}"
    says = (
        "Each dot is a test example, the truth to the right, the answer upwards: on the dashed line"
        " both are equal."
    )
    if not bool(reach.isnan().all()):
        says += " Orange dots lie outside of their 90% interval."
    if len(rows) < len(truth):
        says += f" {len(rows):,} of {count(len(truth), 'example')} are drawn."
    drawn = chart.plot(axis, axis, marks, label="answers over truths", kind="plot square")
    return figure(
        title, says, f'<p class="axis left">answer \u2191</p>\n{drawn}<p class="axis">truth</p>'
    )


def _covered(facts: Facts) -> str:
    """Say how many truths lie in the 90% intervals."""
    found = facts.values["coverage"]
    reached, asked = float(found["reached"]), float(found["asked"])
    unit = (facts.values.get("units") or [None])[0]
    unit = f" {text(unit)}" if unit else ""
    unit = " spreads" if len(facts.values.get("targets", [])) > 1 else unit
    says = (
        f"Each answer has an interval that is meant to hold the truth in {percent(asked)} of cases;"
        f" on test it held {percent(reached)}. It is {figures(float(found['width']))}{unit} wide in"
        " the mean: as wide as the net was off on valid at answers of that size. It holds for data"
        " like these, in the mean over all of them."
    )
    title = f"The 90% intervals hold {percent(reached)} of the truths"
    return figure(title, says, "")


def _worst(facts: Facts, gallery: Gallery, called: str, found: tuple[Tensor, ...]) -> str:
    """Return the examples on which the answer is furthest off; found: ids, truths and answers."""
    ids, truth, said = found
    order = torch.argsort((truth - said).abs(), descending=True, stable=True)[:_WORST].tolist()
    rows = [
        (int(ids[place]), [figures(float(one[place])) for one in (truth, said)]) for place in order
    ]
    table = inputs.table(facts, gallery, "misses", ["truth", "answer"], rows)
    far = float((truth - said).abs().max())
    says = (
        "The test examples on which the net was furthest off. Look whether the truth is right, and"
        " what these examples have in common: often something that the inputs do not tell."
    )
    return figure(f"The worst answer for {name(called)} is off by {figures(far)}", says, table)
