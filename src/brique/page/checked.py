"""The page of an audit: what data hold, examples of them, and what may spoil a result."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brique import files
from brique.data import Data
from brique.data.shown import kinds
from brique.page import drawn, findings
from brique.page.document import document
from brique.page.markup import Section, box, count, figure, name, percent, text, tiles
from brique.page.thumbnails import Gallery

EXAMPLES = 6
PICTURES = 900_000  # bytes of the page that pictures may take
_FIELDS = 60
_CLASSES = 60


def write_audit(
    path: Path | str, data: Data, found: Sequence[dict[str, Any]], verdict: str
) -> Path:
    """Write the page of an audit and return its path.

    found: the findings as JSON values. verdict: the sentence that sums them up.
    Raises StoreError when the disk refuses.
    """
    files.write(path, compose(data, found, verdict))
    return Path(path)


def compose(data: Data, found: Sequence[dict[str, Any]], verdict: str) -> str:
    """Return the page of an audit as HTML."""
    gallery = Gallery(data, PICTURES)
    sections = [
        Section("found", "What may spoil a result", findings.shown(list(found), data, gallery)),
        Section("data", "The data", _parts(data) + _fields(data)),
        Section("examples", "Examples", _examples(data)),
    ]
    if data.notes or data.skipped:
        sections.append(Section("opened", "How they were opened", _notes(data)))
    return document(text(verdict, 200), f"brique · audit of data · {text(data.name)}", "", sections)


def _parts(data: Data) -> str:
    sizes = [("train", len(data.train)), ("valid", len(data.valid)), ("test", len(data.test))]
    total = sum(size for _, size in sizes)
    rows = [
        (f'<span class="swatch {part}"></span>{part}', f"{n:,} <small>{percent(n / total)}</small>")
        for part, n in sizes
    ]
    bar = "".join(
        f'<span class="part {part}" style="flex-grow:{n}"></span>' for part, n in sizes if n
    )
    title = count(total, "example")
    says = "A net learns from train, choices are made on valid, and test is read once, at the end."
    return figure(title, says, f'<div class="parts" aria-hidden="true">{bar}</div>\n{tiles(rows)}')


def _fields(data: Data) -> str:
    what = list(kinds(data).items())
    rows = "".join(
        f'<tr><th scope="row">{name(field)}</th><td>{text(said, 200)}</td>'
        f"<td>{'target' if field in data.schema.targets else 'input'}</td></tr>"
        for field, said in what[:_FIELDS]
    )
    more = f"<p>and {len(what) - _FIELDS:,} more</p>" if len(what) > _FIELDS else ""
    head = "<thead><tr><th>field</th><th>holds</th><th>is</th></tr></thead>"
    table = box("fields", f"<table>{head}<tbody>{rows}</tbody></table>")
    says = "What is fitted, such as classes, words, means, comes from train alone."
    return figure(count(len(what), "field"), says, table + more)


def _examples(data: Data) -> str:
    """Return examples of train, one card each."""
    ids = data.train.ids
    step = max(1, len(ids) // EXAMPLES)
    cards = ""
    for row in ids[::step][:EXAMPLES].tolist():
        shown = drawn.example(data, row)
        body = "".join(
            f"<div><dt>{name(field)}</dt><dd>{held}</dd></div>"
            for field, held in list(shown.items())[:_FIELDS]
        )
        cards += f"<div><h3>{name(data.train.name(row))}</h3><dl>{body}</dl></div>\n"
    return f'<div class="pair">{cards}</div>\n'


def _notes(data: Data) -> str:
    said = "".join(f"<li>{text(note, 500)}</li>" for note in data.notes)
    skipped = "".join(
        f"<li>{name(file, 90)}: {text(why, 200)}</li>" for file, why in data.skipped[:_CLASSES]
    )
    more = len(data.skipped) - _CLASSES
    skipped += f"<li>and {more:,} more</li>" if more > 0 else ""
    return (f"<ul>{said}</ul>" if said else "") + (
        f"<h3>Left out</h3><ul>{skipped}</ul>" if skipped else ""
    )
