"""Generated pictures, and the nearest training pictures of some."""

import torch
from torch import Tensor

from brique.evaluation.reconstruction import select_pictures
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, figure, percent
from brique.page.thumbnails import Gallery

_THUMBNAIL_SIDE = 64  # pixels of a picture
_NUM_NEAREST = 12  # pictures shown above their nearest training picture


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return generated pictures, some beside their nearest neighbors in train."""
    generated, nearest = (facts.arrays.get(key) for key in ("generated", "nearest"))
    if generated is None or nearest is None or not len(generated):
        return [Gap("Generated pictures are not shown: they are not stored.")]
    test = facts.values["test"]
    thumbnails = "".join(
        gallery.add(picture, "generated", _THUMBNAIL_SIDE) for picture in generated
    )
    caption = (
        "Samples from noise, not selected. Nearest-neighbor two-sample test: the nearest neighbor"
        f" is real for {percent(test['generated'])} of the generated images and generated for"
        f" {percent(test['real'])} of the real ones; 50% of each is ideal. A high first share and a"
        " low second share indicate good images of few modes."
    )
    title = f"Nearest-neighbor mixing of generated and test images: {percent(test['mixing'])}"
    body = figure(
        title, caption, f'<div style="display:flex;flex-wrap:wrap;gap:6px">{thumbnails}</div>'
    )
    body += _nearest_figure(facts, gallery, generated[:_NUM_NEAREST], nearest[:_NUM_NEAREST])
    return [Section("mistakes", "Generated images", body)]


def _nearest_figure(facts: Facts, gallery: Gallery, generated: Tensor, ids: Tensor) -> str:
    """Return generated pictures above their nearest training pictures."""
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
        "Generated images above their nearest training images. A near-copy is nearer to train than"
        " 99% of the test images are; 1% is expected by chance."
    )
    title = f"Near-copies of training images: {percent(copied)}"
    return figure(title, caption, box("generated images", f"<table>{''.join(table_rows)}</table>"))
