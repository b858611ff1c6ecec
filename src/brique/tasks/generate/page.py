"""What a net that makes pictures made, and the training pictures that are nearest to some of it."""

import torch
from torch import Tensor

from brique.evaluation.reconstruction import select_pictures
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, figure, percent
from brique.page.thumbnails import Gallery

_THUMBNAIL_SIDE = 64  # pixels of a picture
_NUM_NEAREST = 12  # that stand above their nearest training picture


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return pictures that were made, and some beside what is nearest to them in train."""
    generated, nearest = (facts.arrays.get(key) for key in ("generated", "nearest"))
    if generated is None or nearest is None or not len(generated):
        return [Gap("Made pictures are not shown, since they are not stored.")]
    test = facts.values["test"]
    thumbnails = "".join(
        gallery.add(picture, "made by the net", _THUMBNAIL_SIDE) for picture in generated
    )
    caption = (
        "Made of noise alone, as they came, none chosen. A test looks for the nearest other picture"
        f" of each: for {percent(test['generated'])} of the made ones that is a real one, and for"
        f" {percent(test['real'])} of the real ones it is a made one; half of each is perfect."
        " Where the first is high and the second low, the net makes good pictures of few kinds."
    )
    title = f"Made and real pictures mix to {percent(test['mixing'])}"
    body = figure(
        title, caption, f'<div style="display:flex;flex-wrap:wrap;gap:6px">{thumbnails}</div>'
    )
    body += _nearest_figure(facts, gallery, generated[:_NUM_NEAREST], nearest[:_NUM_NEAREST])
    return [Section("mistakes", "What the net makes", body)]


def _nearest_figure(facts: Facts, gallery: Gallery, generated: Tensor, ids: Tensor) -> str:
    """Return some made pictures above the training pictures that are nearest to them."""
    if facts.data is None:
        return ""
    cell_tag = f'<td style="min-width:{_THUMBNAIL_SIDE + 12}px">'
    nearest_pictures = torch.cat(
        [select_pictures(facts.data.train, picture[None]) for picture in ids]
    )
    table_rows = [
        f'<tr><th scope="row">{label}</th>'
        + "".join(
            f"{cell_tag}{gallery.add(picture, label, _THUMBNAIL_SIDE)}</td>" for picture in pictures
        )
        + "</tr>"
        for label, pictures in (("generated", generated), ("nearest", nearest_pictures))
    ]
    copied = facts.values["test"]["copied"]
    caption = (
        "Above what was made, below the training picture that is nearest to it. Nearly a copy is"
        " what is nearer to train than 99% of the test pictures are: 1% would be by chance."
    )
    title = f"{percent(copied)} of what is made is nearly a copy"
    return figure(title, caption, box("made pictures", f"<table>{''.join(table_rows)}</table>"))
