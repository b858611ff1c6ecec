"""What a net that answers with masks said: over the pictures, beside the truth, and by class."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from brique.page import chart, colors
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, name, percent
from brique.page.thumbnails import Gallery
from brique.schema import IGNORED, Mask, Picture

_SIDE = 200  # pixels of a picture's longer side
_BLEND = 0.6  # share of a class's color over the picture
_NAMED = 12  # classes in the legend


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return the worst and the best answers beside the truth, and the scores of each class."""
    made: list[Section | Gap] = []
    if facts.values.get("classes"):
        made.append(Section("classes", "Class by class", _classes(facts.values)))
    ids, said = facts.arrays.get("shown"), facts.arrays.get("said")
    kinds = None if facts.data is None else facts.data.schema
    if kinds is None or ids is None or said is None or not len(ids):
        why = "the answers are not stored" if kinds is not None else "the data cannot be opened"
        return [*made, Gap(f"Masks are not shown over their pictures, since {why}.")]
    return [*made, Section("mistakes", "Worst and best", _pictures(facts, gallery, ids, said))]


def _pictures(facts: Facts, gallery: Gallery, ids: Tensor, said: Tensor) -> str:
    """Return two tables of pictures: where the net is worst, and where it is best."""
    rows = _Rows(facts, gallery, ids, said)
    half = (len(ids) + 1) // 2
    worst = rows.table("worst answers", range(half))
    best = rows.table("best answers", range(len(ids) - 1, half - 1, -1))
    low, high = rows.iou(0), rows.iou(len(ids) - 1)
    says = (
        "Left the picture, in the middle what each pixel is, right what the net says; where the"
        " truth is white nothing was counted. Look whether a person would have drawn the same."
    )
    body = figure(f"The worst picture has a mean IoU of {percent(low)}", says, rows.keys() + worst)
    if not best:
        return body
    title = f"The best picture has a mean IoU of {percent(high)}"
    return body + figure(title, "The pictures that the net knows best.", best)


class _Rows:
    """Test pictures with their masks, as rows of a table."""

    def __init__(self, facts: Facts, gallery: Gallery, ids: Tensor, said: Tensor) -> None:
        assert facts.data is not None
        self._test, self._gallery = facts.data.test, gallery
        self._ids, self._said = ids, said
        known, each = facts.arrays["ids"].tolist(), facts.arrays["iou"].tolist()
        self._iou: dict[int, float] = dict(zip(known, each, strict=True))
        schema = facts.data.schema
        self._field, self._target = schema.inputs[0], schema.target
        kind = schema[self._target]
        assert isinstance(kind, Mask)
        self._names = kind.names
        self._table = colors.of_classes(len(kind.names))

    def iou(self, place: int) -> float:
        return self._iou[int(self._ids[place])]

    def keys(self) -> str:
        """Return the colors of the classes."""
        items = "".join(
            f'<li><span class="swatch" style="background:rgb{tuple(self._table[k].tolist())}">'
            f"</span>{name(called, 24)}</li>"
            for k, called in enumerate(self._names[:_NAMED])
        )
        return f'<ul class="legend">{items}</ul>\n'

    def table(self, label: str, places: range) -> str:
        rows = "".join(self._row(place) for place in places)
        if not rows:
            return ""
        head = "".join(
            f"<th>{title}</th>"
            for title in ("picture", "what it is", "what the net says", "mean IoU, file")
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return box(label, table)

    def _row(self, place: int) -> str:
        number = int(self._ids[place])
        example = self._test.select(torch.tensor([number]))
        pixels, truth = example[self._field], example[self._target]
        assert isinstance(pixels, Tensor)
        assert isinstance(truth, Tensor)
        plain = Picture.to_float(pixels[0])
        plain = plain.expand(3, -1, -1) if len(plain) == 1 else plain
        called = self._test.name(number)
        cells = [
            self._gallery.add(plain, called, _SIDE),
            self._gallery.add(self._over(plain, truth[0]), f"{called}: what it is", _SIDE),
            self._gallery.add(self._over(plain, self._said[place]), f"{called}: said", _SIDE),
        ]
        if not all(cells):
            return ""
        shown = "".join(f"<td>{cell}</td>" for cell in cells)
        return f"<tr>{shown}<td>{percent(self.iou(place))}<br>{name(called, 40)}</td></tr>"

    def _over(self, plain: Tensor, mask: Tensor) -> Tensor:
        """Return a picture (3, H, W) with the colors of a mask (h, w) over it."""
        mask = functional.interpolate(mask[None, None], size=plain.shape[1:], mode="nearest-exact")
        ink = self._table[mask[0, 0].long()].permute(2, 0, 1) / 255
        blend = torch.where(mask[0] == IGNORED, 0.9, _BLEND)
        return plain.mean(0, keepdim=True) * (1 - blend) + ink * blend


def _classes(values: dict[str, Any]) -> str:
    """Return the IoU of each class with how much of the pictures it takes."""
    rows = [(key, row) for key, row in values["classes"].items() if row.get("iou") is not None]
    if not rows:
        return ""
    rows.sort(key=lambda pair: -float(pair[1]["iou"]))
    axis = chart.shares(0.0, 1.0)
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
    title = f"Best known is {name(best[0])}, least {name(worst[0])}"
    says = (
        "IoU: the area that is of a class and was said to be, as a share of the area that is or was"
        " said. Recall: the share of a class's pixels that are found; precision: of those said,"
        f" the share that is right.{_confused(values)}"
    )
    absent = len(values["classes"]) - len(rows)
    says += f" {count(absent, 'class is', 'classes are')} in no test picture." if absent else ""
    return figure(title, says, box("scores of each class", table))


def _confused(values: dict[str, Any]) -> str:
    """Say which class is taken for which by most pixels."""
    counts, names = torch.tensor(values["confusion"]), values["names"]
    counts = counts.masked_fill(torch.eye(len(counts), dtype=torch.bool), 0)
    if not int(counts.max()):
        return ""
    true, said = divmod(int(counts.argmax()), len(counts))
    share = float(counts[true, said]) / max(1.0, float(counts.sum()))
    return (
        f" {percent(share)} of all wrong pixels are {name(names[true])}, taken for"
        f" {name(names[said])}."
    )
