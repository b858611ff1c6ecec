"""What a net that rebuilds pictures made of them: beside what it was given, and the worst."""

import torch
from torch import Tensor

from brique.data import Split
from brique.evaluation.pictures import pictures_of
from brique.page.facts import Facts
from brique.page.markup import Gap, Section, box, count, figure, figures, name, percent
from brique.page.thumbnails import Gallery

_SIDE = 64  # pixels of a picture
_HALF = 12  # that are evenly chosen; as many are the worst


def sections(facts: Facts, gallery: Gallery) -> list[Section | Gap]:
    """Return pictures beside what was rebuilt of them, and those that were rebuilt worst."""
    found = [facts.arrays.get(key) for key in ("ids", "missed", "shown_ids", "rebuilt")]
    if any(one is None or not len(one) for one in found):
        return [Gap("Rebuilt pictures are not shown, since they are not stored.")]
    if facts.data is None or not gallery.is_open:
        return [Gap("Rebuilt pictures are not shown, since the data cannot be opened.")]
    ids, missed, shown, made = (one for one in found if one is not None)
    half = len(shown) - min(_HALF, len(ids))
    linear = facts.arrays.get("principal")
    strip = _Strip(gallery, facts.data.test)
    rows = {"rebuilt": made} | ({} if linear is None else {"linear": linear})
    body = _usual(facts, strip, shown[:half], {key: one[:half] for key, one in rows.items()})
    order = {int(one): place for place, one in enumerate(ids.tolist())}
    errors = torch.stack([missed[order[int(one)]] for one in shown[half:].tolist()])
    body += _worst(strip, shown[half:], made[half:], errors / missed.median().clamp(min=1e-12))
    return [Section("mistakes", "Pictures, and what was made of them", body)]


class _Strip:
    """Rows of small pictures."""

    def __init__(self, gallery: Gallery, test: Split) -> None:
        self._gallery, self.test = gallery, test

    def table(self, label: str, ids: Tensor, rows: dict[str, Tensor], below: list[str]) -> str:
        """Return a table: the pictures of `ids` above what was made of them, and words below."""
        pixels = pictures_of(self.test, ids)
        lines = [self._row("given", pixels, ids)]
        lines += [self._row(key, made, ids) for key, made in rows.items()]
        if below:
            cells = "".join(f'<td class="num">{one}</td>' for one in below)
            lines.append(f'<tr><th scope="row">error</th>{cells}</tr>')
        return box(label, f"<table>{''.join(lines)}</table>")

    def _row(self, label: str, pictures: Tensor, ids: Tensor) -> str:
        called = [self.test.name(int(one)) for one in ids.tolist()]
        cells = [
            self._gallery.add(one, f"{label}: {who}", _SIDE)
            for one, who in zip(pictures, called, strict=True)
        ]
        wide = f'<td style="min-width:{_SIDE + 12}px">'  # on a narrow page the table scrolls
        shown = "".join(f"{wide}{one}</td>" for one in cells)
        return f'<tr><th scope="row">{label}</th>{shown}</tr>'


def _usual(facts: Facts, strip: _Strip, ids: Tensor, rows: dict[str, Tensor]) -> str:
    values = facts.values
    numbers = count(values["code"], "number")
    says = f"Above what the net was given, below what it made of it from {numbers}."
    if "linear" in rows:
        rival = values["baseline"]["principal"]["r2"]
        says += (
            " Linear: from as many principal components, the best that a linear net can do, which"
            f" rebuild {percent(rival)}."
        )
    title = f"{percent(values['test']['r2'])} of what the pictures differ by is rebuilt"
    return figure(title, says, strip.table("pictures as they are usually rebuilt", ids, rows, []))


def _worst(strip: _Strip, ids: Tensor, made: Tensor, times: Tensor) -> str:
    says = (
        "The test pictures with the largest errors, as multiples of the usual one. What is rare in"
        " train is rebuilt badly: look here for pictures that do not belong, or that were damaged."
    )
    first = name(strip.test.name(int(ids[0])), 40)
    title = f"The most unusual is {first}, off by {figures(float(times[0]))} times the usual error"
    below = [f"{figures(one)}x" for one in times.tolist()]
    return figure(
        title, says, strip.table("the most unusual pictures", ids, {"rebuilt": made}, below)
    )
