"""What a net that rebuilds pictures made of them: beside what it was given, and the worst."""

import torch
from torch import Tensor

from brique.data import Split
from brique.evaluation.reconstruction import select_pictures
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, name, percent, short_number
from brique.page.thumbnails import Gallery

_THUMBNAIL_SIDE = 64  # pixels of a picture
_NUM_EVEN = 12  # that are evenly chosen; as many are the worst


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return pictures beside what was rebuilt of them, and those that were rebuilt worst."""
    arrays = [
        facts.arrays.get(key) for key in ("ids", "squared_errors", "shown_ids", "reconstructions")
    ]
    if any(value is None or not len(value) for value in arrays):
        return [Gap("Rebuilt pictures are not shown, since they are not stored.")]
    if facts.data is None or not gallery.is_open:
        return [Gap("Rebuilt pictures are not shown, since the data cannot be opened.")]
    ids, squared_errors, shown_ids, reconstructions = (
        value for value in arrays if value is not None
    )
    num_even = len(shown_ids) - min(_NUM_EVEN, len(ids))
    linear = facts.arrays.get("pca")
    strip = _PictureRows(gallery, facts.data.test)
    rows = {"reconstructions": reconstructions} | ({} if linear is None else {"linear": linear})
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
    return [Section("mistakes", "Pictures, and what was made of them", body)]


class _PictureRows:
    """Rows of small pictures."""

    def __init__(self, gallery: Gallery, test: Split) -> None:
        self._gallery, self.test = gallery, test

    def render(self, label: str, ids: Tensor, rows: dict[str, Tensor], captions: list[str]) -> str:
        """Return a table: the pictures of `ids` above what was made of them, and words below."""
        pictures = select_pictures(self.test, ids)
        table_rows = [self._row("given", pictures, ids)]
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
    numbers = count(values["latent"], "number")
    caption = f"Above what the net was given, below what it made of it from {numbers}."
    if "linear" in rows:
        baseline_r2 = values["baseline"]["pca"]["r2"]
        caption += (
            " Linear: from as many principal components, the best that a linear net can do, which"
            f" rebuild {percent(baseline_r2)}."
        )
    title = f"{percent(values['test']['r2'])} of what the pictures differ by is rebuilt"
    return figure(
        title, caption, strip.render("pictures as they are usually rebuilt", ids, rows, [])
    )


def _worst_figure(
    strip: _PictureRows, ids: Tensor, reconstructions: Tensor, relative_errors: Tensor
) -> str:
    caption = (
        "The test pictures with the largest errors, as multiples of the usual one. What is rare in"
        " train is rebuilt badly: look here for pictures that do not belong, or that were damaged."
    )
    worst_name = name(strip.test.name(int(ids[0])), 40)
    title = f"The most unusual is {worst_name}, off by {short_number(float(relative_errors[0]))} times the usual error"
    captions = [f"{short_number(relative_error)}x" for relative_error in relative_errors.tolist()]
    return figure(
        title,
        caption,
        strip.render(
            "the most unusual pictures", ids, {"reconstructions": reconstructions}, captions
        ),
    )
