"""What a net that makes pictures made, and the training pictures that are nearest to some of it."""

import torch
from torch import Tensor

from brique.evaluation.pictures import pictures_of
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, figure, percent
from brique.page.thumbnails import Gallery

_SIDE = 64  # pixels of a picture
_BESIDE = 12  # that stand above their nearest training picture


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return pictures that were made, and some beside what is nearest to them in train."""
    made, nearest = (facts.arrays.get(key) for key in ("made", "nearest"))
    if made is None or nearest is None or not len(made):
        return [Gap("Made pictures are not shown, since they are not stored.")]
    test = facts.values["test"]
    shown = "".join(gallery.add(one, "made by the net", _SIDE) for one in made)
    says = (
        "Made of noise alone, as they came, none chosen. A test looks for the nearest other picture"
        f" of each: for {percent(test['made'])} of the made ones that is a real one, and for"
        f" {percent(test['real'])} of the real ones it is a made one; half of each is perfect."
        " Where the first is high and the second low, the net makes good pictures of few kinds."
    )
    title = f"Made and real pictures mix to {percent(test['mixed'])}"
    body = figure(title, says, f'<div style="display:flex;flex-wrap:wrap;gap:6px">{shown}</div>')
    body += _nearest(facts, gallery, made[:_BESIDE], nearest[:_BESIDE])
    return [Section("mistakes", "What the net makes", body)]


def _nearest(facts: Facts, gallery: Gallery, made: Tensor, ids: Tensor) -> str:
    """Return some made pictures above the training pictures that are nearest to them."""
    if facts.data is None:
        return ""
    wide = f'<td style="min-width:{_SIDE + 12}px">'
    known = torch.cat([pictures_of(facts.data.train, one[None]) for one in ids])
    lines = [
        f'<tr><th scope="row">{label}</th>'
        + "".join(f"{wide}{gallery.add(one, label, _SIDE)}</td>" for one in pictures)
        + "</tr>"
        for label, pictures in (("made", made), ("nearest", known))
    ]
    share = facts.values["test"]["copied"]
    says = (
        "Above what was made, below the training picture that is nearest to it. Nearly a copy is"
        " what is nearer to train than 99% of the test pictures are: 1% would be by chance."
    )
    title = f"{percent(share)} of what is made is nearly a copy"
    return figure(title, says, box("made pictures", f"<table>{''.join(lines)}</table>"))
