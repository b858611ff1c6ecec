"""What a net that answers with boxes said: round the things in pictures, and how often rightly."""

from typing import Any

import torch
from torch import Tensor

from brique.data import Ragged
from brique.page import chart, colors
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, name, percent, text
from brique.page.thumbnails import Gallery
from brique.schema import Boxes, Tags

_SIDE = 200  # pixels of a picture's longer side
_LINES = 6  # classes whose curves are drawn
_TRUE, _SAID = colors.BLUE, colors.VERMILION


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return precision over recall by class, and the worst and the best pictures with boxes."""
    made: list[Section | Gap] = []
    if facts.values.get("classes"):
        body = _curves(facts.values) + _classes(facts.values)
        made.append(Section("classes", "Found and missed", body))
    ids, said = facts.arrays.get("shown"), facts.arrays.get("said")
    if facts.data is None or ids is None or said is None or not len(ids):
        why = "the data cannot be opened" if facts.data is None else "the answers are not stored"
        return [*made, Gap(f"Boxes are not shown in their pictures, since {why}.")]
    return [*made, Section("mistakes", "Worst and best", _pictures(facts, gallery, ids, said))]


def _pictures(facts: Facts, gallery: Gallery, ids: Tensor, said: Tensor) -> str:
    least = float((facts.values.get("answered") or {}).get("least") or 0.0)
    cards = _Cards(facts, gallery, ids, said[said[:, 5] >= least])
    half = (len(ids) + 1) // 2
    keys = "".join(
        f'<li><span class="swatch" style="background:{color}"></span>{says}</li>'
        for color, says in ((_TRUE, "what there is"), (_SAID, "what the net says"))
    )
    says = (
        "The pictures in which the net does worst, by the average precision in each alone. Shown is"
        f" what it says with a score of {least:.2f} or more; the average precision (AP50) counts"
        " what it says with less, too. Look whether a person would have drawn the same boxes."
    )
    legend = f'<ul class="legend">{keys}</ul>\n'
    body = figure("Where the net is worst", says, legend + cards.listed(range(half)))
    best = cards.listed(range(len(ids) - 1, half - 1, -1))
    return body + (figure("Where it is best", "In the same colors.", best) if best else "")


class _Cards:
    """Test pictures with the boxes that there are and those that were said."""

    def __init__(self, facts: Facts, gallery: Gallery, ids: Tensor, said: Tensor) -> None:
        assert facts.data is not None
        self._test, self._gallery = facts.data.test, gallery
        self._ids, self._said = ids, said
        known, each = facts.arrays["ids"].tolist(), facts.arrays["ap50"].tolist()
        self._ap50: dict[int, float] = dict(zip(known, each, strict=True))
        self._names: list[str] = [str(one) for one in facts.values["names"]]

    def listed(self, places: range) -> str:
        items = "".join(self._card(place) for place in places)
        return f'<ul class="cards">{items}</ul>\n' if items else ""

    def _card(self, place: int) -> str:
        number = int(self._ids[place])
        schema, example = self._test.schema, self._test.select(torch.tensor([number]))
        pixels, boxes, classes = (example[one] for one in (schema.inputs[0], *schema.targets))
        kind, tags = (schema[one] for one in schema.targets)
        assert isinstance(pixels, Tensor)
        assert isinstance(kind, Boxes)
        assert isinstance(tags, Tags)
        assert isinstance(boxes, Ragged)
        assert isinstance(classes, Ragged)
        corners, labels = boxes.values, classes.values  # those of one picture
        own = self._said[self._said[:, 0] == place]
        marks = "".join(
            _mark(one, _TRUE, called)
            for one, called in zip(corners, tags.restore(labels), strict=True)
        )
        marks += "".join(
            _mark(row[1:5], _SAID, f"{self._names[int(row[6])]} {float(row[5]):.2f}") for row in own
        )
        drawn = self._gallery.drawn(pixels[0], marks, self._test.name(number), _SIDE)
        if not drawn:
            return ""
        told = ", ".join(f"{self._names[int(row[6])]} {float(row[5]):.2f}" for row in own[:3])
        told = told or "nothing"
        more = f" and {len(own) - 3} more" if len(own) > 3 else ""
        return (
            f'<li style="flex-direction:column;gap:6px">{drawn}<p>{text(told, 120)}{more}'
            f'<br>AP50 {percent(self._ap50[number])}<br><small class="file">'
            f"{name(self._test.name(number), 40)}</small></p></li>"
        )


def _mark(corners: Tensor, color: str, title: str) -> str:
    x0, y0, x1, y1 = corners.tolist()
    return (
        f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{max(x1 - x0, 0):.1f}"'
        f' height="{max(y1 - y0, 0):.1f}" fill="none" stroke="{color}" stroke-width="2.5"'
        f' vector-effect="non-scaling-stroke"><title>{text(title)}</title></rect>'
    )


def _curves(values: dict[str, Any]) -> str:
    """Return precision over recall, of the classes with most boxes."""
    known = values.get("curves") or {}
    often = sorted(known, key=lambda one: -int(values["classes"][one]["boxes"]))[:_LINES]
    if not often:
        return figure("No box is found on test", "There is no curve to draw.", "")
    axis = chart.shares(0.0, 1.0)
    marks: list[str] = []
    styles = [f"--ink-of:{colors.of_class(place)[0]}" for place in range(len(often))]
    for style, called in zip(styles, often, strict=True):
        points = [(float(recall), float(share)) for recall, share, _ in known[called]]
        marks.append(chart.line(axis, axis, points, style))
    answered = values["answered"]
    if answered["precision"] is not None and answered["recall"] is not None:
        at = (float(answered["recall"]), float(answered["precision"]))
        marks.append(chart.dot(axis, axis, at, "--ink-of:var(--ink)"))
    drawn = chart.plot(axis, axis, marks, label="precision over recall", kind="plot square")
    title = (
        "predict says no box on test"
        if not answered["said"]
        else (
            f"predict finds {percent(answered['recall'])} of the boxes;"
            f" {percent(answered['precision'])} of those it says are right"
        )
    )
    says = (
        "Each line is a class: to the right the share of its boxes that are found (recall), upwards"
        " the share of what is said that is right (precision), from the surest answer on. The area"
        " under it is the average precision. The dot is where predict stands, all classes together:"
        f" it says boxes with a score of {float(answered['least']):.2f} or more, by which precision"
        " and recall were best on valid. A box counts as found when the areas have half of what"
        " either covers in common."
    )
    legend = chart.legend(
        [(style, name(one, 30)) for style, one in zip(styles, often, strict=True)]
    )
    body = f'{legend}<p class="axis left">precision ↑</p>\n{drawn}<p class="axis">recall</p>'
    return figure(title, says, body)


def _classes(values: dict[str, Any]) -> str:
    """Return the average precision of each class."""
    rows = [(key, row) for key, row in values["classes"].items() if row.get("ap50") is not None]
    if len(rows) < 2:
        return ""
    rows.sort(key=lambda pair: -float(pair[1]["ap50"]))
    axis = chart.shares(0.0, 1.0)
    lines = "".join(
        f'<tr><th scope="row">{name(key, 40)}</th><td class="strip">'
        f"{chart.strip(axis, float(row['ap50']), None, '--ink-of:var(--accent)')}</td>"
        f'<td class="num">{percent(row["ap50"])}</td><td class="num">{percent(row["ap"])}</td>'
        f'<td class="num">{int(row["boxes"]):,}</td></tr>'
        for key, row in rows
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">class</th><th scope="col">AP50</th>'
        '<th scope="col" class="num">AP50</th><th scope="col" class="num">AP</th>'
        '<th scope="col" class="num">boxes</th></tr></thead>'
        f"<tbody>{lines}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        "<td></td><td></td><td></td></tr></tfoot></table>\n"
    )
    title = f"Found best is {name(rows[0][0])}, least {name(rows[-1][0])}"
    says = "AP50: average precision at an overlap of 0.5; AP: in the mean over 0.5 to 0.95."
    absent = len(values["classes"]) - len(rows)
    says += f" {count(absent, 'class is', 'classes are')} in no test picture." if absent else ""
    return figure(title, says, box("average precision of each class", table))
