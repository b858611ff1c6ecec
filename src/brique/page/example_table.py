"""Test examples in a table: given columns, then the input fields, images as thumbnails."""

from torch import as_tensor

from brique.data.rows.describe import describe_value
from brique.page.facts import Facts
from brique.page.markup import box, name, text
from brique.page.thumbnails import Gallery
from brique.schema import Picture

MAX_FIELDS = 8  # input fields per example
THUMBNAIL_SIDE = 48  # pixels
MAX_LETTERS = 60


def render(
    facts: Facts,
    gallery: Gallery,
    label: str,
    headers: list[str],
    rows: list[tuple[int, list[str]]],
) -> str:
    """Return test examples as HTML.

    label: accessible name of the table. headers: names of the given columns. rows: for each example
    its number in the whole source and the given columns. All but the numbers are HTML.
    """
    fields = [] if facts.data is None else list(facts.data.schema.inputs)[:MAX_FIELDS]
    lines: list[str] = []
    for number, values in rows:
        contents = cells(facts, gallery, number, fields)
        example_name = f"example {number}" if facts.data is None else facts.data.test.name(number)
        columns = "".join(f"<td>{content}</td>" for content in [*values, *contents])
        lines.append(f'<tr><th scope="row">{name(example_name, 30)}</th>{columns}</tr>')
    header_cells = "".join(
        f"<th>{content}</th>" for content in [*headers, *(name(content, 24) for content in fields)]
    )
    head = f"<thead><tr><th>example</th>{header_cells}</tr></thead>"
    return box(label, f"<table>{head}<tbody>{''.join(lines)}</tbody></table>")


def cells(facts: Facts, gallery: Gallery, number: int, fields: list[str]) -> list[str]:
    """Return some fields of an example as HTML."""
    if facts.data is None or facts.data.store is None:
        return []
    contents: list[str] = []
    for field in fields:
        kind = facts.data.schema[field]
        value = as_tensor(facts.data.store.fields[field][number])
        description, picture = describe_value(kind, value), ""
        if isinstance(kind, Picture) and len(value) in (1, 3):
            picture = gallery.add(value, description, THUMBNAIL_SIDE)
        contents.append(picture or text(description, MAX_LETTERS))
    return contents
