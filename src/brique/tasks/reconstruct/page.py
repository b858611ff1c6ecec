"""Reconstructions beside their inputs: a sample, and the largest errors."""

import torch
from torch import Tensor

from brique.data import Split
from brique.evaluation.reconstruction import select_pictures
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, name, percent, short_number
from brique.page.thumbnails import Gallery

_THUMBNAIL_SIDE = 64  # pixels of a picture
_NUM_EVEN = 12  # evenly spaced pictures; as many with the largest errors


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return pictures beside their reconstructions, and those with the largest errors."""
    arrays = [
        facts.arrays.get(key) for key in ("ids", "squared_errors", "shown_ids", "reconstructions")
    ]
    if any(value is None or not len(value) for value in arrays):
        return [Gap("Reconstructions are not shown: they are not stored.")]
    if facts.data is None or not gallery.is_open:
        return [Gap("Reconstructions are not shown: the data cannot be opened.")]
    ids, squared_errors, shown_ids, reconstructions = (
        value for value in arrays if value is not None
    )
    num_even = len(shown_ids) - min(_NUM_EVEN, len(ids))
    linear = facts.arrays.get("pca")
    strip = _PictureRows(gallery, facts.data.test)
    rows = {"net": reconstructions} | ({} if linear is None else {"PCA": linear})
    body = _typical_figure(
        facts, strip, shown_ids[:num_even], {key: value[:num_even] for key, value in rows.items()}
    )
    row_of_id = {int(value): row for row, value in enumerate(ids.tolist())}
    errors = torch.stack(
        [squared_errors[row_of_id[int(value)]] for value in shown_ids[num_even:].tolist()]
    )
    body += _worst_figure(
        strip,
        shown_ids[num_even:],
        reconstructions[num_even:],
        errors / squared_errors.median().clamp(min=1e-12),
    )
    return [Section("mistakes", "Reconstructions", body)]


class _PictureRows:
    """Rows of small pictures."""

    def __init__(self, gallery: Gallery, test: Split) -> None:
        self._gallery, self.test = gallery, test

    def render(self, label: str, ids: Tensor, rows: dict[str, Tensor], captions: list[str]) -> str:
        """Return a table: the pictures of `ids`, their reconstructions and captions."""
        pictures = select_pictures(self.test, ids)
        table_rows = [self._row("input", pictures, ids)]
        table_rows += [
            self._row(key, reconstructions, ids) for key, reconstructions in rows.items()
        ]
        if captions:
            cells = "".join(f'<td class="num">{caption}</td>' for caption in captions)
            table_rows.append(f'<tr><th scope="row">error</th>{cells}</tr>')
        return box(label, f"<table>{''.join(table_rows)}</table>")

    def _row(self, label: str, pictures: Tensor, ids: Tensor) -> str:
        example_names = [self.test.name(int(picture)) for picture in ids.tolist()]
        cells = [
            self._gallery.add(picture, f"{label}: {example_name}", _THUMBNAIL_SIDE)
            for picture, example_name in zip(pictures, example_names, strict=True)
        ]
        cell_tag = (
            f'<td style="min-width:{_THUMBNAIL_SIDE + 12}px">'  # on a narrow page the table scrolls
        )
        cells_html = "".join(f"{cell_tag}{picture}</td>" for picture in cells)
        return f'<tr><th scope="row">{label}</th>{cells_html}</tr>'


def _typical_figure(facts: Facts, strip: _PictureRows, ids: Tensor, rows: dict[str, Tensor]) -> str:
    values = facts.values
    dimensions = count(values["latent"], "latent dimension")
    caption = f"Inputs above their reconstructions from {dimensions}."
    if "PCA" in rows:
        baseline_r2 = values["baseline"]["pca"]["r2"]
        caption += (
            " PCA: as many principal components, the best linear autoencoder,"
            f" R² {percent(baseline_r2)}."
        )
    title = f"Reconstruction R² {percent(values['test']['r2'])}"
    return figure(title, caption, strip.render("typical reconstructions", ids, rows, []))


def _worst_figure(
    strip: _PictureRows, ids: Tensor, reconstructions: Tensor, relative_errors: Tensor
) -> str:
    caption = (
        "The test images with the largest errors, as multiples of the median error. Images unlike"
        " the training part have large errors: look for outliers and damaged files."
    )
    worst_name = name(strip.test.name(int(ids[0])), 40)
    title = f"Largest error: {worst_name}, {short_number(float(relative_errors[0]))}x the median"
    captions = [f"{short_number(relative_error)}x" for relative_error in relative_errors.tolist()]
    return figure(
        title,
        caption,
        strip.render("largest errors", ids, {"net": reconstructions}, captions),
    )
