"""Report sections of a segmentation net: IoU by class, and pictures with their masks."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from brique.page import chart, colors
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, name, percent
from brique.page.thumbnails import Gallery
from brique.schema import IGNORE_INDEX, Mask, Picture

_THUMBNAIL_SIDE = 200  # of a picture's longer side, in pixels
_BLEND = 0.6  # opacity of a class's color
_MAX_LEGEND = 12  # classes in the legend


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the sections: IoU by class, and the worst and the best pictures."""
    content: list[Section | Gap] = []
    if facts.values.get("classes"):
        content.append(Section("classes", "Metrics by class", _class_table(facts.values)))
    ids, predicted = facts.arrays.get("shown_ids"), facts.arrays.get("predicted")
    schema = None if facts.data is None else facts.data.schema
    if schema is None or ids is None or predicted is None or not len(ids):
        reason = (
            "the predictions are not stored" if schema is not None else "the data cannot be opened"
        )
        return [*content, Gap(f"Pictures with masks are not shown: {reason}.")]
    return [
        *content,
        Section(
            "mistakes", "Worst and best pictures", _worst_and_best(facts, gallery, ids, predicted)
        ),
    ]


def _worst_and_best(facts: Facts, gallery: Gallery, ids: Tensor, predicted: Tensor) -> str:
    """Return two tables of pictures: lowest and highest mean IoU."""
    rows = _Rows(facts, gallery, ids, predicted)
    middle = (len(ids) + 1) // 2
    worst = rows.table("worst pictures", range(middle))
    best = rows.table("best pictures", range(len(ids) - 1, middle - 1, -1))
    low, high = rows.iou(0), rows.iou(len(ids) - 1)
    caption = (
        "Left: picture; middle: target mask (white: ignored); right: predicted mask. Check whether"
        " a person would have drawn the same mask."
    )
    body = figure(f"Lowest mean IoU: {percent(low)}", caption, rows.legend() + worst)
    if not best:
        return body
    title = f"Highest mean IoU: {percent(high)}"
    return body + figure(title, "The pictures with the highest mean IoU.", best)


class _Rows:
    """Test pictures with their masks, as rows of a table."""

    def __init__(self, facts: Facts, gallery: Gallery, ids: Tensor, predicted: Tensor) -> None:
        assert facts.data is not None
        self._test, self._gallery = facts.data.test, gallery
        self._ids, self._predicted = ids, predicted
        example_ids, mean_ious = facts.arrays["ids"].tolist(), facts.arrays["iou"].tolist()
        self._iou: dict[int, float] = dict(zip(example_ids, mean_ious, strict=True))
        schema = facts.data.schema
        self._field, self._target = schema.inputs[0], schema.target
        mask_field = schema[self._target]
        assert isinstance(mask_field, Mask)
        self._names = mask_field.names
        self._palette = colors.class_palette(len(mask_field.names))

    def iou(self, index: int) -> float:
        return self._iou[int(self._ids[index])]

    def legend(self) -> str:
        """Return the colors of the classes."""
        items = "".join(
            f'<li><span class="swatch" style="background:rgb{tuple(self._palette[k].tolist())}">'
            f"</span>{name(class_name, 24)}</li>"
            for k, class_name in enumerate(self._names[:_MAX_LEGEND])
        )
        return f'<ul class="legend">{items}</ul>\n'

    def table(self, label: str, indices: range) -> str:
        rows = "".join(self._row(index) for index in indices)
        if not rows:
            return ""
        head = "".join(
            f"<th>{title}</th>" for title in ("picture", "target", "prediction", "mean IoU, file")
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return box(label, table)

    def _row(self, index: int) -> str:
        example_id = int(self._ids[index])
        example = self._test.select(torch.tensor([example_id]))
        pixels, target = example[self._field], example[self._target]
        assert isinstance(pixels, Tensor)
        assert isinstance(target, Tensor)
        image = Picture.to_float(pixels[0])
        image = image.expand(3, -1, -1) if len(image) == 1 else image
        file_name = self._test.name(example_id)
        cells = [
            self._gallery.add(image, file_name, _THUMBNAIL_SIDE),
            self._gallery.add(
                self._overlay(image, target[0]), f"{file_name}: target", _THUMBNAIL_SIDE
            ),
            self._gallery.add(
                self._overlay(image, self._predicted[index]),
                f"{file_name}: prediction",
                _THUMBNAIL_SIDE,
            ),
        ]
        if not all(cells):
            return ""
        columns = "".join(f"<td>{cell}</td>" for cell in cells)
        return f"<tr>{columns}<td>{percent(self.iou(index))}<br>{name(file_name, 40)}</td></tr>"

    def _overlay(self, image: Tensor, mask: Tensor) -> Tensor:
        """Return a picture (3, H, W) with the colors of a mask (h, w) over it."""
        mask = functional.interpolate(mask[None, None], size=image.shape[1:], mode="nearest-exact")
        color = self._palette[mask[0, 0].long()].permute(2, 0, 1) / 255
        blend = torch.where(mask[0] == IGNORE_INDEX, 0.9, _BLEND)
        return image.mean(0, keepdim=True) * (1 - blend) + color * blend


def _class_table(values: dict[str, Any]) -> str:
    """Return the IoU of each class, and its share of the pixels."""
    rows = [(key, row) for key, row in values["classes"].items() if row.get("iou") is not None]
    if not rows:
        return ""
    rows.sort(key=lambda pair: -float(pair[1]["iou"]))
    axis = chart.share_axis(0.0, 1.0)
    lines = "".join(
        f'<tr><th scope="row">{name(key, 40)}</th><td class="strip">'
        f"{chart.strip(axis, float(row['iou']), None, '--ink-of:var(--accent)')}</td>"
        f'<td class="num">{percent(row["iou"])}</td><td class="num">{percent(row["recall"])}</td>'
        f'<td class="num">{percent(row["precision"])}</td>'
        f'<td class="num">{percent(row["share"])}</td></tr>'
        for key, row in rows
    )
    table = (
        '<table class="strips"><thead><tr><th scope="col">class</th><th scope="col">IoU</th>'
        '<th scope="col" class="num">IoU</th><th scope="col" class="num">recall</th>'
        '<th scope="col" class="num">precision</th><th scope="col" class="num">of all pixels</th>'
        f"</tr></thead><tbody>{lines}</tbody><tfoot><tr><td></td><td>{chart.scale(axis)}</td>"
        "<td></td><td></td><td></td><td></td></tr></tfoot></table>\n"
    )
    best, worst = rows[0], rows[-1]
    title = f"Highest IoU: {name(best[0])}; lowest: {name(worst[0])}"
    caption = (
        "IoU: intersection over union of the target and the predicted area. Recall: share of a"
        " class's pixels that are predicted as it; precision: share of its predicted pixels that"
        f" are correct.{_confusion_sentence(values)}"
    )
    absent = len(values["classes"]) - len(rows)
    caption += f" {count(absent, 'class is', 'classes are')} in no test picture." if absent else ""
    return figure(title, caption, box("metrics by class", table))


def _confusion_sentence(values: dict[str, Any]) -> str:
    """Return a sentence on the most frequent confusion of pixels."""
    counts, names = torch.tensor(values["confusion"]), values["names"]
    counts = counts.masked_fill(torch.eye(len(counts), dtype=torch.bool), 0)
    if not int(counts.max()):
        return ""
    target, predicted = divmod(int(counts.argmax()), len(counts))
    share = float(counts[target, predicted]) / max(1.0, float(counts.sum()))
    return (
        f" {percent(share)} of all misclassified pixels are {name(names[target])}, predicted as"
        f" {name(names[predicted])}."
    )
