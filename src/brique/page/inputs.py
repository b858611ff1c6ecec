"""Test examples in a table: what is said of each, and what it holds, pictures as thumbnails."""

from torch import as_tensor

from brique.data.shown import said
from brique.page.facts import Facts
from brique.page.markup import box, name, text
from brique.page.thumbnails import Gallery
from brique.schema import Picture

FIELDS = 8  # of each example that are shown
SIDE = 48  # pixels of a thumbnail
LETTERS = 60


def table(
    facts: Facts, gallery: Gallery, label: str, heads: list[str], rows: list[tuple[int, list[str]]]
) -> str:
    """Return test examples as HTML.

    label: of the table. heads: of what is said of them. rows: the number of each example in the
    whole source, and what is said of it; all but the numbers are HTML.
    """
    fields = [] if facts.data is None else list(facts.data.schema.inputs)[:FIELDS]
    lines: list[str] = []
    for number, told in rows:
        held = cells(facts, gallery, number, fields)
        called = f"example {number}" if facts.data is None else facts.data.test.name(number)
        both = "".join(f"<td>{one}</td>" for one in [*told, *held])
        lines.append(f'<tr><th scope="row">{name(called, 30)}</th>{both}</tr>')
    titles = "".join(f"<th>{one}</th>" for one in [*heads, *(name(one, 24) for one in fields)])
    head = f"<thead><tr><th>example</th>{titles}</tr></thead>"
    return box(label, f"<table>{head}<tbody>{''.join(lines)}</tbody></table>")


def cells(facts: Facts, gallery: Gallery, number: int, fields: list[str]) -> list[str]:
    """Return some fields of an example as HTML."""
    if facts.data is None or facts.data.store is None:
        return []
    found: list[str] = []
    for one in fields:
        kind = facts.data.schema[one]
        value = as_tensor(facts.data.store.fields[one][number])
        told, drawn = said(kind, value), ""
        if isinstance(kind, Picture) and len(value) in (1, 3):
            drawn = gallery.add(value, told, SIDE)
        found.append(drawn or text(told, LETTERS))
    return found
