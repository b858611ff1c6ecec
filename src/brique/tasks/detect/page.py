"""Report sections of a detector: precision-recall curves, and pictures with their boxes."""

from typing import Any

import torch
from torch import Tensor

from brique.data import Ragged
from brique.page import chart, colors
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, name, percent, text
from brique.page.thumbnails import Gallery
from brique.schema import Boxes, Tags

_THUMBNAIL_SIDE = 200  # pixels of a picture's longer side
_MAX_CURVES = 6  # classes with a curve
_TARGET_COLOR, _PREDICTED_COLOR = colors.BLUE, colors.VERMILION


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the sections: precision and recall by class, and the worst and the best pictures."""
    content: list[Section | Gap] = []
    if facts.values.get("classes"):
        body = _curves_figure(facts.values) + _class_figure(facts.values)
        content.append(Section("classes", "Precision and recall", body))
    ids, predicted = facts.arrays.get("shown_ids"), facts.arrays.get("predicted")
    if facts.data is None or ids is None or predicted is None or not len(ids):
        reason = (
            "the data cannot be opened" if facts.data is None else "the predictions are not stored"
        )
        return [*content, Gap(f"Pictures with boxes are not shown: {reason}.")]
    return [
        *content,
        Section(
            "mistakes", "Worst and best pictures", _worst_and_best(facts, gallery, ids, predicted)
        ),
    ]


def _worst_and_best(facts: Facts, gallery: Gallery, ids: Tensor, predicted: Tensor) -> str:
    score_threshold = float(
        (facts.values.get("operating_point") or {}).get("score_threshold") or 0.0
    )
    cards = _Cards(facts, gallery, ids, predicted[predicted[:, 5] >= score_threshold])
    middle = (len(ids) + 1) // 2
    legend_items = "".join(
        f'<li><span class="swatch" style="background:{color}"></span>{caption}</li>'
        for color, caption in (
            (_TARGET_COLOR, "annotated"),
            (_PREDICTED_COLOR, "predicted"),
        )
    )
    caption = (
        "The pictures with the lowest average precision (AP50) of their own. Boxes with a score of"
        f" {score_threshold:.2f} or more are shown; AP50 counts the others, too. Check whether a"
        " person would have drawn the same boxes."
    )
    legend = f'<ul class="legend">{legend_items}</ul>\n'
    body = figure("Lowest AP50", caption, legend + cards.html(range(middle)))
    best = cards.html(range(len(ids) - 1, middle - 1, -1))
    return body + (figure("Highest AP50", "In the same colors.", best) if best else "")


class _Cards:
    """Test pictures with the annotated and the predicted boxes, as cards."""

    def __init__(self, facts: Facts, gallery: Gallery, ids: Tensor, predicted: Tensor) -> None:
        assert facts.data is not None
        self._test, self._gallery = facts.data.test, gallery
        self._ids, self._predicted = ids, predicted
        example_ids, picture_ap50 = facts.arrays["ids"].tolist(), facts.arrays["ap50"].tolist()
        self._ap50: dict[int, float] = dict(zip(example_ids, picture_ap50, strict=True))
        self._names: list[str] = [str(class_name) for class_name in facts.values["names"]]

    def html(self, indices: range) -> str:
        items = "".join(self._card(index) for index in indices)
        return f'<ul class="cards">{items}</ul>\n' if items else ""

    def _card(self, index: int) -> str:
        example_id = int(self._ids[index])
        schema, example = self._test.schema, self._test.select(torch.tensor([example_id]))
        pixels, boxes, classes = (example[item] for item in (schema.inputs[0], *schema.targets))
        boxes_field, tags_field = (schema[item] for item in schema.targets)
        assert isinstance(pixels, Tensor)
        assert isinstance(boxes_field, Boxes)
        assert isinstance(tags_field, Tags)
        assert isinstance(boxes, Ragged)
        assert isinstance(classes, Ragged)
        corners, labels = boxes.values, classes.values  # of one picture
        predicted_rows = self._predicted[self._predicted[:, 0] == index]
        marks = "".join(
            _mark(item, _TARGET_COLOR, class_name)
            for item, class_name in zip(corners, tags_field.restore(labels), strict=True)
        )
        marks += "".join(
            _mark(row[1:5], _PREDICTED_COLOR, f"{self._names[int(row[6])]} {float(row[5]):.2f}")
            for row in predicted_rows
        )
        image = self._gallery.annotated(
            pixels[0], marks, self._test.name(example_id), _THUMBNAIL_SIDE
        )
        if not image:
            return ""
        summary = ", ".join(
            f"{self._names[int(row[6])]} {float(row[5]):.2f}" for row in predicted_rows[:3]
        )
        summary = summary or "nothing"
        more = f" and {len(predicted_rows) - 3} more" if len(predicted_rows) > 3 else ""
        return (
            f'<li style="flex-direction:column;gap:6px">{image}<p>{text(summary, 120)}{more}'
            f'<br>AP50 {percent(self._ap50[example_id])}<br><small class="file">'
            f"{name(self._test.name(example_id), 40)}</small></p></li>"
        )


def _mark(corners: Tensor, color: str, title: str) -> str:
    x0, y0, x1, y1 = corners.tolist()
    return (
        f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{max(x1 - x0, 0):.1f}"'
        f' height="{max(y1 - y0, 0):.1f}" fill="none" stroke="{color}" stroke-width="2.5"'
        f' vector-effect="non-scaling-stroke"><title>{text(title)}</title></rect>'
    )


def _curves_figure(values: dict[str, Any]) -> str:
    """Return the precision-recall curves of the classes with most boxes."""
    curves = values.get("curves") or {}
    class_names = sorted(curves, key=lambda key: -int(values["classes"][key]["boxes"]))[
        :_MAX_CURVES
    ]
    if not class_names:
        return figure("No true positives on test", "There is no curve to draw.", "")
    axis = chart.share_axis(0.0, 1.0)
    marks: list[str] = []
    styles = [f"--ink-of:{colors.class_color(index)[0]}" for index in range(len(class_names))]
    for style, class_name in zip(styles, class_names, strict=True):
        points = [(float(recall), float(precision)) for recall, precision, _ in curves[class_name]]
        marks.append(chart.line(axis, axis, points, style))
    operating_point = values["operating_point"]
    if operating_point["precision"] is not None and operating_point["recall"] is not None:
        point = (float(operating_point["recall"]), float(operating_point["precision"]))
        marks.append(chart.dot(axis, axis, point, "--ink-of:var(--ink)"))
    plot = chart.plot(axis, axis, marks, label="precision over recall", kind="plot square")
    title = "predict returns no boxes on test"
    if operating_point["predicted"]:
        recall, precision = operating_point["recall"], operating_point["precision"]
        title = f"predict: recall {percent(recall)}, precision {percent(precision)}"
    caption = (
        "Precision-recall curves by class, at IoU 0.5; the area under a curve is the average"
        " precision. The dot is predict, all classes together, at its score threshold of"
        f" {float(operating_point['score_threshold']):.2f} (the best F1 on valid)."
    )
    legend = chart.legend(
        [(style, name(key, 30)) for style, key in zip(styles, class_names, strict=True)]
    )
    body = f'{legend}<p class="axis left">precision ↑</p>\n{plot}<p class="axis">recall</p>'
    return figure(title, caption, body)


def _class_figure(values: dict[str, Any]) -> str:
    """Return the average precision of each class."""
    rows = [(key, row) for key, row in values["classes"].items() if row.get("ap50") is not None]
    if len(rows) < 2:
        return ""
    rows.sort(key=lambda pair: -float(pair[1]["ap50"]))
    axis = chart.share_axis(0.0, 1.0)
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
    title = f"Highest AP50: {name(rows[0][0])}; lowest: {name(rows[-1][0])}"
    caption = "AP50: average precision at IoU 0.5; AP: averaged over IoU 0.5 to 0.95."
    absent = len(values["classes"]) - len(rows)
    caption += f" {count(absent, 'class is', 'classes are')} in no test picture." if absent else ""
    return figure(title, caption, box("average precision by class", table))
